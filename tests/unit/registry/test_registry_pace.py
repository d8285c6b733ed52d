"""A peer that moves bytes and never comes to an end is given up; a slow line is not."""

import pytest

from shipseal.errors import Code, RegistryError
from shipseal.registry.pace import LEAST_PER_SECOND, WINDOW_SECONDS, Pace, SlowPeerError
from shipseal.registry.transport import Timeouts
from shipseal.testing.fault_kinds import drip
from shipseal.testing.faults import Faults
from tests.support.clocks import StoppedClock, ticking
from tests.support.simulated import Simulated
from tests.support.target_content import staged


def moved(pace: Pace, clock: StoppedClock, size: int, seconds: float) -> None:
    since = pace.now()
    clock.elapsed += seconds
    pace.moved(size, since)


def test_less_than_the_least_over_a_window_is_too_slow() -> None:
    clock = StoppedClock()
    pace = Pace(clock, "ghcr.io/org/app", "GET https://ghcr.io/v2/", most=None)
    moved(pace, clock, 1, WINDOW_SECONDS - 1)
    with pytest.raises(SlowPeerError, match=r"ghcr.io/org/app: GET .* too slow: 2 bytes in 60 s"):
        moved(pace, clock, 1, 1)


def test_a_fair_pace_may_last_for_days() -> None:
    clock = StoppedClock()
    pace = Pace(clock, "x", "y", most=None)
    for _ in range(10_000):
        moved(pace, clock, 10 * LEAST_PER_SECOND, 10)
    assert clock.elapsed > 86_400


def test_our_own_time_does_not_count() -> None:
    clock = StoppedClock()
    pace = Pace(clock, "x", "y", most=10)
    for _ in range(100):
        moved(pace, clock, 1, 0.01)
        clock.elapsed += 3600


def test_what_must_be_whole_in_time_ends_in_time_however_steadily_it_comes() -> None:
    clock = StoppedClock()
    pace = Pace(clock, "x", "y", most=10)
    for _ in range(10):
        moved(pace, clock, LEAST_PER_SECOND, 1)
    with pytest.raises(SlowPeerError, match="no end after 11 s"):
        moved(pace, clock, LEAST_PER_SECOND, 1)


def test_an_answer_that_drips_is_given_up_within_the_deadline(sim: Simulated) -> None:
    """Each byte comes in time, so no timeout of the network would ever end it."""
    sim.target.put_tag("v1", staged(sim.target, "dripping"))

    faults = Faults()
    dripped = faults.add(drip(ticking(sim.clock, 40)), "GET", "/tags/list")
    sim.registry.before = faults
    with pytest.raises(RegistryError, match="too slow") as caught:
        sim.target.list_tags()
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)
    # It was given up after some bytes and not begun again after the deadline. The server drips on for a moment.
    assert len(dripped.struck) <= 2
    assert sim.clock.elapsed < 4 * Timeouts().answer
