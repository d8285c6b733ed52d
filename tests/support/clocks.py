"""Clocks for tests: time stands still, or runs only when somebody sleeps."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class StoppedClock:
    """Always the same moment; whoever sleeps has waited at once."""

    def __init__(self, moment: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self.moment = moment
        self.elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.moment + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds


def ticking(clock: StoppedClock, seconds: float) -> Callable[[], None]:
    """Return a pause for a server of a test, in which that much time goes by for the client that waits for it."""

    def pause() -> None:
        # Long enough in truth for the client to have read what came before and to wait again.
        time.sleep(0.03)
        clock.elapsed += seconds

    return pause
