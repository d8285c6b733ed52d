"""Which versions an advisory touches: OSV's evaluation, distributions, Go's two kinds of ranges, fixes."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.advisories.interface import Hit, PackageQuery
from shipseal.advisories.ordering import compare_versions
from shipseal.scan.interface import FixState, Severity
from tests.support.scanning import CRITICAL_VECTOR, advisory, database

Events = list[tuple[str, str]]


def hits(record: dict[str, Any], version: str, *others: dict[str, Any]) -> tuple[Hit, ...]:
    """Return what the records say about ``version`` of the package that ``record`` is about."""
    package = record["affected"][0]["package"]
    query = PackageQuery(package["ecosystem"], package["name"], version)
    return database(record, *others).match(query).hits


def python(*events: tuple[str, str], **members: Any) -> dict[str, Any]:
    """Return an advisory about a Python package."""
    return advisory("PYSEC-2026-1", "PyPI", "sample", list(events), **members)


@pytest.mark.parametrize(
    ("events", "affected", "unaffected"),
    [
        ([("introduced", "0"), ("fixed", "1.5")], ["0.0.1.dev1", "1.4.9", "1.5rc1"], ["1.5", "2"]),
        (
            [("introduced", "1.0"), ("last_affected", "1.5")],
            ["1.0", "1.5"],
            ["0.9", "1.5.post1", "1.6"],
        ),
        ([("introduced", "1.0")], ["1.0", "99"], ["1.0rc1"]),
        (
            [("introduced", "2.0"), ("fixed", "2.3"), ("introduced", "0"), ("fixed", "1.5")],
            ["1.4", "2.0", "2.2"],
            ["1.5", "1.9", "2.3"],
        ),
        (
            [("introduced", "0"), ("fixed", "1.0"), ("introduced", "1.0"), ("fixed", "2.0")],
            ["1.0"],
            ["2.0"],
        ),
        ([("introduced", "0"), ("fixed", "1.5"), ("limit", "1.2")], ["1.1"], ["1.2", "1.3"]),
        ([("introduced", "0"), ("limit", "*")], ["1.1"], []),
        (
            [("introduced", "0"), ("fixed", "1.5"), ("introduced", "3.0"), ("fixed", "2.5")],
            ["1.4"],
            ["1.5", "2.6", "3.0", "99"],
        ),
        (
            [("introduced", "0"), ("introduced", "2.0"), ("fixed", "1.5"), ("fixed", "2.3")],
            ["1.4", "2.2"],
            ["1.5", "2.3"],
        ),
    ],
)
def test_events_decide(events: Events, affected: list[str], unaffected: list[str]) -> None:
    record = python(*events)
    assert [version for version in affected if not hits(record, version)] == []
    assert [version for version in unaffected if hits(record, version)] == []


def test_an_enumerated_version_is_affected_whatever_the_ranges_say() -> None:
    record = python(("introduced", "2.0"), versions=["1.3"])
    assert hits(record, "1.3")
    assert not hits(record, "1.4")


def test_commits_are_no_versions() -> None:
    record = python(("introduced", "0"))
    record["affected"][0]["ranges"][0]["type"] = "GIT"
    assert not hits(record, "1.0")


def test_a_withdrawn_record_never_matches() -> None:
    assert not hits(python(("introduced", "0"), withdrawn="2026-01-11T00:00:00Z"), "1.0")


@pytest.mark.parametrize("name", ["Zope.Interface", "zope_interface", "ZOPE--INTERFACE"])
def test_python_names_have_many_spellings(name: str) -> None:
    record = advisory("X-1", "PyPI", "zope-interface", [("introduced", "0")])
    assert database(record).match(PackageQuery("PyPI", name, "1")).hits


def test_other_names_differ_by_separator_but_not_by_case() -> None:
    base = database(advisory("X-1", "npm", "lodash.merge", [("introduced", "0")]))
    assert base.match(PackageQuery("npm", "Lodash.Merge", "1.0.0")).hits
    assert not base.match(PackageQuery("npm", "lodash-merge", "1.0.0")).hits


def test_the_fix_is_that_of_the_range_the_version_is_in() -> None:
    record = python(("introduced", "0"), ("fixed", "1.5"), ("introduced", "2.0"), ("fixed", "2.3"))
    (hit,) = hits(record, "2.1")
    assert hit.fix_versions == ("2.3",)
    assert hit.fix_state is FixState.FIXED


@pytest.mark.parametrize(
    ("events", "state", "fixes"),
    [
        ([("introduced", "0")], FixState.NOT_FIXED, ()),
        ([("introduced", "0"), ("last_affected", "2.0")], FixState.UNKNOWN, ()),
        (
            [("introduced", "0"), ("last_affected", "2.0"), ("fixed", "2.1")],
            FixState.FIXED,
            ("2.1",),
        ),
        (
            [("introduced", "0"), ("last_affected", "2.0"), ("introduced", "3"), ("fixed", "3.1")],
            FixState.UNKNOWN,
            (),
        ),
    ],
)
def test_fix_states(events: Events, state: FixState, fixes: tuple[str, ...]) -> None:
    (hit,) = hits(python(*events), "1.0")
    assert (hit.fix_state, hit.fix_versions) == (state, fixes)


def test_a_database_may_say_that_nobody_will_fix_it() -> None:
    record = advisory(
        "DSA-1",
        "Debian:12",
        "tar",
        [("introduced", "0")],
        ecosystem_specific={"fix_state": "wont-fix"},
    )
    (hit,) = hits(record, "1.34-1")
    assert hit.fix_state is FixState.WONT_FIX


def test_several_entries_of_one_record_are_one_hit_with_all_fixes() -> None:
    record = python(("introduced", "0"), ("fixed", "3.0"))
    record["affected"] += python(("introduced", "0"), ("fixed", "2.5"))["affected"]
    (hit,) = hits(record, "1.0")
    assert hit.fix_versions == ("2.5", "3.0")


def test_a_distribution_record_is_a_finding_for_each_vulnerability_it_names() -> None:
    record = advisory(
        "DSA-5000-1",
        "Debian:12",
        "openssl",
        [("introduced", "0"), ("fixed", "3.0.11-1~deb12u2")],
        upstream=["CVE-2026-2", "CVE-2026-1"],
    )
    rated = advisory(
        "CVE-2026-1", "Nowhere", "x", [], severity=[{"type": "CVSS_V3", "score": CRITICAL_VECTOR}]
    )
    found = hits(record, "3.0.11-1~deb12u1", rated)
    assert [(hit.id, hit.severity) for hit in found] == [
        ("CVE-2026-1", Severity.CRITICAL),
        ("CVE-2026-2", Severity.UNKNOWN),
    ]
    assert found[0].aliases == ("DSA-5000-1",)
    assert not hits(record, "3.0.11-1~deb12u2", rated)


def test_of_two_records_of_one_vulnerability_the_one_with_a_fix_is_told() -> None:
    open_ended = advisory(
        "DEBIAN-CVE-2026-1", "Debian:12", "tar", [("introduced", "0")], upstream=["CVE-2026-1"]
    )
    fixed = advisory(
        "DSA-1-1",
        "Debian:12",
        "tar",
        [("introduced", "0"), ("fixed", "2")],
        upstream=["CVE-2026-1"],
    )
    (hit,) = hits(open_ended, "1", fixed)
    assert hit.fix_versions == ("2",)


def test_releases_of_a_distribution_are_kept_apart() -> None:
    base = database(
        advisory("A-1", "Alpine:v3.19", "zlib", [("introduced", "0"), ("fixed", "1.3-r1")])
    )
    assert base.match(PackageQuery("Alpine:v3.19", "zlib", "1.3-r0")).hits
    assert not base.match(PackageQuery("Alpine:v3.20", "zlib", "1.3-r0")).hits
    assert base.covers("alpine:3.19")
    assert not base.covers("Alpine:v3.20")


@pytest.mark.parametrize(
    ("standard", "custom", "affected", "unaffected"),
    [
        # The standard range is a stand-in.
        (
            [("introduced", "0")],
            [("introduced", "1.2"), ("fixed", "1.4")],
            ["v1.3.0"],
            ["v1.1.0", "v1.4.0"],
        ),
        # The standard range only says where it begins.
        (
            [("introduced", "1.2.0")],
            [("introduced", "0"), ("fixed", "1.4")],
            ["v1.3.0"],
            ["v1.1.0", "v1.4.0"],
        ),
        # One fix for each line of releases.
        (
            [("introduced", "0")],
            [("introduced", "4.12"), ("fixed", "5.0.7"), ("fixed", "5.21.5"), ("fixed", "6.8")],
            ["v4.12.0", "v5.0.8", "v6.7.0"],
            ["v4.11.0", "v6.8.0"],
        ),
        # The custom range ends at the name of a tag.
        (
            [("introduced", "0"), ("fixed", "0.5.1")],
            [("introduced", "0"), ("fixed", "edge-24.6.2")],
            ["v0.5.0"],
            ["v0.5.1", "v2.0.0"],
        ),
        # The custom range only says where it begins.
        (
            [("introduced", "0"), ("fixed", "29.2.0+incompatible")],
            [("introduced", "19.3.0+incompatible")],
            ["v20.0.0+incompatible"],
            ["v18.0.0+incompatible", "v29.5.3+incompatible"],
        ),
        # Both have ends.
        (
            [("introduced", "0"), ("fixed", "1.0.0")],
            [("introduced", "2.0.0"), ("fixed", "2.5.0")],
            ["v0.9.0", "v2.1.0"],
            ["v1.5.0", "v2.5.0"],
        ),
    ],
)
def test_the_two_kinds_of_ranges_of_go_narrow_each_other(
    standard: Events, custom: Events, affected: list[str], unaffected: list[str]
) -> None:
    specific = {"custom_ranges": [{"type": "ECOSYSTEM", "events": [{k: v} for k, v in custom]}]}
    record = advisory("GO-2026-1", "Go", "example.org/m", standard, ecosystem_specific=specific)
    assert [version for version in affected if not hits(record, version)] == []
    assert [version for version in unaffected if hits(record, version)] == []


def test_a_field_of_that_name_in_another_form_is_left_alone() -> None:
    record = advisory(
        "X-1",
        "Go",
        "m",
        [("introduced", "0"), ("fixed", "1.0.0")],
        ecosystem_specific={"custom_ranges": ["1"]},
    )
    assert hits(record, "v0.5.0")
    assert not hits(record, "v1.0.0")


def test_a_version_that_no_order_accepts_matches_nothing_and_is_a_gap() -> None:
    record = python(("introduced", "0"))
    answer = database(record).match(PackageQuery("PyPI", "sample", "2.8.16rc1.1"))
    assert answer.hits == ()
    (gap,) = answer.gaps
    assert "'2.8.16rc1.1' is not a version that can be ordered" in gap
    assert "1 advisories" in gap
    assert answer.problems == ()


def test_such_a_version_still_matches_where_it_is_enumerated() -> None:
    record = python(("introduced", "0"), versions=["2.8.16rc1.1"])
    assert hits(record, "2.8.16rc1.1")
    assert database(record).match(PackageQuery("PyPI", "sample", "2.8.16rc1.1")).gaps == ()


def test_a_bound_that_is_no_version_still_finds_and_is_told() -> None:
    record = advisory(
        "A-1", "Alpine:v3.11", "openssl", [("introduced", "0"), ("fixed", "2.7.16-33")]
    )
    answer = database(record).match(PackageQuery("Alpine:v3.11", "openssl", "2.7.16-r0"))
    assert [hit.id for hit in answer.hits] == ["A-1"]
    assert "2.7.16-33" in answer.problems[0]


def test_what_a_package_already_has_the_fix_for_is_known_with_its_aliases() -> None:
    record = advisory(
        "DSA-1-1",
        "Debian:12",
        "ruby-rack",
        [("introduced", "0"), ("fixed", "2.2.6")],
        upstream=["CVE-2026-1"],
    )
    base = database(record)
    query = PackageQuery("Debian:12", "ruby-rack", "2.2.7")
    assert base.resolved(query) == {"DSA-1-1", "CVE-2026-1"}
    assert base.resolved(PackageQuery("Debian:12", "ruby-rack", "2.2.5")) == frozenset()
    assert base.resolved(PackageQuery("Debian:12", "ruby-rack", "not a version")) == frozenset()


_VERSION = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda pair: f"{pair[0]}.{pair[1]}")


@given(bounds=st.lists(_VERSION, min_size=1, max_size=6, unique=True), version=_VERSION)
@settings(max_examples=120)
def test_ranges_agree_with_the_plain_meaning_of_their_bounds(
    bounds: list[str], version: str
) -> None:
    ordered = sorted(bounds, key=lambda text: tuple(map(int, text.split("."))))
    kinds = itertools.cycle(("introduced", "fixed"))
    events = [(next(kinds), bound) for bound in ordered]
    at_or_before = sum(compare_versions("PyPI", bound, version) in (-1, 0) for bound in ordered)
    expected = at_or_before % 2 == 1
    for shuffled in (events, list(reversed(events))):
        assert bool(hits(python(*shuffled), version)) is expected
