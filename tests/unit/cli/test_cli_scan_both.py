"""Two scanners on one SBOM: what either found counts, and what only one found is shown."""

from shipseal.cli.scan_both import compared
from shipseal.scan.interface import Severity
from tests.support.scanning import ARM64, finding, scan_report

OURS = finding("PYSEC-1", aliases=("CVE-1",))
THEIRS = finding("GHSA-1", aliases=("CVE-1",))
ALONE = finding("CVE-2", Severity.CRITICAL)


def test_what_only_the_other_found_counts_too() -> None:
    (report,), view = compared(
        [scan_report(OURS, scanner="shipseal-builtin")], [scan_report(THEIRS, ALONE)]
    )
    assert [item.id for item in report.findings] == ["CVE-2", "PYSEC-1"]
    assert report.scanner == "shipseal-builtin"
    assert "1 finding(s) are grype's alone" in report.notes
    (row,) = view.differences
    assert (row.id, row.found_by, row.missed_by, row.severity) == (
        "CVE-2",
        "grype",
        "shipseal-builtin",
        "critical",
    )


def test_one_vulnerability_under_two_names_is_no_difference() -> None:
    (report,), view = compared([scan_report(OURS)], [scan_report(THEIRS)])
    assert report.findings == (OURS,)
    assert view.differences == ()
    assert "agree on 1 of 1" in view.summary[0]


def test_what_only_the_first_found_is_a_difference_and_stays() -> None:
    (report,), view = compared([scan_report(ALONE, scanner="a")], [scan_report(scanner="b")])
    assert report.findings == (ALONE,)
    assert [row.found_by for row in view.differences] == ["a"]


def test_the_same_id_in_another_version_is_another_finding() -> None:
    other = finding("PYSEC-1", version="9")
    (report,), _ = compared([scan_report(OURS)], [scan_report(OURS, other)])
    assert len(report.findings) == 2


def test_each_platform_is_compared_by_itself() -> None:
    reports, view = compared(
        [scan_report(ALONE), scan_report(platform=ARM64)],
        [scan_report(ALONE), scan_report(ALONE, platform=ARM64)],
    )
    assert [len(report.findings) for report in reports] == [1, 1]
    assert [row.platform for row in view.differences] == ["linux/arm64"]
    assert view.summary[1].startswith("linux/arm64: ")
