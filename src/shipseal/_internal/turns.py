"""Outside tools take turns: each waits until the budget has room for it, and is told how much it may use.

What is decided stands in :mod:`shipseal._internal.budget`; here threads wait for it.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shipseal._internal.budget import Budget, Need, next_seats
from shipseal._internal.cancelled import CancelledError
from shipseal._internal.clock import Clock, SystemClock
from shipseal._internal.limits import MIB
from shipseal._internal.tool_history import ToolHistory, ToolRun

# What a program of Go takes beside its heap: its text, which is mapped, and what C libraries have.
_BESIDE_HEAP = 0.9
_GOGC = 400


@dataclass(frozen=True, slots=True)
class Errand:
    """What a tool is about to do.

    Attributes:
        tool: name and version.
        about: what it looks at, for people: a platform.
        size: bytes of what it reads.
        guess: its memory, as long as no run on this machine tells.
        alone: nothing else is to run beside it (it ran out of memory before).
    """

    tool: str
    about: str
    size: int
    guess: Need
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """A run that ended well, and what it cost.

    Attributes:
        errand: what it did.
        need: the memory that was thought necessary, and why.
        memory: bytes that it got.
        peak: most bytes that it had; 0 when that is not known.
        seconds: how long it ran.
        waited: seconds before that.
        beside: the most tools that ran at the same time, itself included.
    """

    errand: Errand
    need: Need
    memory: int
    peak: int
    seconds: float
    waited: float
    beside: int


@dataclass(slots=True, eq=False)
class Turn:
    """A tool's turn.

    Attributes:
        errand: what it does.
        need: the memory that it is thought to need.
        cores: processors that it may use.
        history: what tools took before.
        memory: bytes that it may use.
        waited: seconds until its turn came.
        beside: the most tools that have run at the same time so far, itself included.
    """

    errand: Errand
    need: Need
    cores: int
    history: ToolHistory
    memory: int = 0
    waited: float = 0.0
    beside: int = 1
    _cost: tuple[int, float] | None = None
    _known: dict[int, float | None] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return what a program written in Go keeps to its share by: docs/performance.md has the measurements.

        The memory limit is a soft one: near it Go collects more often instead of letting the heap grow.
        """
        return {
            "GOMAXPROCS": str(self.cores),
            "GOGC": str(_GOGC),
            "GOMEMLIMIT": f"{int(self.memory * _BESIDE_HEAP)}B",
        }

    def expected(self) -> float | None:
        """Return how many seconds such a run took here before, in such company; None when nobody knows."""
        if self.beside not in self._known:
            self._known[self.beside] = self.history.seconds(
                self.errand.tool, self.errand.size, cores=self.cores, beside=self.beside
            )
        return self._known[self.beside]

    def used(self, *, peak: int, seconds: float) -> None:
        """Say what a run that ended well has cost."""
        self._cost = (peak, seconds)

    def spent(self) -> Spent | None:
        """Return what the run has cost; None when it did not end well."""
        if self._cost is None:
            return None
        peak, seconds = self._cost
        return Spent(self.errand, self.need, self.memory, peak, seconds, self.waited, self.beside)


