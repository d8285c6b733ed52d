"""Two reports on one SBOM, compared."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.oci import Digest
from shipseal.scan.compare import Comparison, compare_reports
from shipseal.scan.interface import Database, Finding, ScanReport, Severity
from tests.support.scanning import NOW, finding, scan_report


def ours(*findings: Finding, **members: object) -> ScanReport:
    return replace(scan_report(*findings), scanner="shipseal-builtin", **members)  # type: ignore[arg-type]


def test_equal_reports_agree() -> None:
    found = compare_reports(ours(finding()), scan_report(finding()))
    assert (found.common, found.differences, found.notes) == (1, (), ())
    assert found.agreement == 1.0
    assert found.summary == (
        "shipseal-builtin and grype agree on 1 of 1 vulnerabilities in packages (100.0%): "
        "0 found by shipseal-builtin alone, 0 by grype alone"
    )


def test_what_only_one_found_is_a_difference_and_the_worst_comes_first() -> None:
    mine = ours(finding(), finding("CVE-2026-0002", Severity.LOW))
    found = compare_reports(mine, scan_report(finding(), finding("CVE-2026-0003")))
    assert [(item.pair.id, item.found_by, item.missed_by) for item in found.differences] == [
        ("CVE-2026-0003", "grype", "shipseal-builtin"),
        ("CVE-2026-0002", "shipseal-builtin", "grype"),
    ]
    assert found.agreement == 1 / 3


def test_one_vulnerability_under_two_ids_is_no_difference() -> None:
    mine = ours(finding("PYSEC-2026-1", aliases=("CVE-2026-0001", "GHSA-1")))
    assert compare_reports(mine, scan_report(finding("CVE-2026-0001"))).common == 1
    advisory = compare_reports(
        ours(finding("GO-2026-1", aliases=("GHSA-1",))), scan_report(finding("GHSA-1"))
    )
    assert advisory.differences == ()


def test_the_same_vulnerability_in_another_version_is_a_difference() -> None:
    found = compare_reports(ours(finding(version="1.0")), scan_report(finding(version="1.1")))
    assert len(found.differences) == 2


def test_a_different_rating_is_no_difference() -> None:
    found = compare_reports(ours(finding(severity=Severity.LOW)), scan_report(finding()))
    assert (found.common, found.differences) == (1, ())


def test_a_gap_of_the_one_that_missed_it_is_the_reason() -> None:
    gap = "PyPI paramiko: 'one' is not a version that can be ordered, so the ranges of 1 advisories were not compared"
    found = compare_reports(ours(gaps=(gap,)), scan_report(finding()))
    assert found.differences[0].reason == f"shipseal-builtin: {gap}"


def test_an_ecosystem_that_was_not_covered_is_the_reason() -> None:
    gap = "3 package(s) of PyPI were not looked up: the advisory database has nothing for it (a, paramiko, z)"
    found = compare_reports(ours(gaps=(gap,)), scan_report(finding()))
    assert found.differences[0].reason == f"shipseal-builtin: {gap}"


def test_a_bound_that_was_compared_as_text_is_the_reason() -> None:
    note = (
        "PyPI paramiko: CVE-2026-0001 has a bound that is no version (x); it was compared as text"
    )
    found = compare_reports(ours(finding(), notes=(note,)), scan_report())
    assert found.differences[0].reason == f"shipseal-builtin: {note}"


def test_grype_does_not_look_up_rpms_in_almalinux_own_data() -> None:
    found = compare_reports(ours(finding(type="rpm")), scan_report())
    assert "Red Hat's advisories" in found.differences[0].reason


def test_data_of_different_days_is_the_reason_and_a_note() -> None:
    older = Database("old", "sha256:" + "0" * 64, NOW - timedelta(days=3), "1")
    found = compare_reports(ours(finding(), database=older), scan_report())
    assert found.differences[0].reason == "the two databases are not of the same day"
    assert found.notes[0].startswith("shipseal-builtin used old sha256:")


def test_reports_on_different_sboms_are_noted() -> None:
    found = compare_reports(ours(sbom_digest=Digest("sha256:" + "7" * 64)), scan_report())
    assert "they are not about the same SBOM" in found.notes[0]


def test_what_no_report_explains_has_no_reason() -> None:
    assert compare_reports(ours(finding()), scan_report()).differences[0].reason == ""


_FINDINGS = st.lists(
    st.builds(
        lambda number, alias, severity, name: finding(
            f"CVE-2026-{number}",
            severity,
            name=name,
            aliases=(f"GHSA-{alias}",) if alias else (),
        ),
        st.integers(1, 5),
        st.integers(0, 3),
        st.sampled_from(Severity),
        st.sampled_from(["a", "b"]),
    ),
    max_size=6,
)


@given(mine=_FINDINGS, other=_FINDINGS)
@settings(max_examples=100, deadline=None)
def test_a_comparison_is_the_same_from_both_sides(
    mine: list[Finding], other: list[Finding]
) -> None:
    def told(found: Comparison) -> tuple[int, object]:
        return found.common, found.differences

    left, right = ours(*mine), scan_report(*other)
    assert told(compare_reports(left, right)) == told(compare_reports(right, left))
    assert 0.0 <= compare_reports(left, right).agreement <= 1.0
