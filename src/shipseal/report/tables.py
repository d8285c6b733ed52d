"""The summary as plain tables, for a terminal to draw."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shipseal.report.interface import FindingRow, IgnoreRow, VulnerabilitySummary
from shipseal.report.text import printable

FINDING_COLUMNS = (
    "vulnerability",
    "severity",
    "package",
    "installed",
    "fix",
    "from",
    "where",
    "platforms",
)
SEVERITIES = ("critical", "high", "medium", "low", "negligible", "unknown")


@dataclass(frozen=True, slots=True)
class Table:
    """One table; all text is safe to print.

    Attributes:
        title: what it shows.
        columns: headings.
        rows: as many cells as there are columns.
        more: how many rows were left out.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0


def summary_tables(summary: VulnerabilitySummary, *, limit: int = 50) -> tuple[Table, ...]:
    """Return the tables that have rows: numbers per platform, what refuses, what is open, ignores.

    Args:
        summary: what to show.
        limit: rows of one table.
    """
    tables = (
        _platforms(summary),
        _findings("Refuses", summary.refused, limit),
        _findings("Undecided", summary.undecided, limit),
        _ignores(summary.ignores, limit),
    )
    return tuple(table for table in tables if table.rows)


def facts(summary: VulnerabilitySummary) -> Iterator[tuple[str, str]]:
    """Yield what stands above the tables: headline, policy, engine and data, each with its name."""
    yield "decision", printable(summary.headline, 2000)
    yield "policy", printable("; ".join(summary.policy))
    yield "engine", printable(", ".join(summary.engines))
    if summary.choice:
        yield "chosen", printable(summary.choice)
    for database in summary.databases:
        yield "data", printable(database)
    for note in summary.notes:
        yield "note", printable(note)


def _platforms(summary: VulnerabilitySummary) -> Table:
    rows = tuple(
        (
            printable(row.platform),
            *(str(row.counts.get(severity, 0)) for severity in SEVERITIES),
            str(row.ignored),
        )
        for row in summary.platforms
    )
    return Table("Findings", ("platform", *SEVERITIES, "ignored"), rows)


def _findings(title: str, rows: Sequence[FindingRow], limit: int) -> Table:
    return Table(
        title,
        FINDING_COLUMNS,
        tuple(finding_cells(row) for row in rows[:limit]),
        max(0, len(rows) - limit),
    )


def finding_cells(row: FindingRow) -> tuple[str, ...]:
    """Return the cells of one finding, safe to print."""
    name = f"{row.id} ({row.cve})" if row.cve else row.id
    cells = (
        name,
        row.severity,
        row.package,
        row.version,
        row.fix,
        "" if row.origin == "unknown" else row.origin,
        row.location,
        ", ".join(row.platforms),
    )
    return _safe(cells)


def _ignores(rows: Sequence[IgnoreRow], limit: int) -> Table:
    columns = ("ignore", "line", "findings", "reason", "owner", "until", "state")
    return Table(
        "Ignores",
        columns,
        tuple(ignore_cells(row) for row in rows[:limit]),
        max(0, len(rows) - limit),
    )


def ignore_cells(row: IgnoreRow) -> tuple[str, ...]:
    """Return the cells of one ignore, safe to print."""
    state = f"does not ignore: {row.problem}" if row.problem else "ignores"
    line = str(row.line) if row.line else ""
    return _safe(
        (
            row.rule,
            line,
            str(row.findings),
            row.reason,
            row.owner or "nobody",
            row.until or "no end",
            state,
        )
    )


def _safe(cells: Iterable[str]) -> tuple[str, ...]:
    return tuple(printable(cell, 200) for cell in cells)
