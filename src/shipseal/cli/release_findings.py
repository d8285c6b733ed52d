"""The vulnerabilities of a release, read back from its results and shown."""

from pathlib import Path

import msgspec

from shipseal._internal.limits import TOOL_OUTPUT, read_file
from shipseal.cli.given import as_given
from shipseal.cli.output import print_table, say, say_wrapped
from shipseal.errors import ShipsealError
from shipseal.report.interface import VulnerabilitySummary
from shipseal.report.tables import FINDING_COLUMNS, facts, finding_cells, summary_tables

SUMMARY = "summary.json"
NUMBERS = "Findings"
_SHOWN = 20
_PASSED = 50


def read_summary(results: Path) -> VulnerabilitySummary | None:
    """Return the summary in a release's results, or None when it was not scanned (or by another shipseal)."""
    try:
        return msgspec.json.decode(
            read_file(results / SUMMARY, TOOL_OUTPUT), type=VulnerabilitySummary
        )
    except (OSError, ShipsealError, msgspec.DecodeError):
        return None


def print_passed(results: Path) -> None:
    """Print the findings that do not block, the worst first."""
    summary = read_summary(results)
    if summary is None or not summary.passed:
        return
    say()
    rows = [finding_cells(row) for row in summary.passed[:_PASSED]]
    print_table(FINDING_COLUMNS, rows, title="Below the gate")
    if len(summary.passed) > _PASSED:
        say(f"and {len(summary.passed) - _PASSED} more: {results}")


def print_findings(results: Path) -> None:
    """Print what blocks, what is ignored, and by whose data; nothing when nothing was scanned.

    The numbers per platform stand in the release's own table.
    """
    summary = read_summary(results)
    if summary is None:
        return
    for table in summary_tables(summary, limit=_SHOWN):
        if table.title != NUMBERS:
            say()
            print_table(table.columns, table.rows, title=table.title)
        if table.more:
            say(f"and {table.more} more: {results}")
    _print_fixes(summary)
    say()
    for name, value in facts(summary):
        if name != "decision" or summary.outcome == "pass":
            say_wrapped(f"{name:10}{value}")


def _print_fixes(summary: VulnerabilitySummary) -> None:
    """Print the lines that bring the fixes of what stands in the way, one a package, and whose package it is."""
    if not summary.fixes:
        return
    say()
    say("To fix it")
    for row in summary.fixes[:_SHOWN]:
        where = {"base": "  # base image", "application": "  # application"}.get(row.origin, "")
        say(f"  {row.command}{where}")
    if len(summary.fixes) > _SHOWN:
        say(as_given(f"and {len(summary.fixes) - _SHOWN} more: shipseal gate explain"))
