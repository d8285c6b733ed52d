"""What runs now and how far it is, as rows for a person: steps, what they transfer, and other work beside them.

Transfers that belong together (the blobs of one target) are one row with the sum of their bytes. Bytes count once,
however often they had to be sent; what was there already is told apart and is not waited for.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from shipseal.cli.output import size_text
from shipseal.cli.pace import Countdown, Pace
from shipseal.cli.view import Shown


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that runs.

    Attributes:
        name: what it is.
        within: whether it belongs to the row above.
        elapsed: seconds since it began.
        done: bytes; None where none are counted.
        total: bytes that are to be done; None when unknown.
        skipped: bytes that need not be done.
        rate: bytes per second; None when unknown.
        left: seconds; None when unknown.
        timed: whether a time left is spoken of at all.
        detail: a remark.
    """

    name: str
    within: bool
    elapsed: float
    done: int | None = None
    total: int | None = None
    skipped: int = 0
    rate: float | None = None
    left: float | None = None
    timed: bool = False
    detail: str = ""


@dataclass(slots=True)
class _Flow:
    """Bytes that add up: of one transfer, or of all that belong together."""

    began: float
    total: int | None
    pace: Pace
    countdown: Countdown = field(default_factory=Countdown)
    done: int = 0
    skipped: int = 0
    running: int = 0

    @property
    def wanted(self) -> int | None:
        return None if self.total is None else max(self.done, self.total - self.skipped)

    @property
    def over(self) -> bool:
        return not self.running and self.total is not None and self.done >= (self.wanted or 0)

    def left(self, now: float) -> float | None:
        rate, wanted = self.pace.rate(now), self.wanted
        if wanted is None or not rate:
            return None
        return (wanted - self.done) / rate


@dataclass(slots=True)
class _Step:
    began: float
    detail: str


class Board:
    """Everything that runs. Safe to use from several threads; no call waits for another part of the program."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[str, _Step] = {}
        self._flows: dict[str, _Flow] = {}
        self._alone: dict[Shown, _Flow] = {}

    def step_began(self, now: float, name: str, detail: str) -> None:
        """Add a step, or change the remark of the one that is there."""
        with self._lock:
            self._steps.setdefault(name, _Step(now, detail)).detail = detail

    def step_ended(self, name: str) -> str:
        """Take a step away with what belongs to it, and return what it has moved, in words; empty for nothing."""
        with self._lock:
            self._steps.pop(name, None)
            flow = self._flows.pop(name, None)
            for label in [label for label, other in self._flows.items() if not other.running]:
                if label not in self._steps:
                    del self._flows[label]
        return "" if flow is None else _moved(flow)

    def foreseen(self, now: float, of: str, total: int) -> None:
        """Note how many bytes will belong together."""
        with self._lock:
            flow = self._flow(now, of)
            flow.total = total + (flow.total or 0)

    def began(self, now: float, transfer: Shown) -> None:
        """Add a transfer."""
        with self._lock:
            if transfer.of:
                self._flow(now, transfer.of).running += 1
            else:
                self._alone[transfer] = _Flow(now, transfer.total, Pace(now))

    def moved(self, now: float, transfer: Shown, amount: int) -> None:
        """Move a transfer by ``amount``, which is negative when it begins again."""
        with self._lock:
            flow = self._of(transfer)
            if flow is not None:
                flow.done = max(0, flow.done + amount)
                flow.pace.moved(now, amount)

    def ended(self, transfer: Shown) -> None:
        """Take a transfer away: what it has not moved was not needed."""
        with self._lock:
            flow = self._of(transfer)
            self._alone.pop(transfer, None)
            if flow is None or not transfer.of:
                return
            flow.running -= 1
            flow.skipped += max(0, (transfer.total or 0) - transfer.completed)
            if flow.over and transfer.of not in self._steps:
                del self._flows[transfer.of]

    def rows(self, now: float) -> list[Row]:
        """Return what runs: each step with its bytes, and below it what belongs to no step."""
        with self._lock:
            return list(self._rows(now))

    def __len__(self) -> int:
        with self._lock:
            return len(self._steps) + len(self._flows) + len(self._alone)

    def _rows(self, now: float) -> Iterator[Row]:
        for name, step in self._steps.items():
            flow = self._flows.get(name)
            if flow is None:
                yield Row(name, within=False, elapsed=now - step.began, detail=step.detail)
            else:
                yield _row(now, name, flow, began=step.began, within=False, detail=step.detail)
        within = bool(self._steps)
        for label, flow in self._flows.items():
            if label not in self._steps:
                yield _row(now, label, flow, within=within)
        for transfer, flow in self._alone.items():
            if transfer.total is not None:
                yield _row(now, transfer.label, flow, within=within)
            else:
                left = flow.countdown.show(now, transfer.left() if transfer.left else None)
                elapsed = now - flow.began
                yield Row(transfer.label, within, elapsed, left=left, timed=True)

    def _flow(self, now: float, of: str) -> _Flow:
        return self._flows.setdefault(of, _Flow(now, None, Pace(now)))

    def _of(self, transfer: Shown) -> _Flow | None:
        return self._flows.get(transfer.of) if transfer.of else self._alone.get(transfer)


def _row(
    now: float,
    name: str,
    flow: _Flow,
    *,
    within: bool,
    began: float | None = None,
    detail: str = "",
) -> Row:
    return Row(
        name=name,
        within=within,
        elapsed=now - (flow.began if began is None else began),
        done=flow.done,
        total=flow.wanted,
        skipped=flow.skipped,
        rate=flow.pace.rate(now),
        left=flow.countdown.show(now, flow.left(now)),
        timed=True,
        detail=detail,
    )


def _moved(flow: _Flow) -> str:
    there = f"{size_text(flow.skipped)} there already" if flow.skipped else ""
    sent = f"{size_text(flow.done)} moved" if flow.done or not there else ""
    return ", ".join(filter(None, (sent, there)))
