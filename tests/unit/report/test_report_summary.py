"""Summaries for people: what refuses first, names from outside made safe, never too long for GitHub."""

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.gate.decision import decide
from shipseal.gate.policy import GatePolicy, UnknownRule
from shipseal.gate.summary import database_text, summarize
from shipseal.ignores.read import read_ignores
from shipseal.report.interface import VulnerabilitySummary
from shipseal.report.markdown import STEP_SUMMARY_BYTES, summary_markdown
from shipseal.report.tables import FINDING_COLUMNS, facts, finding_cells, summary_tables
from shipseal.report.text import markdown, printable
from shipseal.scan.interface import Database, FixState, Origin, ScanReport, Severity
from tests.support.ignoring import why
from tests.support.scanning import ARM64, finding, scan_report

NOW = datetime(2026, 1, 14, tzinfo=UTC)
BAD = finding(
    "GHSA-232r",
    Severity.CRITICAL,
    aliases=("CVE-2018-7750",),
    fix_state=FixState.FIXED,
    fix_versions=("2.4.1",),
)
IGNORES = f"""\
ignore:
  - vulnerability: CVE-1
    reason: not reachable
    owner: anna
    expires: 2026-03-01
{why(4)}
  - {{vulnerability: CVE-2, owner: ben, expires: 2026-01-01}}
  - {{reason: no condition}}
  - {{vulnerability: CVE-3, owner: eve}}
"""


def summary(*reports: ScanReport, policy: GatePolicy | None = None) -> VulnerabilitySummary:
    rules = read_ignores(IGNORES, name="x").rules
    policy = policy or GatePolicy(unknown=UnknownRule.UNDECIDED)
    report = decide(reports, policy, rules, now=NOW)
    return summarize(report, choice="scan engine grype: found it")


FULL = (
    scan_report(
        BAD,
        finding("CVE-1"),
        finding("CVE-2"),
        finding("CVE-3", Severity.UNKNOWN),
        notes=("a note",),
    ),
    scan_report(BAD, platform=ARM64, gaps=("rpm packages",)),
)


def test_the_summary_has_a_row_for_each_vulnerability_of_a_package() -> None:
    found = summary(*FULL)
    (row,) = found.refused
    assert (row.id, row.cve, row.severity) == ("GHSA-232r", "CVE-2018-7750", "critical")
    assert (row.package, row.version, row.fix) == ("paramiko", "2.4.0", "2.4.1")
    assert row.platforms == ("linux/amd64", "linux/arm64")
    assert row.location == "/usr/lib/python3/paramiko/METADATA"
    assert [row.id for row in found.undecided] == ["CVE-3"]
    assert [row.id for row in found.passed] == ["CVE-2"]
    assert [(row.platform, dict(row.counts), row.ignored) for row in found.platforms] == [
        ("linux/amd64", {"critical": 1, "high": 1, "unknown": 1}, 1),
        ("linux/arm64", {"critical": 1}, 0),
    ]


def test_ignores_that_act_and_those_that_do_not_are_shown() -> None:
    rows = {row.rule: row for row in summary(*FULL).ignores}
    assert rows["CVE-1"].ids == ("CVE-1",)
    assert (rows["CVE-1"].reason, rows["CVE-1"].owner) == ("not reachable", "anna")
    assert (rows["CVE-2"].problem, rows["CVE-2"].owner) == ("it has ended", "ben")
    assert (rows["CVE-3"].problem, rows["CVE-3"].owner) == (
        "it lacks description, impact, component, tracking, removal and issue",
        "eve",
    )
    assert "never applies" in rows["a rule without condition"].problem


@pytest.mark.parametrize(
    ("built", "words"),
    [
        (datetime(2026, 1, 14, tzinfo=UTC), "(today)"),
        (datetime(2026, 1, 13, tzinfo=UTC), "(1 day old)"),
        (datetime(2026, 1, 4, tzinfo=UTC), "built 2026-01-04T00:00:00Z (10 days old)"),
        (None, "of unknown age"),
    ],
)
def test_the_age_of_the_data_is_said(built: datetime | None, words: str) -> None:
    assert words in database_text(Database("osv", "sha256:1", built, "1"), NOW)


