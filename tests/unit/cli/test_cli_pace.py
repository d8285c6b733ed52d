"""Time left: measured from what has crossed, near the truth at half, steady, and unknown when it is."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.cli.pace import Countdown, Pace

MIB = 1 << 20


def estimates(steps: list[tuple[float, int]], total: int) -> list[tuple[float, float | None]]:
    """Return, for each step of ``(seconds, bytes)``, when it ended and the time left that is shown then."""
    now, done = 1000.0, 0
    pace, countdown, seen = Pace(now), Countdown(), []
    for seconds, amount in steps:
        now += seconds
        done += amount
        pace.moved(now, amount)
        rate = pace.rate(now)
        left = (total - done) / rate if rate else None
        seen.append((now - 1000.0, countdown.show(now, left)))
    return seen


@pytest.mark.parametrize("seconds", [6.0, 30.0, 600.0])
def test_at_half_of_a_steady_transfer_the_time_left_is_the_other_half(seconds: float) -> None:
    steps = [(seconds / 1000, MIB)] * 1000
    seen = estimates(steps, 1000 * MIB)
    _, at_half = seen[500]
    assert at_half == pytest.approx(seconds / 2, rel=0.15)


def test_of_a_steady_transfer_it_only_ever_falls() -> None:
    shown = [left for _, left in estimates([(0.05, MIB)] * 400, 400 * MIB) if left is not None]
    assert len(shown) > 300
    assert all(later <= earlier + 0.001 for earlier, later in pairwise(shown))
    assert shown[-1] < 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(), st.floats(0.0, 0.8), st.floats(8.0, 120.0))
def test_bursts_do_not_shake_it(seed: int, jitter: float, seconds: float) -> None:
    chance = random.Random(seed)
    count = 400
    steps = [
        (seconds / count, int(MIB * (1 + jitter * chance.uniform(-1, 1)))) for _ in range(count)
    ]
    total = sum(amount for _, amount in steps)
    seen = estimates(steps, total)
    at, left = seen[count // 2]
    assert left is not None
    assert (seconds - at) / 1.6 <= left <= (seconds - at) * 1.6
    known = [value for _, value in seen if value is not None]
    jumps = sum(later > earlier + 2 for earlier, later in pairwise(known))
    assert jumps <= 3


def test_nothing_is_said_before_something_is_known() -> None:
    seen = estimates([(0.1, MIB)] * 30, 1000 * MIB)
    assert all(left is None for at, left in seen if at < 1.4)
    assert all(left is not None for at, left in seen if at > 1.6)


def test_a_line_that_stands_still_has_no_time_left() -> None:
    pace = Pace(0.0)
    for step in range(40):
        pace.moved(step / 10, MIB)
    assert pace.rate(4.0) == pytest.approx(10 * MIB, rel=0.05)
    assert pace.rate(8.0) is not None
    assert pace.rate(9.1) is None


def test_a_line_that_becomes_slow_is_noticed_within_seconds() -> None:
    pace = Pace(0.0)
    for step in range(600):
        pace.moved(step / 10, 10 * MIB)
    for step in range(130):
        pace.moved(60 + step / 10, MIB)
    assert pace.rate(73.0) == pytest.approx(10 * MIB, rel=0.05)


def test_what_is_sent_again_is_speed_and_what_is_taken_back_is_none() -> None:
    pace = Pace(0.0)
    for step in range(20):
        pace.moved(step / 10, MIB)
    pace.moved(2.0, -20 * MIB)
    assert pace.rate(2.0) == pytest.approx(10 * MIB, rel=0.05)


def test_a_countdown_counts_and_is_corrected_only_when_it_was_wrong() -> None:
    countdown = Countdown()
    assert countdown.show(0.0, 100.0) == 100.0
    assert countdown.show(10.0, 80.0) == 90.0  # near enough
    assert countdown.show(20.0, 200.0) == 200.0
    assert countdown.show(21.0, 20.0) == 20.0
    assert countdown.show(22.0, None) is None
    assert countdown.show(23.0, 50.0) == 50.0
