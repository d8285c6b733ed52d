"""Only what is transient is tried again, and only until the deadline."""

import random
from datetime import UTC, datetime

import pytest

from shipseal._internal.retry import RetryPolicy, again_in, backoff, call_with_retry, until
from shipseal.errors import Code, ShipsealError


class FakeClock:
    """A clock whose time passes by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Flaky:
    """Fails some times before it answers."""

    def __init__(self, failures: int, error: ShipsealError) -> None:
        self.failures = failures
        self.error = error
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "answer"


def _outage(retry_after: float | None = None) -> ShipsealError:
    return ShipsealError(Code.SERVICE_OUTAGE, "502", retryable=True, retry_after=retry_after)


POLICY = RetryPolicy(tries=4, first_wait=1.0, max_wait=20.0, deadline=100.0)


def test_the_shared_generator_of_random_numbers_is_left_alone() -> None:
    before = random.getstate()
    call_with_retry(Flaky(3, _outage()), POLICY, FakeClock())
    assert random.getstate() == before


def test_where_nothing_is_left_it_is_not_tried_again_not_even_at_once() -> None:
    clock = FakeClock()
    spent = Flaky(10, _outage(retry_after=0.0))
    with pytest.raises(ShipsealError):
        call_with_retry(spent, until(100.0, left=lambda: 0.0), clock)
    assert spent.calls == 1


def test_a_transient_failure_is_tried_again_with_growing_waits() -> None:
    clock, call = FakeClock(), Flaky(3, _outage())
    assert call_with_retry(call, POLICY, clock) == "answer"
    assert call.calls == 4
    first, second, third = clock.slept
    assert 1.0 <= first <= 1.5
    assert 2.0 <= second <= 3.0
    assert 4.0 <= third <= 6.0


def test_a_permanent_failure_is_tried_once() -> None:
    clock, call = FakeClock(), Flaky(1, ShipsealError(Code.REGISTRY_DENIED, "403"))
    with pytest.raises(ShipsealError, match="403"):
        call_with_retry(call, POLICY, clock)
    assert call.calls == 1
    assert clock.slept == []


def test_a_defect_is_never_tried_again() -> None:
    calls = []

    def defect() -> None:
        calls.append(1)
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        call_with_retry(defect, POLICY, FakeClock())
    assert len(calls) == 1


def test_tries_run_out_and_the_last_error_comes_out() -> None:
    call = Flaky(99, _outage())
    with pytest.raises(ShipsealError) as caught:
        call_with_retry(call, POLICY, FakeClock())
    assert call.calls == 4
    assert caught.value.code is Code.SERVICE_OUTAGE


@pytest.mark.parametrize("deadline", [30.0, 120.0, 900.0])
def test_what_ends_with_its_deadline_is_tried_until_then(deadline: float) -> None:
    """However many tries that takes: whoever allows fifteen minutes waits that long for a service to come back."""
    clock = FakeClock()
    with pytest.raises(ShipsealError):
        call_with_retry(Flaky(10_000, _outage()), until(deadline), clock)
    assert deadline - 30.0 < clock.time <= deadline


def test_a_very_long_wait_does_not_overflow() -> None:
    assert backoff(until(1e9), 5000, None) <= 30.0


def test_what_is_tried_again_is_told_in_one_sentence() -> None:
    assert again_in(_outage(), 0.51) == "service.outage: 502; trying again in 0.5 s"


def test_the_wait_that_was_asked_for_wins() -> None:
    clock = FakeClock()
    call_with_retry(Flaky(1, _outage(retry_after=33.0)), POLICY, clock)
    assert clock.slept == [33.0]


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    clock, call = FakeClock(), Flaky(1, _outage(retry_after=101.0))
    with pytest.raises(ShipsealError):
        call_with_retry(call, POLICY, clock)
    assert call.calls == 1
    assert clock.slept == []


def test_a_person_is_told_what_is_tried_again_and_when() -> None:
    told: list[tuple[str, float]] = []
    clock = FakeClock()
    call_with_retry(
        Flaky(2, _outage()),
        POLICY,
        clock,
        on_retry=lambda error, wait: told.append((error.code, wait)),
    )
    assert [wait for _, wait in told] == clock.slept
    assert {code for code, _ in told} == {"service.outage"}


def test_one_wait_never_passes_its_limit() -> None:
    assert backoff(POLICY, 30, _outage()) <= 30.0
    assert backoff(POLICY, 1, _outage(retry_after=-5)) == 0.0
