"""A peer that moves bytes and never comes to an end is given up; a slow line is not."""

import pytest

from shipseal._internal.pace import LEAST_PER_SECOND, WINDOW_SECONDS, Pace, TooSlowError
from tests.support.clocks import StoppedClock


def moved(pace: Pace, clock: StoppedClock, size: int, seconds: float) -> None:
    since = pace.now()
    clock.elapsed += seconds
    pace.moved(size, since)


def test_less_than_the_least_over_a_window_is_too_slow() -> None:
    clock = StoppedClock()
    pace = Pace(clock)
    moved(pace, clock, 1, WINDOW_SECONDS - 1)
    with pytest.raises(TooSlowError, match=r"^the other side is too slow: 2 bytes in 60 s$"):
        moved(pace, clock, 1, 1)


def test_a_fair_pace_may_last_for_days() -> None:
    clock = StoppedClock()
    pace = Pace(clock)
    for _ in range(10_000):
        moved(pace, clock, 10 * LEAST_PER_SECOND, 10)
    assert clock.elapsed > 86_400


def test_our_own_time_does_not_count() -> None:
    clock = StoppedClock()
    pace = Pace(clock)
    for _ in range(100):
        moved(pace, clock, 1, 0.01)
        clock.elapsed += 3600
