"""A profile for people who make things faster: tools, functions with their busiest lines, the journal by seconds."""

from collections import defaultdict
from collections.abc import Iterator

from bench.report import columns
from bench.samples import IMPORTS, Profile, source_line

MIB = 1024 * 1024
_SMALLEST = 0.02
_FACTS = ("step", "state", "seconds", "target", "platform", "tag", "family", "subject")


def details(profile: Profile) -> Iterator[str]:
    """Yield the lines of the whole account."""
    yield f"  in main {profile.inside:.2f} of {profile.wall:.2f} s"
    yield from ("", "  Tools")
    yield from tools(profile)
    yield from (
        "",
        "  shipseal's own functions, also while Syft ran; below each, its busiest lines",
    )
    yield from functions(profile)
    yield from (
        "",
        "  Where resident memory grew (what was given back and taken again counts again)",
    )
    yield from memory(profile)
    yield from ("", "  The journal, by the second at which each line was seen")
    yield from journal(profile)


def tools(profile: Profile) -> list[str]:
    """Return one line for each process."""
    rows = [["tool", "from", "to", "CPU s", "MB read", "MB written", "peak MiB"]]
    rows += [
        [
            f"{tool.name} {' '.join(tool.words)}"[:40],
            f"{tool.first:.2f}",
            f"{tool.last:.2f}",
            f"{tool.cpu:.2f}",
            f"{tool.read / 1e6:.0f}",
            f"{tool.written / 1e6:.0f}",
            f"{tool.peak / MIB:.0f}",
        ]
        for tool in profile.tools
    ]
    return columns(rows)


def functions(profile: Profile) -> Iterator[str]:
    """Yield each function with its CPU seconds and bytes, and the lines in which it spent most."""
    used: dict[str, list[float]] = defaultdict(lambda: [0.0, 0, 0])
    lines: dict[str, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    for row in profile.rows:
        for number, amount in enumerate((row.cpu, row.read, row.written)):
            used[row.function][number] += amount
        lines[row.function][(source_line(row.where), row.inner)] += row.cpu
    yield f"  {'CPU s':>7} {'MB read':>9} {'written':>9}"
    for name, (cpu, read, written) in sorted(used.items(), key=lambda item: -item[1][0]):
        if cpu < _SMALLEST and read + written < MIB:
            continue
        yield f"  {cpu:7.2f} {read / 1e6:9.1f} {written / 1e6:9.1f}  {name}"
        busiest = sorted(lines[name].items(), key=lambda item: -item[1])[:3]
        for (line, inner), seconds in busiest:
            if seconds >= _SMALLEST and name != IMPORTS:
                yield f"  {'':27}  {seconds:7.2f}  {line[:70]}   <- {inner}"


def memory(profile: Profile) -> Iterator[str]:
    """Yield when memory was at its highest, and the functions in which it grew most."""
    if profile.memory:
        at, size = max(profile.memory, key=lambda look: look[1])
        running = {row.function for row in profile.rows if row.at == at and not row.idle}
        yield f"  {size / 1e6:.0f} MB at {at:.2f} s, in {', '.join(sorted(running))}"
    for name, grown in list(profile.growth().items())[:12]:
        yield f"  {grown / 1e6:7.0f} MB  {name}"


def journal(profile: Profile) -> Iterator[str]:
    """Yield the journal's lines with their seconds."""
    for at, event in profile.journal:
        data = event["data"]
        told = " ".join(str(data[key]) for key in _FACTS if data.get(key) not in (None, ""))
        yield f"  {at:7.2f}  {event['kind']:18}{told[:100]}"
