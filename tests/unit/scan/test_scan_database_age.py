"""Data that decides is neither old nor from the future."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shipseal.errors import Code, ScanError
from shipseal.scan.builtin import BuiltinScanner
from shipseal.scan.database_age import age_text, check_age
from shipseal.scan.interface import Database, DatabasePolicy
from tests.support.clocks import StoppedClock
from tests.support.scanning import advisory, database, request, spdx_document, spdx_package

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = DatabasePolicy(max_age=7 * 86400.0)


def _check(built: datetime | None, policy: DatabasePolicy = WEEK) -> None:
    check_age(Database("https://db.example", "", built, "6"), policy, NOW, hint="update it")


@pytest.mark.parametrize(
    "age", [timedelta(0), timedelta(days=7), timedelta(minutes=-59), timedelta(hours=-1)]
)
def test_young_data_may_decide_and_so_may_that_of_a_clock_a_little_ahead(age: timedelta) -> None:
    _check(NOW - age)


@pytest.mark.parametrize(
    ("age", "message"),
    [
        (timedelta(days=7, seconds=1), "7 days ago; at most 7 days is allowed"),
        (timedelta(hours=-1, seconds=-1), "1 hour in the future: the clock of this machine or"),
        (timedelta(days=-900), "900 days in the future"),
    ],
)
def test_old_data_and_data_from_the_future_may_not(age: timedelta, message: str) -> None:
    with pytest.raises(ScanError, match=message) as caught:
        _check(NOW - age)
    assert caught.value.code is Code.DB_STALE


def test_data_that_does_not_say_its_age_may_not() -> None:
    with pytest.raises(ScanError, match="does not say when it was built") as caught:
        _check(None)
    assert caught.value.code is Code.DB_STALE


@pytest.mark.parametrize("built", [None, NOW - timedelta(days=9000), NOW + timedelta(days=9000)])
def test_without_a_limit_nobody_judges_the_age(built: datetime | None) -> None:
    _check(built, DatabasePolicy(max_age=None))


def test_advisories_from_the_future_do_not_decide_in_a_scan(tmp_path: Path) -> None:
    base = database(advisory("P-1", "PyPI", "x", [("introduced", "0")]))
    assert base.newest is not None
    early = StoppedClock(base.newest - timedelta(days=2))
    asked = request(tmp_path, spdx_document([spdx_package("pkg:pypi/x@1")]))
    with pytest.raises(ScanError, match="2 days in the future") as caught:
        BuiltinScanner(base, early).scan(asked)
    assert caught.value.code is Code.DB_STALE
    unjudged = BuiltinScanner(base, early, DatabasePolicy(max_age=None)).scan(asked)
    assert [finding.id for finding in unjudged.findings] == ["P-1"]


def test_ages_are_for_people() -> None:
    assert [age_text(seconds) for seconds in (5, 60, 7200, 86400)] == [
        "less than a minute", "1 minute", "2 hours", "1 day",
    ]  # fmt: skip
