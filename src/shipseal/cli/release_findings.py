"""The vulnerabilities of a release, read back from its results and shown."""

from pathlib import Path

import msgspec

from shipseal._internal.limits import TOOL_OUTPUT, read_file
from shipseal.cli.output import print_table, say
from shipseal.errors import ShipsealError
from shipseal.report.interface import VulnerabilitySummary
from shipseal.report.tables import facts, summary_tables

SUMMARY = "summary.json"
NUMBERS = "Findings"
_SHOWN = 20


def read_summary(results: Path) -> VulnerabilitySummary | None:
    """Return the summary in a release's results, or None when it was not scanned (or by another shipseal)."""
    try:
        return msgspec.json.decode(
            read_file(results / SUMMARY, TOOL_OUTPUT), type=VulnerabilitySummary
        )
    except (OSError, ShipsealError, msgspec.DecodeError):
        return None


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
    say()
    for name, value in facts(summary):
        say(f"{name:10}{value}")
