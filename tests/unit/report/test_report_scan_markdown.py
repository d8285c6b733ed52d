"""The step summary of a scan: verdict, totals, fixes first, and never more than GitHub shows."""

from dataclasses import replace

import pytest

from shipseal.report.scan_markdown import MOST_BYTES, scan_markdown
from shipseal.scan.interface import Severity
from tests.support.overviews import REFUSED, later, overview
from tests.support.scanning import finding, scan_report


def test_it_has_verdict_totals_fixes_and_findings() -> None:
    text = scan_markdown(overview(), later)
    for words in (
        "## Vulnerabilities of registry.example.org/shop/app:1.4.0",
        "**❌ Refused**",
        "| 1 | 1 | 0 | 0 | 0 | 1 | 3 | 2 | 1 |",
        "### Fix these first",
        "| paramiko | 2.4.0 | 2.10.1 | 1 critical, 1 high | pip install paramiko==2.10.1 |",
        "### What blocks",
        "KEV EPSS 42% | critical | paramiko | 2.4.0 | 2.4.1 | application |",
        "<details><summary>What does not block</summary>",
        "- Policy: critical refuses",
    ):
        assert words in text.replace("\\", ""), words


def test_what_is_ignored_stands_apart_with_its_rule() -> None:
    text = scan_markdown(overview(), later).replace("\\", "")
    folded, _, ignored = text.partition("### Ignored")
    assert "| CVE-2023-5363 | medium | libssl3 | 3.0.11-1 | CVE-2023-5363 (line 3) |" in ignored
    assert "libssl3" not in folded
    assert "### Ignored" not in scan_markdown(overview(gated=False), later)


@pytest.mark.parametrize(
    ("outcome", "words"), [("pass", "✅ Passes"), ("undecided", "❔ Undecided")]
)
def test_each_outcome_has_its_mark(outcome: str, words: str) -> None:
    assert words in scan_markdown(overview(gate=replace(REFUSED, outcome=outcome)), later)


def test_without_a_gate_there_is_one_list() -> None:
    text = scan_markdown(overview(gated=False), later)
    assert "### Findings" in text
    assert "What blocks" not in text


def test_what_may_be_missing_is_said_above_all() -> None:
    text = scan_markdown(overview(incomplete=("linux/amd64: no-packages: none",)), later)
    assert "⚠️ The catalogue may not be whole" in text


def test_nothing_found_is_short() -> None:
    text = scan_markdown(overview(scan_report(), gate=None), later)
    assert "###" not in text


def test_a_huge_scan_is_cut_to_what_github_shows() -> None:
    many = [
        finding(f"CVE-{n}", Severity.CRITICAL, name="n" * 150, locations=("/x" * 90,))
        for n in range(5000)
    ]
    text = scan_markdown(overview(scan_report(*many)), later)
    assert len(text.encode()) <= MOST_BYTES
    assert "… and 4900 more: see the scan results." in text
    short = scan_markdown(overview(scan_report(*many)), later, most=20_000)
    assert len(short.encode()) <= 20_000


@pytest.mark.parametrize("bad", ["a|b", "<script>x</script>", "[x](http://y)", "@team", "a\nb"])
def test_names_from_outside_are_no_markup(bad: str) -> None:
    text = scan_markdown(overview(scan_report(finding("CVE-1", name=bad, description=bad))), later)
    assert "<script>" not in text
    assert "](http" not in text
    rows = [line for line in text.splitlines() if "CVE\\-1" in line]
    assert all(line.replace("\\|", "").count("|") == 8 for line in rows)