class Waiting:
    """How long work still takes whose time is that of a tool, for progress.

    Args:
        clock: the one of the turns.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn: tuple[Turn, float] | None = None

    @contextmanager
    def during(self, turn: Turn) -> Iterator[None]:
        """Say that the tool runs now."""
        self._turn = (turn, self._clock.monotonic())
        try:
            yield
        finally:
            self._turn = None

    def left(self) -> float | None:
        """Return the seconds that are left by what such runs took before; None when nobody knows, or they are over."""
        if self._turn is None:
            return None
        turn, began = self._turn
        expected = turn.expected()
        left = None if expected is None else expected - (self._clock.monotonic() - began)
        return left if left is not None and left > 0 else None


def _unlimited() -> Budget:
    return Budget(cores=os.cpu_count() or 1, memory=1 << 50, parallel=1 << 10)


@dataclass(eq=False)
class Turns:
    """Gives turns. Safe to use from many threads.

    Attributes:
        budget: what the tools may use together.
        history: what tools took before; it learns from every run.
        clock: for how long they waited.
    """

    budget: Budget = field(default_factory=_unlimited)
    history: ToolHistory = field(default_factory=lambda: ToolHistory(None))
    clock: Clock = field(default_factory=SystemClock)
    _room: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _waiting: list[Turn] = field(default_factory=list, repr=False)
    _running: list[Turn] = field(default_factory=list, repr=False)
    _spent: list[Spent] = field(default_factory=list, repr=False)
    _called_off: bool = False

    def begin(self) -> None:
        """Let work begin, after whatever was called off before."""
        with self._room:
            self._called_off = False
            self._spent.clear()

    def call_off(self) -> None:
        """Let nobody start any more: who waits is told so."""
        with self._room:
            self._called_off = True
            self._room.notify_all()

    def spent(self) -> tuple[Spent, ...]:
        """Return what the runs that ended well since the beginning have cost."""
        with self._room:
            return tuple(self._spent)

    @contextmanager
    def turn(self, errand: Errand, told: Callable[[str], None] | None = None) -> Iterator[Turn]:
        """Wait for the errand's turn, and hold its seat.

        Args:
            errand: what is to be done.
            told: hears, once, that and why there is no room yet.

        Raises:
            CancelledError: the work was called off before its turn came.
        """
        turn = Turn(errand, self._need(errand), self.budget.cores, self.history)
        began = self.clock.monotonic()
        self._take_seat(turn, told)
        turn.waited = self.clock.monotonic() - began
        try:
            yield turn
        finally:
            self._leave(turn)

    def _need(self, errand: Errand) -> Need:
        if errand.alone:
            everything = self.budget.memory
            return Need(everything, everything, "it ran out of memory before, and runs alone")
        return self.history.need(errand.tool, errand.size, errand.guess)

    def _take_seat(self, turn: Turn, told: Callable[[str], None] | None) -> None:
        with self._room:
            self._waiting.append(turn)
            self._seat()
            why = "" if turn in self._running else self._why(turn)
        if why and told is not None:
            told(why)
        with self._room:
            self._room.wait_for(lambda: turn in self._running or self._called_off)
            if self._called_off:
                self._remove(turn)
                raise CancelledError

    def _seat(self) -> None:
        """Let those who fit start; the lock is held."""
        taken = [turn.memory for turn in self._running]
        seats = next_seats(self.budget, taken, [turn.need for turn in self._waiting])
        started, self._waiting = self._waiting[: len(seats)], self._waiting[len(seats) :]
        for turn, memory in zip(started, seats, strict=True):
            turn.memory = memory
            self._running.append(turn)
        for turn in self._running:
            turn.beside = max(turn.beside, len(self._running))
        if started:
            self._room.notify_all()

    def _why(self, turn: Turn) -> str:
        free = self.budget.memory - sum(other.memory for other in self._running)
        if len(self._running) >= self.budget.seats:
            return ""  # an ordinary queue is nothing to speak of
        return (
            f"{turn.errand.about}: waits for memory: {turn.errand.tool} needs {turn.need.least // MIB} MiB, "
            f"{free // MIB} MiB of {self.budget.memory // MIB} MiB are free"
        )

    def _leave(self, turn: Turn) -> None:
        spent = turn.spent()
        with self._room:
            if spent is not None:
                self._spent.append(spent)
            self._remove(turn)
        if spent is not None:
            self.history.add(_run_of(turn, spent))

    def _remove(self, turn: Turn) -> None:
        for turns in (self._waiting, self._running):
            if turn in turns:
                turns.remove(turn)
        if not self._called_off:
            self._seat()


def _run_of(turn: Turn, spent: Spent) -> ToolRun:
    return ToolRun(
        tool=spent.errand.tool,
        size=spent.errand.size,
        seconds=round(spent.seconds, 3),
        peak=spent.peak,
        memory=spent.memory,
        cores=turn.cores,
        beside=spent.beside,
    )
