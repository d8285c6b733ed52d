"""Tries are counted by progress."""

import pytest

from shipseal._internal.retry import RetryPolicy
from shipseal.errors import Code, RegistryError
from shipseal.registry.errors import SlowPeerError
from shipseal.registry.patience import Patience
from tests.support.clocks import StoppedClock

POLICY = RetryPolicy(tries=3, first_wait=1.0, max_wait=8.0, deadline=60.0)


def _broken(retry_after: float | None = None) -> RegistryError:
    return RegistryError(Code.SERVICE_OUTAGE, "it broke", retryable=True, retry_after=retry_after)


def test_a_transfer_that_gets_on_may_break_as_often_as_it_likes() -> None:
    clock = StoppedClock()
    patience = Patience(POLICY, clock)
    for number in range(20):
        patience.after(_broken(), number * 65_536)
    assert len(clock.slept) == 20
    assert max(clock.slept[1:]) <= 1.5


def test_a_few_bytes_a_break_are_not_getting_on() -> None:
    patience = Patience(POLICY, StoppedClock())
    patience.after(_broken(), 100)
    patience.after(_broken(), 200)
    with pytest.raises(RegistryError):
        patience.after(_broken(), 300)


def test_one_that_stays_where_it_is_fails_with_its_own_error() -> None:
    clock = StoppedClock()
    patience = Patience(POLICY, clock)
    patience.after(_broken(), 5)
    patience.after(_broken(), 5)
    last = _broken()
    with pytest.raises(RegistryError, match="it broke") as caught:
        patience.after(last, 3)
    assert caught.value is last
    assert [round(seconds) for seconds in clock.slept] in ([1, 2], [1, 3])


def test_the_wait_that_was_asked_for_is_kept() -> None:
    clock = StoppedClock()
    Patience(POLICY, clock).after(_broken(retry_after=17), 0)
    assert clock.slept == [17]


def test_silence_counts_as_standing_still_and_moving_does_not() -> None:
    clock = StoppedClock()
    patience = Patience(POLICY, clock)
    clock.elapsed += 3600
    patience.moved()
    patience.after(_broken(), 0)
    clock.elapsed += 61
    with pytest.raises(RegistryError):
        patience.after(_broken(), 0)
    assert len(clock.slept) == 1


def test_who_is_too_slow_does_not_count_as_getting_on() -> None:
    patience = Patience(POLICY, StoppedClock())
    slow = SlowPeerError(Code.SERVICE_OUTAGE, "drips", retryable=True)
    patience.after(slow, 1)
    patience.after(slow, 2)
    with pytest.raises(SlowPeerError):
        patience.after(slow, 3)


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    clock = StoppedClock()
    with pytest.raises(RegistryError):
        Patience(POLICY, clock).after(_broken(retry_after=61), 0)
    assert clock.slept == []
