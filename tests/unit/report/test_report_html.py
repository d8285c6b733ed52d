"""The HTML page as text: everything is in it, nothing from outside is markup, and it needs nobody else."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.report import html_findings
from shipseal.report.html import html_page
from shipseal.report.interface import ComparisonView, DifferenceRow, ScanOverview
from shipseal.scan.interface import FixAdvice, Severity
from tests.support.overviews import SYSTEM, UNRATED, WORST, later, overview
from tests.support.scanning import finding, scan_report


class Page(HTMLParser):
    """Collects elements with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def page(shown: ScanOverview) -> Page:
    return Page(html_page(shown, later))


def test_it_has_verdict_totals_what_blocks_fixes_origins_and_findings() -> None:
    text = page(overview()).text
    for words in (
        "Vulnerabilities of registry.example.org/shop/app 1.4.0",
        "Refused critical refuses",
        "3 vulnerabilities in all · 2 with a fix · 1 known to be exploited · 1 ignored",
        "What blocks paramiko 2.4.0 1 critical application CVE-2018-7750",
        "Fix these first 1 update would take away 2 vulnerabilities. paramiko 2.4.0 → 2.10.1",
        "pip install paramiko==2.10.1",
        "Base image or application Base image: registry.example.org/base:12",
        "CVE-2018-7750 GHSA-232r-66cg-79px exploited EPSS 42.0% refused",
        "Authentication is not checked before a channel is opened",
        "in CISA's catalogue since 2022-03-01, used by ransomware",
        "ignored by CVE-2023-5363 (line 3)",
        "How this was found",
        "scan engine builtin: --db names its data",
        "Written by shipseal 9.9.9 at 2026-01-14T12:00:00Z.",
    ):
        assert words in text, words


def test_every_finding_can_be_filtered() -> None:
    rows = [
        attrs
        for tag, attrs in page(overview()).elements
        if "f" in (attrs.get("class") or "").split()
    ]
    assert [row["data-s"] for row in rows] == ["critical", "high", "medium", "unknown"]
    assert [row["data-o"] for row in rows] == ["application", "application", "base", "unknown"]
    assert [row["data-k"] for row in rows] == ["1", "0", "0", "0"]
    assert [row["data-g"] for row in rows] == ["fail", "pass", "ignored", "pass"]


def test_without_a_gate_no_verdict_is_shown() -> None:
    text = page(overview(gated=False)).text
    assert "No gate was asked." in text
    assert "What blocks" not in text
    assert "refused" not in text


def test_nothing_found_is_a_short_page() -> None:
    shown = page(overview(scan_report(), gated=False))
    assert "Nothing found" in shown.text
    assert "All findings" not in shown.text


def test_what_may_be_missing_is_said() -> None:
    text = page(overview(incomplete=("linux/amd64: /app: nobody owns it",))).text
    assert "The catalogue may not be whole. linux/amd64: /app: nobody owns it" in text


def test_where_two_scanners_differ_is_shown() -> None:
    row = DifferenceRow(
        "linux/amd64", "<b>right</b>", "1", "CVE-7", "high", "grype", "x", "because"
    )
    view = ComparisonView(("linux/amd64: they agree on 1 of 2",), (row,))
    made = html_page(overview(comparison=view), later)
    text = Page(made).text
    assert "Two scanners linux/amd64: they agree on 1 of 2" in text
    assert "CVE-7 in <b>right</b> 1 : only grype on linux/amd64 because" in text
    assert "<b>right</b>" not in made
    assert "Two scanners" not in page(overview()).text


def test_a_long_list_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_findings, "MOST", 2)
    shown = page(overview())
    assert "2 more are not on this page; the JSON report has them all." in shown.text


def test_it_needs_no_network_and_lets_run_its_own_script_alone() -> None:
    text = html_page(overview(), later)
    shown = Page(text)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & {
        tag for tag, _ in shown.elements
    }
    assert not any("src" in attrs or "style" in attrs for _, attrs in shown.elements)
    policy = next(
        attrs["content"] or ""
        for tag, attrs in shown.elements
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag, source in (("script", "script-src"), ("style", "style-src")):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy


def test_links_open_beside_it_and_tell_nobody() -> None:
    links = [attrs for tag, attrs in page(overview()).elements if tag == "a"]
    assert links
    for link in links:
        assert (link["href"] or "").startswith("https://")
        assert "noopener" in (link["rel"] or "")


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</details></main><h1>x",
    "javascript:alert(1)",
    "\u202eevil",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("bad", HOSTILE)
def test_nothing_from_outside_is_markup(bad: str) -> None:
    hostile = finding(
        bad,
        Severity.CRITICAL,
        name=bad,
        version=bad,
        purl=bad,
        locations=(bad,),
        layer=bad,
        upstreams=(bad,),
        aliases=(bad,),
        description=bad,
        url=bad,
        fix_versions=(bad,),
        severity_source=bad,
    )
    plain = finding("CVE-1", Severity.CRITICAL, fix_versions=("1",), url="https://example.org/x")
    shown = overview(scan_report(hostile), notes=(bad,), incomplete=(bad,), choice=bad)
    entries = tuple(
        type(entry)(
            entry.finding,
            entry.platforms,
            entry.locations,
            entry.judgement,
            FixAdvice(bad, bad, bad),
        )
        for entry in shown.entries
    )
    made = page(
        overview(scan_report(hostile), entries=entries, notes=(bad,), incomplete=(bad,), choice=bad)
    )
    reference = page(overview(scan_report(plain)))
    kinds = {tag for tag, _ in made.elements}
    assert kinds <= {tag for tag, _ in reference.elements} | {
        "br",
        "small",
        "a",
        "ol",
        "p",
        "dd",
        "dt",
        "code",
        "span",
    }
    assert made.count("script") == made.count("style") == made.count("h1") == 1
    names = {name for _, attrs in made.elements for name in attrs}
    assert not any(name.startswith("on") for name in names)
    assert "javascript:" not in {(attrs.get("href") or "")[:11] for _, attrs in made.elements}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=50), st.text(max_size=50))
def test_elements_do_not_depend_on_names(one: str, other: str) -> None:
    def shape(name: str, text: str) -> list[str]:
        bad = finding("CVE-1", name=name, description=f"x{text}", purl="pkg:x/y@1")
        return [tag for tag, _ in page(overview(scan_report(bad))).elements]

    assert shape(one, other) == shape("plain", "plain")


def test_what_nobody_can_place_has_no_origin() -> None:
    assert UNRATED.id in page(overview()).text
    assert "base image" in page(overview(scan_report(SYSTEM, WORST))).text
