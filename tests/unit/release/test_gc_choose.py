"""What is collected and what is not: decisions on values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal.release.gc.choose import GcLimits, GcPlan, choose
from shipseal.release.gc.inventory import Inventory, Release, Thing
from shipseal.release.result import Status

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LIMITS = GcLimits(timedelta(days=30), None, 2)
EVERYTHING_OLD = replace(LIMITS, older_than=timedelta(0))


def release(number: int, *, days: int = 100, status: str = Status.DONE, size: int = 10) -> Release:
    """Return a release whose two blobs are its own and one that it has in common with all others."""
    return Release(
        f"r{number}",
        "app",
        f"1.{number}.0",
        status,
        NOW - timedelta(days=days),
        size,
        frozenset({f"own {number}", "common"}),
        digest=f"image {number}",
    )


def inventory(*releases: Release, **members: object) -> Inventory:
    blobs = {digest: 100 for one in releases for digest in one.blobs}
    found = Inventory(releases=releases, blobs=blobs | {"nobody's": 100})
    return replace(found, **members)  # type: ignore[arg-type]


def thing(name: str, *, days: int, kind: str = "sbom", size: int = 50) -> Thing:
    return Thing(Path(name), kind, size, NOW - timedelta(days=days))


def gone(plan: GcPlan) -> list[str]:
    return [one.release.identifier for one in plan.releases]


def kept(plan: GcPlan) -> dict[str, str]:
    return {one.identifier: why for one, why in plan.kept}


def test_old_releases_go_beyond_the_last_that_are_done() -> None:
    found = inventory(*(release(number, days=100 - number) for number in range(5)))
    plan = choose(found, LIMITS, NOW)
    assert gone(plan) == ["r0", "r1", "r2"]
    assert kept(plan) == dict.fromkeys(["r3", "r4"], "one of the last 2 that are done")
    assert set(plan.blobs) == {"own 0", "own 1", "own 2", "nobody's"}


def test_young_ones_stay_however_many_there_are() -> None:
    found = inventory(*(release(number, days=29) for number in range(5)))
    plan = choose(found, LIMITS, NOW)
    assert gone(plan) == []
    assert set(plan.blobs) == {"nobody's"}


@pytest.mark.parametrize("status", ["pending", "partly-promoted", "interrupted"])
def test_what_can_be_resumed_never_goes(status: str) -> None:
    one = replace(release(1, days=5000, status=status), going=True)
    plan = choose(inventory(one), replace(EVERYTHING_OLD, max_size=0), NOW)
    assert gone(plan) == []
    assert "release abort" in kept(plan)["r1"]
    assert set(plan.blobs) == {"nobody's"}


def test_what_runs_never_goes() -> None:
    one = replace(release(1, status="aborted"), running=True)
    assert gone(choose(inventory(one), replace(EVERYTHING_OLD, max_size=0), NOW)) == []


def test_what_cannot_be_read_and_what_a_rollback_is_about_never_goes() -> None:
    releases = [release(number) for number in range(4)]
    releases[0] = replace(releases[0], status="unreadable")
    found = inventory(*releases, pinned=frozenset({"image 1"}))
    plan = choose(found, replace(EVERYTHING_OLD, max_size=0), NOW)
    assert set(kept(plan)) == {"r0", "r1", "r2", "r3"}
    assert "rollback" in kept(plan)["r1"]


@pytest.mark.parametrize("status", ["refused", "failed", "aborted"])
def test_what_ended_without_being_public_goes_by_age_alone(status: str) -> None:
    found = inventory(
        release(1, days=31, status=status), release(2, days=29, status=status), release(3)
    )
    assert gone(choose(found, LIMITS, NOW)) == ["r1"]


def test_each_image_has_its_last_releases() -> None:
    other = [replace(release(number + 10), image="other") for number in range(2)]
    found = inventory(*(release(number) for number in range(2)), *other)
    assert gone(choose(found, LIMITS, NOW)) == []


def test_leftovers_go_after_a_day_and_half_removed_ones_at_once() -> None:
    things = (
        thing("a", days=2, kind="attempt"),
        thing("b", days=0, kind="attempt"),
        thing("c", days=0, kind="trash"),
        thing("d", days=2, kind="work"),
    )
    plan = choose(inventory(leftovers=things), LIMITS, NOW)
    assert [str(one.path) for one, _ in plan.things] == ["a", "c", "d"]


def test_the_cache_goes_by_age() -> None:
    found = inventory(cache=(thing("old", days=31), thing("young", days=29)))
    plan = choose(found, LIMITS, NOW)
    assert [str(one.path) for one, _ in plan.things] == ["old"]


def test_what_was_not_used_for_longest_goes_until_the_rest_fits() -> None:
    releases = [release(number, days=20 - number) for number in range(4)]
    cache = (thing("x", days=25), thing("y", days=1))
    # Four folders of 10, six blobs of 100 of which one is nobody's, two entries of 50: 740.
    found = inventory(*releases, cache=cache)
    plan = choose(found, replace(LIMITS, max_size=480), NOW)
    assert [str(one.path) for one, _ in plan.things] == ["x"]
    assert gone(plan) == ["r0"]
    assert plan.over == 0
    assert "own 0" in plan.blobs
    assert "common" not in plan.blobs


def test_what_has_to_stay_is_more_than_the_limit_and_by_how_much_is_said() -> None:
    plan = choose(inventory(release(1)), replace(LIMITS, max_size=100), NOW)
    assert gone(plan) == []
    assert plan.over == 10 + 200 - 100


_STATUSES = st.sampled_from(["done", "pending", "refused", "failed", "aborted", "interrupted"])


@given(
    st.lists(st.tuples(_STATUSES, st.integers(0, 60), st.booleans()), max_size=12),
    st.integers(0, 2000),
    st.integers(2, 4),
)
def test_nothing_that_stays_loses_a_blob_and_nothing_that_is_needed_goes(
    drawn: list[tuple[str, int, bool]], most: int, keep: int
) -> None:
    releases = [
        replace(
            release(number, days=days, status=status),
            running=running,
            going=status in ("pending", "interrupted"),
        )
        for number, (status, days, running) in enumerate(drawn)
    ]
    found = inventory(*releases)
    plan = choose(found, replace(LIMITS, max_size=most, keep=keep), NOW)
    left = [one for one in releases if one.identifier not in gone(plan)]
    assert {one.identifier for one in left} == set(kept(plan))
    assert all(not one.blobs & plan.blobs.keys() for one in left)
    assert not any(one.release.running or one.release.going for one in plan.releases)
    done = [one for one in releases if one.status == "done"]
    assert len([one for one in left if one.status == "done"]) >= min(keep, len(done))
    size = sum(one.size for one in left) + sum(
        size for digest, size in found.blobs.items() if digest not in plan.blobs
    )
    assert plan.over == max(0, size - most)
