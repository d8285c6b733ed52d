"""Looks on while something is measured: which processes of one program ran, how started, and how many at once."""

import contextlib
import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.machine import descendants_of

EVERY = 0.05
# One follows the memory that happens to be free, the other is a mark of the process; that they are set is compared.
_FREE = frozenset({"GOMEMLIMIT", "SHIPSEAL_STARTED_BY"})
_PLACE = re.compile(r"(?:/[^\s/=:]+)+/")


@dataclass(frozen=True, slots=True)
class Start:
    """How a process was started. Folders are left out: temporary ones have another name each time.

    Attributes:
        words: command line.
        environment: sorted ``NAME=value``.
    """

    words: tuple[str, ...]
    environment: tuple[str, ...]


@dataclass
class Watch:
    """Watches the processes below this one, for the time of a ``with`` block.

    Attributes:
        program: the name of the file that is watched for.
        parent: the program that starts it: how much memory it had is followed.
        starts: what was seen.
        most: how many ran at the same time.
        peak: the most bytes of memory that the parent had, by the kernel's mark; 0 when it was not seen.
    """

    program: str
    parent: str = ""
    starts: dict[int, Start] = field(default_factory=dict)
    most: int = 0
    peak: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    @property
    def seen(self) -> list[Start]:
        """How each was started, in an order that does not depend on time."""
        return sorted(self.starts.values(), key=lambda start: (start.words, start.environment))

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            self.look()

    def look(self) -> None:
        """Look once."""
        running = 0
        for pid in descendants_of(os.getpid()):
            # It ends while it is looked at, or has ended and nobody has asked for its status.
            with contextlib.suppress(OSError, IndexError):
                place = Path(f"/proc/{pid}")
                start = start_of(place)
                if self.parent in (Path(word).name for word in start.words[:2]):
                    self.peak = max(self.peak, high_mark(place))
                if Path(start.words[0]).name == self.program and "scan" in start.words:
                    self.starts[pid] = start
                    running += 1
        self.most = max(self.most, running)


def start_of(place: Path) -> Start:
    """Return how a process was started, from its folder below ``/proc``."""
    words = _strings(place / "cmdline")
    return Start(
        (words[0], *(_without_folders(word) for word in words[1:])),
        tuple(sorted(_without_folders(line) for line in _strings(place / "environ"))),
    )


def high_mark(place: Path) -> int:
    """Return the most bytes that a process has had, from its folder below ``/proc``; 0 when it has ended."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", (place / "status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def differences(one: Iterable[Start], other: Iterable[Start]) -> list[str]:
    """Return what differs between two lists of starts; empty when nothing does."""
    left, right = list(one), list(other)
    if len(left) != len(right):
        return [f"{len(left)} runs against {len(right)}"]
    found: list[str] = []
    for first, second in zip(left, right, strict=True):
        if first.words != second.words:
            found.append(f"{' '.join(first.words)} against {' '.join(second.words)}")
        changed = set(first.environment) ^ set(second.environment)
        if changed:
            found.append(f"environment: {', '.join(sorted(changed))}")
    return found


def _without_folders(text: str) -> str:
    name = text.partition("=")[0]
    return f"{name}=" if name in _FREE else _PLACE.sub("", text)


def _strings(path: Path) -> list[str]:
    return [text for text in path.read_bytes().decode("utf-8", "replace").split("\0") if text]
