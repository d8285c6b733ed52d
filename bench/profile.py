"""Where the time of a whole release goes: steps, tools, and shipseal's own functions line by line."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.sampled import EVERY
from bench.site import VERSION, Project, open_site, real_image, two_registries
from tests.support.tools import ROOT

SOURCE = str(ROOT / "src" / "shipseal")
MIB = 1024 * 1024


def sampled(project: Project, *command: str) -> dict[str, Any]:
    """Run one command under the sampler and return what it wrote down, with the wall-clock time of the process."""
    with tempfile.TemporaryDirectory(dir=project.site.folder) as name:
        out = Path(name) / "samples.json"
        argv = [sys.executable, "-m", "bench.sampled", str(out), str(project.state)]
        started = time.perf_counter()
        done = subprocess.run(
            [*argv, *project.words(*command)],
            env=project.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.perf_counter() - started
        if done.returncode:
            raise SystemExit(f"the release failed ({done.returncode}):\n{done.stderr}{done.stdout}")
        found: dict[str, Any] = json.loads(out.read_text())
    return found | {"wall": wall}


def place(stack: list[str]) -> tuple[str, str]:
    """Return the function that a stack is in, and the line: shipseal's innermost one, or what stands for it."""
    for frame in stack:
        path, line, name = frame.rsplit(":", 2)
        if path.startswith("<frozen importlib") or name == "<module>":
            return "imports", ""
        if path.startswith(SOURCE):
            return f"{path[len(SOURCE) + 1 :]}:{name}", f"{path}:{line}"
    return (f"outside: {stack[0].rsplit('/', 1)[-1]}", "") if stack else ("outside", "")


def source_line(where: str) -> str:
    """Return the text of a line of source."""
    if not where or where.endswith(":None"):
        return ""
    path, _, number = where.rpartition(":")
    return Path(path).read_text().splitlines()[int(number) - 1].strip()[:70]


def inner(stack: list[str]) -> str:
    """Return the innermost frame, short."""
    return ":".join(part.rsplit("/", 1)[-1] for part in stack[0].rsplit(":", 2)) if stack else ""


def own_functions(rows: Iterable[list[Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return what each function used, most CPU first."""
    found: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"cpu": 0.0, "read": 0, "written": 0, "lines": defaultdict(float)}
    )
    for _, _, cpu, read, written, stack in rows:
        name, where = place(stack)
        one = found[name]
        one["cpu"] += cpu
        one["read"] += read
        one["written"] += written
        one["lines"][(where, inner(stack))] += cpu
    return sorted(found.items(), key=lambda item: -item[1]["cpu"])


def spans(tools: Iterable[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    """Return when tools of that name ran."""
    return [(tool["from"], tool["to"]) for tool in tools if tool["name"] == name]


def within(at: float, found: Iterable[tuple[float, float]]) -> bool:
    """Return whether a moment lies in one of the spans."""
    return any(first <= at <= last for first, last in found)


def busiest(document: Mapping[str, Any]) -> dict[str, float]:
    """Return the wall-clock seconds in which no Syft ran, by what was done: a function on a CPU, a tool, or waiting."""
    by_time: dict[float, list[list[Any]]] = defaultdict(list)
    for row in document["rows"]:
        by_time[row[0]].append(row)
    syft = spans(document["tools"], "syft")
    others = {tool["name"] for tool in document["tools"]} - {"syft"}
    found: dict[str, float] = defaultdict(float)
    before = 0.0
    for at, rows in sorted(by_time.items()):
        passed, before = at - before, at
        if within(at, syft):
            continue
        found[doing(rows, passed, at, document, others)] += passed
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def doing(
    rows: list[list[Any]], passed: float, at: float, document: Mapping[str, Any], others: set[str]
) -> str:
    """Return what a moment was spent on."""
    tools = sorted(name for name in others if within(at, spans(document["tools"], name)))
    top = max(rows, key=lambda row: row[2])
    if top[2] > passed / 4:
        return place(top[5])[0] + (f"  (while {', '.join(tools)} ran)" if tools else "")
    if tools:
        return f"[{', '.join(tools)}]"
    waiting = {f"{place(row[5])[0]} <- {inner(row[5])}" for row in rows if "_worker" not in inner(row[5])}
    return "waiting: " + "; ".join(sorted(waiting)[:3])


def timeline(lines: Iterable[list[Any]]) -> Iterable[str]:
    """Return the journal with the seconds at which its lines were seen."""
    for at, event in lines:
        data = event["data"]
        told = " ".join(
            str(data[key])
            for key in ("step", "state", "seconds", "target", "platform", "tag", "family", "subject")
            if data.get(key) not in (None, "")
        )
        yield f"  {at:7.2f}  {event['kind']:18}{told[:100]}"


def report(document: Mapping[str, Any]) -> Iterable[str]:
    """Return the whole report."""
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    attributed = sum(row[2] for row in document["rows"])
    yield f"wall {document['wall']:.2f} s (in main {document['seconds']:.2f} s); own CPU {document['cpu']:.2f} s"
    yield (
        f"(by function {attributed:.2f} s, the sampler and the interpreter's start the rest); tools' CPU "
        f"{document['children_cpu']:.2f} s; own peak {document['peak'] / MIB:.0f} MiB; own bytes read "
        f"{document['io'][0] / MIB:.0f} MiB, written {document['io'][1] / MIB:.0f} MiB; load average {load}"
    )
    yield "\nTools"
    yield f"  {'from':>7} {'to':>7} {'CPU s':>7} {'read':>9} {'written':>9} {'peak MiB':>9}"
    for tool in sorted(document["tools"], key=lambda one: float(one["from"])):
        yield (
            f"  {tool['from']:7.2f} {tool['to']:7.2f} {tool['cpu']:7.2f} {tool['read'] / MIB:9.1f} "
            f"{tool['written'] / MIB:9.1f} {tool['peak'] / MIB:9.0f}  {tool['name']} "
            f"{' '.join(tool['words'])[:60]}"
        )
    yield "\nWall-clock seconds while no Syft ran, by what was going on"
    for what, seconds in busiest(document).items():
        if seconds >= EVERY * 2:
            yield f"  {seconds:7.2f}  {what[:150]}"
    yield "\nOwn CPU by function, with its busiest lines (all threads, also while Syft ran)"
    yield f"  {'CPU s':>7} {'read MiB':>9} {'written':>9}"
    for name, used in own_functions(document["rows"]):
        if used["cpu"] < EVERY and used["read"] + used["written"] < MIB:
            continue
        yield f"  {used['cpu']:7.2f} {used['read'] / MIB:9.1f} {used['written'] / MIB:9.1f}  {name}"
        lines = sorted(used["lines"].items(), key=lambda item: -item[1])[:3]
        for (where, leaf), cpu in lines:
            if cpu >= EVERY and name != "imports":
                yield f"  {'':27}  {cpu:7.2f}  {source_line(where)}   <- {leaf}"
    yield "\nJournal, with the second at which each line was seen"
    yield from timeline(document["journal"])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the small image")
    parser.add_argument("--again", action="store_true", help="profile the same release again")
    parser.add_argument("--json", type=Path, help="write the samples here")
    arguments = parser.parse_args()
    with open_site(real_image(small=arguments.small)) as site, two_registries(site) as repositories:
        project = site.project("project", repositories)
        document = sampled(project, "release", "--version", VERSION)
        if arguments.again:
            document = sampled(project, "release", "--version", VERSION)
        if arguments.json:
            arguments.json.write_text(json.dumps(document))
        print("\n".join(report(document)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
