"""Fixes first: one update for all that it takes away."""

from shipseal.report.entries import entries_of
from shipseal.report.fixes import fixes_of
from shipseal.scan.interface import Exploited, Finding, FixState, Severity
from tests.support.overviews import SYSTEM, advise, judge, later, overview
from tests.support.scanning import NOW, finding, scan_report


def fixed(id: str, version: str, severity: Severity = Severity.HIGH, **members: object) -> Finding:
    return finding(id, severity, fix_state=FixState.FIXED, fix_versions=(version,), **members)


def test_the_update_is_the_one_that_takes_all_away() -> None:
    entries = entries_of(
        [scan_report(fixed("A", "2.9.0"), fixed("B", "2.10.0"), fixed("C", "2.4.1"))], advise=advise
    )
    (fix,) = fixes_of(entries, later)
    assert (fix.version, fix.advice.command) == ("2.10.0", "pip install paramiko==2.10.0")
    assert ([entry.finding.id for entry in fix.entries], fix.left) == (["A", "B", "C"], 0)


def test_what_has_no_fix_is_counted_as_left() -> None:
    entries = entries_of([scan_report(fixed("A", "3.0"), finding("B"))])
    (fix,) = fixes_of(entries, later)
    assert (len(fix.entries), fix.left, fix.version) == (1, 1, "3.0")


def test_without_a_fix_or_when_ignored_there_is_nothing_to_update() -> None:
    assert fixes_of(entries_of([scan_report(finding("B"))]), later) == ()
    ignored = fixed("A", "3.0", Severity.MEDIUM)
    assert fixes_of(entries_of([scan_report(ignored)], judge), later) == ()


def test_what_blocks_then_what_is_exploited_then_the_worst_comes_first() -> None:
    report = scan_report(
        fixed("A", "3.0", Severity.HIGH, name="many"),
        fixed("B", "3.0", Severity.HIGH, name="many"),
        fixed("C", "3.0", Severity.LOW, name="used", kev=Exploited(NOW.date())),
        fixed("D", "3.0", Severity.CRITICAL, name="blocks"),
        fixed("E", "3.0", Severity.HIGH, name="one"),
    )
    fixes = fixes_of(entries_of([report], judge), later)
    assert [fix.entries[0].finding.package.name for fix in fixes] == [
        "blocks",
        "used",
        "many",
        "one",
    ]
    assert fixes[0].blocking == 1


def test_the_fixed_version_of_the_branch_that_is_installed_is_taken() -> None:
    (fix,) = fixes_of(overview().entries, later)
    assert fix.version == "2.10.1"
    assert SYSTEM.id not in {entry.finding.id for entry in fix.entries}
