"""The findings of the HTML page: one line each that opens, with what a search and the filters look at."""

from collections.abc import Iterator

from shipseal.report.html_text import chip, e, link
from shipseal.report.interface import FindingEntry, ScanOverview
from shipseal.report.links import link_of, web_link
from shipseal.scan.interface import Finding, FixState

MOST = 5000
"""Findings on the page; a browser is slow with more, and the JSON has them all."""
_GATE = {"fail": "refused", "unknown": "undecided", "pass": "passes", "ignored": "ignored"}
_ORIGIN = {"base": "base image", "application": "application"}
_NO_FIX = {
    FixState.NOT_FIXED: "no fix yet",
    FixState.WONT_FIX: "will not be fixed",
    FixState.UNKNOWN: "no fix known",
    FixState.FIXED: "fixed",
}


def findings_html(overview: ScanOverview) -> Iterator[str]:
    """Yield the list with its search and filters; nothing where nothing was found."""
    entries = overview.entries[:MOST]
    if not entries:
        return
    yield '<section id="findings"><h2>All findings</h2>'
    yield from _controls(overview)
    yield (
        '<div class="heads" aria-hidden="true"><span>Severity</span><span>Vulnerability</span><span>Package</span>'
        "<span>Fix</span><span>From</span></div>"
    )
    yield '<div id="list">'
    for entry in entries:
        yield _finding(overview, entry)
    yield '</div><p id="none" hidden>Nothing matches. <button type="button" data-clear>Clear the filters</button></p>'
    left = len(overview.entries) - len(entries)
    if left > 0:
        yield f"<p>{left:,} more are not on this page; the JSON report has them all.</p>"
    yield "</section>"


def _controls(overview: ScanOverview) -> Iterator[str]:
    yield '<div class="controls" role="search">'
    yield (
        '<input id="q" type="search" placeholder="Search: CVE, package, path" aria-label="Search the findings" '
        'autocomplete="off" spellcheck="false">'
    )
    entries = overview.entries
    found = {str(entry.finding.origin) for entry in entries}
    if found & _ORIGIN.keys():
        for origin in sorted(found & _ORIGIN.keys()):
            yield _toggle("o", origin, _ORIGIN[origin])
    if any(entry.finding.fix_versions for entry in entries):
        yield _toggle("x", "1", "has a fix")
    if any(entry.finding.kev for entry in entries):
        yield _toggle("k", "1", "exploited")
    if overview.gate:
        for status in dict.fromkeys(entry.judgement.status for entry in entries):
            if status in _GATE:
                yield _toggle("g", status, _GATE[status])
    yield '<span id="shown" role="status"></span></div>'


def _toggle(key: str, value: str, text: str) -> str:
    return (
        f'<button type="button" class="toggle" data-key="{e(key)}" data-value="{e(value)}" '
        f'aria-pressed="false">{e(text)}</button>'
    )


def _finding(overview: ScanOverview, entry: FindingEntry) -> str:
    finding, package = entry.finding, entry.finding.package
    severity, status = str(finding.severity), entry.judgement.status
    name = entry.cve or finding.id
    other = finding.id if name != finding.id else ""
    fix = ", ".join(finding.fix_versions) or _NO_FIX[finding.fix_state]
    marks = _marks(finding) + (_verdict(status) if overview.gate else "")
    return (
        f'<details class="f{" off" if entry.ignored else ""}" data-s="{e(severity)}" data-o="{e(finding.origin)}" '
        f'data-x="{int(bool(finding.fix_versions))}" data-k="{int(finding.kev is not None)}" data-g="{e(status)}">'
        f"<summary>{chip(severity)}"
        f'<span class="id"><b>{e(name)}</b>{f"<small>{e(other)}</small>" if other else ""}{marks}</span>'
        f'<span class="pkg"><b>{e(package.name, 200)}</b> <span class="v">{e(package.version, 100)}</span></span>'
        f'<span class="fx{"" if finding.fix_versions else " nofix"}">{e(fix, 120)}</span>'
        f'<span class="from">{e(_ORIGIN.get(str(finding.origin), ""))}</span></summary>'
        f'<div class="more">{"".join(_details(overview, entry))}</div></details>'
    )


def _marks(finding: Finding) -> str:
    marks = (
        '<span class="mark kev" title="known to be exploited (CISA KEV)">exploited</span>'
        if finding.kev
        else ""
    )
    if finding.epss:
        share = f"{finding.epss.probability:.1%}"
        marks += f'<span class="mark" title="likelihood of exploitation within 30 days">EPSS {e(share)}</span>'
    return marks


def _verdict(status: str) -> str:
    return (
        ""
        if status in ("pass", "")
        else f'<span class="mark g-{e(status)}">{e(_GATE[status])}</span>'
    )


def _details(overview: ScanOverview, entry: FindingEntry) -> Iterator[str]:
    finding = entry.finding
    if finding.description:
        yield f"<p>{e(finding.description, 1500)}</p>"
    if entry.advice.command:
        yield command_html(entry.advice.command)
    if entry.advice.note:
        yield f"<p>{e(entry.advice.note)}</p>"
    yield "<dl>"
    for name, value in _facts(overview, entry):
        yield f"<dt>{name}</dt><dd>{value}</dd>"
    yield "</dl>"


def command_html(command: str) -> str:
    """Return a line to type, with a button that copies it."""
    return (
        f'<div class="cmd"><code>{e(command, 1000)}</code>'
        '<button type="button" class="copy" aria-label="Copy the command">Copy</button></div>'
    )


def _facts(overview: ScanOverview, entry: FindingEntry) -> Iterator[tuple[str, str]]:
    yield from _about_vulnerability(entry.finding)
    if entry.judgement.rule:
        yield "Gate", e(entry.judgement.rule)
    yield from _about_package(entry)
    if len(overview.reports) > 1:
        yield "Platforms", e(", ".join(entry.platforms))


def _about_vulnerability(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "Advisory", link(web_link(finding.url, finding.id), finding.id)
    if finding.aliases:
        yield "Also known as", ", ".join(link(link_of(name), name) for name in finding.aliases)
    for rating in finding.cvss:
        score = f"<b>{rating.score:.1f}</b> {e(rating.vector)} <small>{e(rating.source)}</small>"
        yield f"CVSS {e(rating.version)}", score
    if finding.severity_source and not finding.cvss:
        yield "Severity by", e(finding.severity_source)
    if finding.kev:
        used = ", used by ransomware" if finding.kev.ransomware else ""
        yield "Exploited", e(f"in CISA's catalogue since {finding.kev.added}{used}")
    if finding.epss:
        rank = f"{finding.epss.percentile:.0%}"
        yield "EPSS", e(f"{finding.epss.probability:.2%} within 30 days, more than {rank} of all")
    if finding.published:
        yield "Published", e(finding.published.date())


def _about_package(entry: FindingEntry) -> Iterator[tuple[str, str]]:
    package = entry.finding.package
    yield "Package", f"<code>{e(package.purl or package.name, 400)}</code>"
    if package.upstreams:
        yield "Source package", e(", ".join(package.upstreams))
    if entry.locations:
        yield "Where", "<br>".join(f"<code>{e(path)}</code>" for path in entry.locations[:10])
    if package.layer:
        yield "Layer", f"<code>{e(package.layer)}</code>"
