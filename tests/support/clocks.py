"""Clocks for tests: time stands still, or runs only when somebody sleeps."""

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
