"""What :mod:`bench.sampled` wrote down, read back and added up."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import shipseal

SOURCE = f"{Path(shipseal.__file__).parent}/"
IMPORTS = "imports"
NETWORK, HASHING, WAITING = "network", "hashing and decompressing", "waiting"
TOOL = "tool: "
_HASHES = ("hasher.", "hashlib.", "decompress", "sha256(")
_IDLE = ("_worker", "Thread._bootstrap")


@dataclass(frozen=True, slots=True)
class Row:
    """One thread at one look.

    Attributes:
        at: seconds since the start.
        thread: its name.
        cpu: seconds on a CPU since the look before.
        read: bytes read since then.
        written: bytes written since then.
        stack: where it is, innermost first: ``FILE:LINE:FUNCTION``.
    """

    at: float
    thread: str
    cpu: float
    read: int
    written: int
    stack: tuple[str, ...]

    @property
    def function(self) -> str:
        """The innermost function of shipseal, or what stands for it."""
        return owner(self.stack)[0]

    @property
    def where(self) -> tuple[str, int]:
        """File and line within that function; an empty name when there is none."""
        return owner(self.stack)[1]

    @property
    def inner(self) -> str:
        """The innermost frame, in short."""
        return short(self.stack[0]) if self.stack else ""

    @property
    def idle(self) -> bool:
        """Whether it is a thread of a pool that has nothing to do."""
        return any(self.inner.endswith(name) for name in _IDLE)

    @property
    def kind(self) -> str:
        """Network, hashing, imports, or the function's name."""
        return kind_of(self.function, self.where)


@dataclass(frozen=True, slots=True)
class Tool:
    """One process that the release started.

    Attributes:
        name: of the program.
        words: the beginning of its command line.
        first: second at which it was seen first.
        last: second at which it was seen last.
        cpu: seconds.
        read: bytes, by system calls.
        written: bytes.
        peak: bytes of memory.
    """

    name: str
    words: tuple[str, ...]
    first: float
    last: float
    cpu: float
    read: int
    written: int
    peak: int

    @property
    def catalogues(self) -> bool:
        """Whether it is Syft at work, not Syft asked for its version."""
        return self.name == "syft" and "scan" in self.words

    @property
    def label(self) -> str:
        """What its time is counted as."""
        return "syft, asked for its version" if self.words[:1] == ("version",) else self.name

    def runs(self, at: float) -> bool:
        """Return whether it ran at that moment."""
        return self.first <= at <= self.last


