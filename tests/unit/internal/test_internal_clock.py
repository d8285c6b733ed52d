"""Times are aware, in UTC, and read back as they were written."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal._internal.clock import SteadyClock, SystemClock, parse_rfc3339, rfc3339
from tests.support.clocks import StoppedClock

_MOMENTS = st.integers(min_value=86400, max_value=32_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@given(_MOMENTS, st.integers(min_value=-14 * 60, max_value=14 * 60))
def test_a_time_of_any_zone_reads_back_to_the_second(moment: datetime, minutes: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_rfc3339(rfc3339(elsewhere)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-01-02T03:04:05Z", 0),
        ("2026-01-02T03:04:05.5Z", 500000),
        ("2026-01-02T03:04:05.123456789Z", 123456),
        ("2026-01-02T04:04:05.123456789+01:00", 123456),
    ],
)
def test_fractions_of_any_length_are_read(text: str, micros: int) -> None:
    assert parse_rfc3339(text) == datetime(2026, 1, 2, 3, 4, 5, micros, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05", "yesterday", "", "2026-13-01T00:00:00Z"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat|month"):
        parse_rfc3339(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_a_moment_that_no_calendar_has_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside the years 1 to 9999"):
        parse_rfc3339(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_first_and_the_last_moment_read_back(text: str) -> None:
    assert rfc3339(parse_rfc3339(text)) == text


@given(st.text(max_size=30) | st.datetimes(timezones=st.timezones()).map(str))
def test_no_text_is_a_surprise_to_the_clock(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_rfc3339(text).tzinfo is UTC


@given(
    st.lists(
        st.tuples(st.floats(min_value=-1e9, max_value=1e9), st.floats(min_value=0, max_value=1e5)),
        max_size=20,
    )
)
def test_no_jump_of_the_time_of_day_reaches_what_is_timed(
    jumps: list[tuple[float, float]],
) -> None:
    machine = StoppedClock()
    clock = SteadyClock(machine)
    began, last = clock.now(), clock.now()
    for jump, passed in jumps:
        machine.moment += timedelta(seconds=jump)
        machine.elapsed += passed
        assert clock.now() >= last
        last = clock.now()
    assert last - began == timedelta(seconds=machine.elapsed)
    clock.sleep(3)
    assert clock.monotonic() == machine.monotonic()


def test_a_steady_clock_ends_with_the_calendar() -> None:
    machine = StoppedClock(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    clock = SteadyClock(machine)
    machine.elapsed = 1e9
    assert clock.now().year == 9999


def test_the_machines_clock_is_aware_and_runs() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() > before
    assert clock.now().utcoffset() == timedelta(0)
