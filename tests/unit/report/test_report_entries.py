"""Findings of several platforms taken together, worst first."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.oci import Platform
from shipseal.report.entries import entries_of, of_origin, platform_name
from shipseal.report.interface import Judgement
from shipseal.scan.interface import Exploited, Finding, Likelihood, Origin, Severity
from tests.support.overviews import SECOND, SYSTEM, UNRATED, WORST, judge, overview
from tests.support.scanning import ARM64, NOW, finding, scan_report


def test_one_entry_stands_for_all_platforms_that_have_it() -> None:
    first, *others = overview().entries
    assert first.finding == WORST
    assert first.platforms == ("linux/amd64", "linux/arm64")
    assert first.locations == ("/usr/lib/python3/paramiko/METADATA",)
    assert first.cve == "CVE-2018-7750"
    assert [entry.finding.id for entry in others] == [SECOND.id, SYSTEM.id, UNRATED.id]
    assert [entry.cve for entry in others] == ["CVE-2022-24302", SYSTEM.id, UNRATED.id]


def test_two_versions_of_a_package_are_two_entries() -> None:
    other = finding("CVE-1", version="9")
    assert len(entries_of([scan_report(finding("CVE-1"), other)])) == 2


def test_places_of_one_package_are_one_entry() -> None:
    twice = [finding("CVE-1", locations=(f"/{name}/METADATA",)) for name in "ba"]
    (entry,) = entries_of([scan_report(*twice)])
    assert entry.locations == ("/a/METADATA", "/b/METADATA")


def test_of_equal_severity_the_exploited_the_likely_and_the_fixable_come_first() -> None:
    exploited = finding("CVE-4", kev=Exploited(NOW.date()), name="z")
    likely = finding("CVE-3", epss=Likelihood(0.9, 0.9), name="y")
    unlikely = finding("CVE-1", epss=Likelihood(0.1, 0.1), name="a")
    found = entries_of([scan_report(unlikely, likely, exploited, finding("CVE-0", name="0"))])
    assert [entry.finding.id for entry in found] == ["CVE-4", "CVE-3", "CVE-1", "CVE-0"]


def test_what_blocks_on_one_platform_blocks() -> None:
    def by_platform(platform: Platform, found: Finding) -> Judgement:
        return Judgement("fail" if platform == ARM64 else "ignored", str(platform))

    reports = [scan_report(finding()), scan_report(finding(), platform=ARM64)]
    (entry,) = entries_of(reports, by_platform)
    assert (entry.judgement.status, entry.judgement.rule) == ("fail", "linux/arm64")
    assert (entry.blocks, entry.ignored) == (True, False)


def test_without_a_gate_nothing_is_judged() -> None:
    (entry,) = entries_of([scan_report(finding())])
    assert (entry.judgement, entry.blocks, entry.ignored) == (Judgement(), False, False)


def test_an_sbom_without_a_platform_has_no_name() -> None:
    assert platform_name(Platform("unknown", "unknown")) == ""
    assert platform_name(ARM64) == "linux/arm64"


def test_a_view_of_one_origin_keeps_what_nobody_can_place() -> None:
    entries = overview().entries
    assert [entry.finding.id for entry in of_origin(entries, "base")] == [SYSTEM.id, UNRATED.id]
    assert len(of_origin(entries, "application")) == 3


def test_ignored_ones_do_not_count() -> None:
    assert dict(overview().counts()) == {"critical": 1, "high": 1, "unknown": 1}
    assert dict(overview(gated=False).counts())["medium"] == 1


FINDINGS = st.builds(
    finding,
    st.sampled_from(["CVE-1", "CVE-2"]),
    st.sampled_from(Severity),
    name=st.sampled_from("ab"),
    version=st.sampled_from("12"),
    origin=st.sampled_from(Origin),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(FINDINGS, max_size=12))
def test_no_finding_is_lost_and_the_worst_is_first(found: list[Finding]) -> None:
    entries = entries_of([scan_report(*found)], judge)
    keys = {(one.id, one.package.name, one.package.version) for one in found}
    assert len(entries) == len(keys)
    order = [entry.finding.severity for entry in entries]
    assert order == sorted(order, reverse=True)