def test_markdown_tells_decision_findings_ignores_and_data() -> None:
    text = summary_markdown(summary(*FULL), title="app 1.0")
    for words in (
        "## ❌ Vulnerabilities of app 1.0",
        "| linux/amd64 | 1 | 1 | 0 | 0 | 0 | 1 | 1 |",
        "### What refuses",
        "| GHSA\\-232r \\(CVE\\-2018\\-7750\\) | critical | paramiko | 2.4.0 | 2.4.1 |",
        "### What is undecided",
        "does not ignore: it has ended",
        "- Engine: grype 0.121.2",
        "- Policy: critical refuses",
        "(2 days old)".replace("(", "\\(").replace(")", "\\)"),
    ):
        assert words in text, words


def test_a_pass_has_no_table_of_findings() -> None:
    text = summary_markdown(summary(scan_report(finding())), title="app")
    assert text.startswith("## ✅")
    assert "What refuses" not in text


def test_a_huge_summary_is_cut_to_what_github_takes() -> None:
    found = summary(
        scan_report(
            *(finding(f"CVE-{n}", Severity.CRITICAL, name="n" * 150) for n in range(10, 3010))
        )
    )
    whole = summary_markdown(found, title="app")
    assert "… and 2800 more: see the scan results." in whole
    assert len(whole.encode()) <= STEP_SUMMARY_BYTES
    short = summary_markdown(found, title="app", most=20_000)
    assert "… and 2990 more: see the scan results." in short
    assert len(short.encode()) <= 20_000


def test_tables_have_the_same_rows_and_say_what_they_leave_out() -> None:
    found = summary(scan_report(*(finding(f"CVE-{n}", Severity.CRITICAL) for n in range(10, 70))))
    tables = {table.title: table for table in summary_tables(found, limit=50)}
    assert (len(tables["Refuses"].rows), tables["Refuses"].more) == (50, 10)
    assert all(len(row) == len(table.columns) for table in tables.values() for row in table.rows)
    assert dict(facts(found))["chosen"] == "scan engine grype: found it"


HOSTILE = [
    "a|b",
    "<script>alert(1)</script>",
    "[click](https://evil.example)",
    "https://evil.example/x",
    "`code` **bold** _it_ ~no~ $x$ @team #1",
    "line\nbreak\ttab",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe",
    "![i](x)",
    "&amp;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    found = summary(scan_report(finding("CVE-9", Severity.CRITICAL, name=name, version=name)))
    text = summary_markdown(found, title=name)
    (line,) = [line for line in text.splitlines() if line.startswith(("| CVE-9", "| CVE\\-9"))]
    assert line.replace("\\|", "").count("|") == 9
    plain = re.sub(r"\\.", "", text)  # what a backslash stands before is shown as it is
    for raw in ("<script", "[", "https://", "\x1b", "\u202e", "*", "`", "@", "$"):
        assert raw not in plain
    for table in summary_tables(found):
        for cell in (cell for row in table.rows for cell in row):
            assert not {"\n", "\t", "\x1b", "\x07", "\u202e"} & set(cell)


@given(st.text(max_size=300))
@settings(max_examples=200)
def test_no_text_breaks_a_line_or_a_cell(text: str) -> None:
    shown = printable(text, 100)
    assert len(shown) <= 100
    assert len(shown.splitlines()) <= 1
    assert all(unicodedata.category(character) not in ("Cc", "Cf") for character in shown)
    escaped = markdown(text)
    assert "|" not in escaped.replace("\\\\", "").replace("\\|", "")
    assert "<" not in escaped


def test_a_row_says_whose_package_it_is_where_that_is_known() -> None:
    found = summary(
        scan_report(
            finding("CVE-8", Severity.CRITICAL, origin=Origin.BASE),
            finding("CVE-9", Severity.CRITICAL, name="b"),
        )
    )
    first, second = (finding_cells(row) for row in found.refused)
    at = FINDING_COLUMNS.index("from")
    assert (first[at], second[at]) == ("base", "")