@dataclass(frozen=True, slots=True)
class Profile:
    """One run.

    Attributes:
        wall: seconds of the whole process.
        inside: seconds of its main function.
        cpu: CPU seconds of the process itself, sampling included.
        peak: its memory at most, in bytes.
        rows: all samples, in order of time.
        tools: all processes that it started.
        journal: its journal's lines, with the second at which each was seen.
        memory: per look, seconds since the start and resident bytes.
    """

    wall: float
    inside: float
    cpu: float
    peak: int
    rows: tuple[Row, ...]
    tools: tuple[Tool, ...]
    journal: tuple[tuple[float, Mapping[str, Any]], ...]
    memory: tuple[tuple[float, int], ...] = ()

    @property
    def during_syft(self) -> float:
        """Seconds in which a Syft catalogued."""
        return sum(passed for passed, _ in self._moments(with_syft=True))

    def tools_cpu(self, name: str) -> float:
        """Return the CPU seconds of a tool, over all its runs."""
        return sum(tool.cpu for tool in self.tools if tool.label == name)

    def used(self) -> dict[str, tuple[float, int, int]]:
        """Return CPU seconds, bytes read and bytes written by kind."""
        found: dict[str, tuple[float, int, int]] = {}
        for row in self.rows:
            cpu, read, written = found.get(row.kind, (0.0, 0, 0))
            found[row.kind] = (cpu + row.cpu, read + row.read, written + row.written)
        return found

    def without_syft(self) -> dict[str, float]:
        """Return the seconds in which no Syft catalogued, by what they were spent on, most first."""
        found: dict[str, float] = defaultdict(float)
        for passed, rows in self._moments(with_syft=False):
            found[self._doing(passed, rows)] += passed
        last = self.rows[-1].at if self.rows else 0.0
        found["start and end of the interpreter"] += self.wall - last
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def growth(self) -> dict[str, int]:
        """Return the bytes by which memory grew, by the busiest function at that time, most first."""
        busiest: dict[float, Row] = {}
        for row in self.rows:
            if row.at not in busiest or row.cpu > busiest[row.at].cpu:
                busiest[row.at] = row
        found: dict[str, int] = defaultdict(int)
        for (_, before), (at, now) in pairwise(self.memory):
            if now > before and at in busiest:
                found[busiest[at].function] += now - before
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def _moments(self, *, with_syft: bool) -> Iterator[tuple[float, list[Row]]]:
        """Yield each look at the threads, with the seconds since the one before."""
        by_time: dict[float, list[Row]] = defaultdict(list)
        for row in self.rows:
            by_time[row.at].append(row)
        syft = [tool for tool in self.tools if tool.catalogues]
        before = 0.0
        for at, rows in sorted(by_time.items()):
            passed, before = at - before, at
            if any(tool.runs(at) for tool in syft) == with_syft:
                yield passed, rows

    def _doing(self, passed: float, rows: Sequence[Row]) -> str:
        top = max(rows, key=lambda row: row.cpu)
        if top.cpu > passed / 4:
            return top.kind
        tools = sorted({tool.label for tool in self.tools if tool.runs(top.at)})
        if tools:
            return f"{TOOL}{', '.join(tools)}"
        kinds = {row.kind for row in rows if not row.idle}
        return NETWORK if NETWORK in kinds else f"{WAITING} in {min(kinds, default='nothing')}"


def load(document: Mapping[str, Any], wall: float) -> Profile:
    """Return what was written down, with the seconds that the whole process took."""
    rows = [
        Row(at, thread, cpu, read, written, tuple(stack))
        for at, thread, cpu, read, written, stack in document["rows"]
    ]
    tools = [
        Tool(
            one["name"], tuple(one["words"]), one["from"], one["to"], one["cpu"],
            one["read"], one["written"], one["peak"],
        )
        for one in document["tools"]
        if not any("keeper" in word for word in one["words"])  # it only waits, as long as the process runs
    ]  # fmt: skip
    return Profile(
        wall=wall,
        inside=document["seconds"],
        cpu=document["cpu"],
        peak=document["peak"],
        rows=tuple(rows),
        tools=tuple(sorted(tools, key=lambda tool: tool.first)),
        journal=tuple((at, event) for at, event in document["journal"]),
        memory=tuple((at, size) for at, size in document["memory"]),
    )


@cache
def owner(stack: tuple[str, ...]) -> tuple[str, tuple[str, int]]:
    """Return the function that a stack is in, and its line: shipseal's innermost, or what stands for it."""
    for frame in stack:
        path, line, name = frame.rsplit(":", 2)
        if path.startswith("<frozen importlib") or name == "<module>":
            return IMPORTS, ("", 0)
        if path.startswith(SOURCE):
            number = int(line) if line.isdigit() else 0
            return f"{path.removeprefix(SOURCE)}:{name}", (path, number)
    return (f"outside: {short(stack[0])}" if stack else "outside"), ("", 0)


def kind_of(function: str, where: tuple[str, int]) -> str:
    """Return the kind of work that a line does: by its room, or by what is written in it."""
    if function.startswith("registry/"):
        return NETWORK
    line = source_line(where)
    return HASHING if any(word in line for word in _HASHES) else function


@cache
def source_line(where: tuple[str, int]) -> str:
    """Return the text of a line of source; empty when there is none (any more)."""
    path, number = where
    try:
        lines = Path(path).read_text("utf-8").splitlines() if path and number else []
    except OSError:
        return ""
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def short(frame: str) -> str:
    """Return a frame without the folders of its file."""
    return frame.rsplit("/", 1)[-1]
