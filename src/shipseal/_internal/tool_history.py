"""What outside tools took on this machine: seconds and memory by the size of what they read.

It is what a budget and a time left can be built on without guessing. One line of JSON for each run in the user's cache
folder; a damaged line is no run, and a folder that cannot be written forgets.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec

from shipseal._internal.budget import Need
from shipseal._internal.durable import write_atomic
from shipseal._internal.limits import MIB, Limit, read_file
from shipseal.errors import ShipsealError

_FILE = Limit("history of tools", 4 * MIB, "it is cut back to its last few hundred lines")
_KEPT = 400
_TOO_LONG = 256 * 1024
# Runs over something of about this size say how long one takes; memory follows the size less closely.
_LIKE = 1.25
_SIMILAR = 2.0
_LATEST = 5
_MARGIN = 1.15
# With GOGC=400 Go's heap grows to five times what is alive, at its default to twice (the Go GC guide).
_LEAST_OF_BEST = 0.5


class ToolRun(msgspec.Struct, frozen=True):
    """One run that ended well.

    Attributes:
        tool: name and version.
        size: bytes of what it read.
        seconds: how long it took.
        peak: most bytes of memory that it had; 0 when that is not known.
        memory: bytes that it was given.
        cores: processors that it was given.
        beside: the most tools that ran at the same time, itself included.
    """

    tool: str
    size: int
    seconds: float
    peak: int
    memory: int
    cores: int
    beside: int

    @property
    def squeezed(self) -> bool:
        """Whether it used all that it was given: it would have taken more."""
        return self.peak >= 0.85 * self.memory


@dataclass(frozen=True, slots=True)
class ToolHistory:
    """The runs of this machine. Safe for several threads and processes: lines are appended whole.

    Attributes:
        path: the file; None remembers nothing.
    """

    path: Path | None

    def need(self, tool: str, size: int, guess: Need) -> Need:
        """Return the memory of a run of ``tool`` over ``size`` bytes: from similar runs, else the ``guess``."""
        similar = [run for run in self._like(tool, size, _SIMILAR) if run.peak]
        if not similar:
            return guess
        least = max(_least(run) * max(1.0, size / run.size) for run in similar) * _MARGIN
        best = max(_best(run) * max(1.0, size / run.size) for run in similar) * _MARGIN
        return Need(int(least), int(max(least, best)), f"of {len(similar)} runs on this machine")

    def seconds(self, tool: str, size: int, *, cores: int, beside: int) -> float | None:
        """Return how long such a run took here, under the same conditions; None when there was none."""
        found = [
            run.seconds * size / run.size
            for run in self._like(tool, size, _LIKE)
            if (run.cores, run.beside) == (cores, beside)
        ]
        return median(found[-_LATEST:]) if found else None

    def add(self, run: ToolRun) -> None:
        """Remember a run."""
        if self.path is None:
            return
        with contextlib.suppress(OSError, ShipsealError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._shorten(self.path)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, b"\n" + msgspec.json.encode(run) + b"\n")
            finally:
                os.close(descriptor)

    def _like(self, tool: str, size: int, factor: float) -> list[ToolRun]:
        return [
            run
            for run in self._runs()
            if run.tool == tool and size and run.size / factor <= size <= run.size * factor
        ]

    def _runs(self) -> Iterator[ToolRun]:
        if self.path is None:
            return
        try:
            lines = read_file(self.path, _FILE).splitlines()
        except (OSError, ShipsealError):
            return
        for line in lines:
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                run = msgspec.json.decode(line, type=ToolRun)
                if run.size > 0 and run.seconds >= 0 and run.peak >= 0:
                    yield run

    def _shorten(self, path: Path) -> None:
        if path.exists() and path.stat().st_size > _TOO_LONG:
            kept = [msgspec.json.encode(run) for run in self._runs()][-_KEPT:]
            write_atomic(path, b"".join(line + b"\n" for line in kept))


def _least(run: ToolRun) -> float:
    return run.peak if run.squeezed else run.peak * _LEAST_OF_BEST


def _best(run: ToolRun) -> float:
    return run.peak / _LEAST_OF_BEST if run.squeezed else run.peak
