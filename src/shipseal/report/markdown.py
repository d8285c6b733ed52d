"""The summary as Markdown for the job's page in GitHub Actions (S22).

GitHub cuts a step's summary at 1 MiB and shows none of a longer one, so the tables are cut first; everything is in the
``*-scan-results`` files.
"""

from collections.abc import Iterator, Sequence

from shipseal.report.interface import FindingRow, IgnoreRow, VulnerabilitySummary
from shipseal.report.markdown_parts import folded, left_out, table
from shipseal.report.tables import FINDING_COLUMNS, SEVERITIES, finding_cells, ignore_cells
from shipseal.report.text import markdown

STEP_SUMMARY_BYTES = 1024 * 1024
_ROWS = 200
_FEWER = 10
_MARKS = {"pass": "✅", "fail": "❌", "undecided": "❔"}
_FINDING_HEADS = tuple(name.capitalize() for name in FINDING_COLUMNS)
_IGNORE_HEADS = ("Ignore", "Line", "Findings", "Reason", "Owner", "Until", "State")


def summary_markdown(
    summary: VulnerabilitySummary, *, title: str, most: int = STEP_SUMMARY_BYTES
) -> str:
    """Return the summary as GitHub Markdown of at most ``most`` bytes.

    Args:
        summary: what to show.
        title: the heading, such as the image and its version.
        most: bytes, as UTF-8.
    """
    text = _render(summary, title, _ROWS)
    if len(text.encode()) > most:
        text = _render(summary, title, _FEWER)
    return text.encode()[:most].decode("utf-8", "ignore")


def _render(summary: VulnerabilitySummary, title: str, limit: int) -> str:
    lines = [
        f"## {_MARKS.get(summary.outcome, '')} Vulnerabilities of {markdown(title)}".strip(),
        "",
        markdown(summary.headline, 2000),
        "",
        *_platforms(summary),
        *_findings("What refuses", summary.refused, limit),
        *_findings("What is undecided", summary.undecided, limit),
        *_ignores(summary.ignores, limit),
        *_facts(summary),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _platforms(summary: VulnerabilitySummary) -> Iterator[str]:
    if not summary.platforms:
        return
    yield from table(
        ("Platform", *(name.capitalize() for name in SEVERITIES), "Ignored"),
        [
            (
                row.platform,
                *(str(row.counts.get(severity, 0)) for severity in SEVERITIES),
                str(row.ignored),
            )
            for row in summary.platforms
        ],
    )


def _findings(title: str, rows: Sequence[FindingRow], limit: int) -> Iterator[str]:
    if rows:
        yield f"### {title}"
        yield ""
        yield from table(_FINDING_HEADS, [finding_cells(row) for row in rows[:limit]])
        yield from left_out(len(rows) - limit)


def _ignores(rows: Sequence[IgnoreRow], limit: int) -> Iterator[str]:
    if rows:
        yield "### Ignores"
        yield ""
        yield from table(_IGNORE_HEADS, [ignore_cells(row) for row in rows[:limit]])
        yield from left_out(len(rows) - limit)


def _facts(summary: VulnerabilitySummary) -> Iterator[str]:
    named = (
        ("Policy", summary.policy),
        ("Engine", (*summary.engines, *((summary.choice,) if summary.choice else ()))),
        ("Data", summary.databases),
        ("Notes", summary.notes),
    )
    yield from folded("How this was found and decided", named)
