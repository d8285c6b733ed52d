"""The parts of the HTML page above the findings: the verdict, totals, what to fix first, whose it is."""

from collections import Counter
from collections.abc import Iterable, Iterator

from shipseal.report.fixes import Fix, Later, fixes_of
from shipseal.report.html_findings import command_html
from shipseal.report.html_text import SEVERITIES, chip, e, plural
from shipseal.report.interface import FindingEntry, ScanOverview

_VERDICTS = {
    "pass": ("ok", "Passes"),
    "fail": ("bad", "Refused"),
    "undecided": ("open", "Undecided"),
}
_FIRST = 5
_REASONS = 8
_NAMES = 8
_DIFFERENCES = 200
_WHOSE = {"base": "base image", "application": "application"}
_ORIGINS = (
    ("base", "Base image", "build on a newer base image"),
    ("application", "Application", "update it in the application's own files"),
    ("unknown", "Not known", "nothing says which layer it came with"),
)


def head_html(overview: ScanOverview) -> Iterator[str]:
    """Yield the heading: what was scanned, and what was decided."""
    subject = overview.subject
    version = f'<span class="ver">{e(subject.version)}</span>' if subject.version else ""
    yield f'<header><p class="kind">Vulnerabilities of</p><h1>{e(subject.name, 200)} {version}</h1>'
    if subject.digest:
        yield f'<p class="digest"><code>{e(subject.digest)}</code></p>'
    yield _verdict(overview)
    for text in overview.incomplete:
        yield f'<p class="warn"><b>The catalogue may not be whole.</b> {e(text)}</p>'
    yield "</header>"


def _verdict(overview: ScanOverview) -> str:
    count = sum(overview.counts().values())
    if overview.gate is None:
        word = plural(count, "vulnerability", "vulnerabilities") if count else "Nothing found"
        return f'<p class="verdict none"><b>{e(word)}</b> <span>No gate was asked.</span></p>'
    style, word = _VERDICTS.get(overview.gate.outcome, _VERDICTS["undecided"])
    policy = "; ".join(overview.gate.policy)
    return f'<p class="verdict {style}"><b>{word}</b> <span>{e(policy)}</span></p>'


def totals_html(overview: ScanOverview) -> Iterator[str]:
    """Yield the numbers, each severity a button that filters the list."""
    counts = overview.counts()
    total = sum(counts.values())
    fixable = sum(
        bool(entry.finding.fix_versions) and not entry.ignored for entry in overview.entries
    )
    exploited = sum(
        entry.finding.kev is not None and not entry.ignored for entry in overview.entries
    )
    ignored = sum(entry.ignored for entry in overview.entries)
    yield '<section class="totals" aria-label="Totals"><div class="tiles">'
    for severity in SEVERITIES:
        count = counts.get(severity, 0)
        none = "" if count else " disabled"
        yield (
            f'<button type="button" class="tile {severity}" data-key="s" data-value="{severity}" aria-pressed="false"'
            f"{none}><b>{count:,}</b><span>{severity}</span></button>"
        )
    yield "</div>"
    facts = [
        f"{plural(total, 'vulnerability', 'vulnerabilities')} in all",
        f"{fixable:,} with a fix",
    ]
    facts += [f"{exploited:,} known to be exploited"] if exploited else []
    facts += [f"{ignored:,} ignored"] if ignored else []
    yield f'<p class="sum">{e(" · ".join(facts))}</p></section>'


def blocking_html(overview: ScanOverview) -> Iterator[str]:
    """Yield what stands in the way of a pass, by package; nothing where nothing does."""
    gate = overview.gate
    groups: dict[tuple[str, str, str], list[FindingEntry]] = {}
    for entry in overview.entries:
        if entry.blocks:
            package = entry.finding.package
            groups.setdefault((package.type, package.name, package.version), []).append(entry)
    obstacles = gate.obstacles if gate else ()
    if not groups and not obstacles:
        return
    rows = [f"<li>{e(text, 1000)}</li>" for text in obstacles]
    rows += [_blocked(members) for members in groups.values()]
    yield '<section id="blocks"><h2>What blocks</h2><ul class="reasons">'
    yield from rows[:_REASONS]
    yield "</ul>"
    if rows[_REASONS:]:
        yield f'<details class="rest"><summary>{len(rows) - _REASONS:,} more</summary><ul class="reasons">'
        yield from rows[_REASONS:]
        yield "</ul></details>"
    yield "</section>"


def _blocked(members: list[FindingEntry]) -> str:
    package, origin = members[0].finding.package, str(members[0].finding.origin)
    chips = "".join(chip(name, f"{count} {name}") for name, count in _by_severity(members))
    listed = (e(entry.cve or entry.finding.id) for entry in members[:_NAMES])
    names = ", ".join(f'<span class="whole">{name}</span>' for name in listed)
    more = f" and {len(members) - _NAMES:,} more" if len(members) > _NAMES else ""
    whose = f'<span class="mark">{e(_WHOSE[origin])}</span>' if origin in _WHOSE else ""
    return (
        f'<li><p class="what"><b>{e(package.name, 200)}</b> <span class="v">{e(package.version, 100)}</span></p>'
        f'<p class="chips">{chips}{whose}</p><p class="note">{names}{more}</p></li>'
    )


def fixes_html(overview: ScanOverview, later: Later) -> Iterator[str]:
    """Yield the updates, the best first; nothing where there are none.

    Args:
        overview: the scan.
        later: the order of versions.
    """
    fixes = fixes_of(overview.entries, later)
    if not fixes:
        return
    done = sum(len(fix.entries) for fix in fixes)
    yield '<section id="fixes"><h2>Fix these first</h2>'
    updates, gone = plural(len(fixes), "update"), plural(done, "vulnerability", "vulnerabilities")
    yield f'<p class="lead">{e(f"{updates} would take away {gone}.")}</p><ol>'
    yield from (_fix(fix) for fix in fixes[:_FIRST])
    yield "</ol>"
    rest = fixes[_FIRST:]
    if rest:
        yield f'<details class="rest"><summary>{plural(len(rest), "more update")}</summary><ol start="{_FIRST + 1}">'
        yield from (_fix(fix) for fix in rest[:500])
        yield "</ol></details>"
    yield "</section>"


def _fix(fix: Fix) -> str:
    package = fix.entries[0].finding.package
    chips = "".join(chip(name, f"{count} {name}") for name, count in _by_severity(fix.entries))
    blocks = f'<span class="mark g-fail">{fix.blocking:,} blocking</span>' if fix.blocking else ""
    command = command_html(fix.advice.command) if fix.advice.command else ""
    note = f'<p class="note">{e(fix.advice.note)}</p>' if fix.advice.note else ""
    left = (
        f'<p class="note">{plural(fix.left, "vulnerability", "vulnerabilities")} of it have no fix.</p>'
        if fix.left
        else ""
    )
    return (
        f'<li><p class="what"><b>{e(package.name, 200)}</b> <span class="v">{e(package.version, 100)}</span> '
        f'<span aria-label="to">→</span> <b class="to">{e(fix.version, 100)}</b></p>'
        f'<p class="chips">{chips}{blocks}</p>{command}{note}{left}</li>'
    )


def _by_severity(entries: Iterable[FindingEntry]) -> list[tuple[str, int]]:
    counts = Counter(str(entry.finding.severity) for entry in entries)
    return [(name, counts[name]) for name in SEVERITIES if counts[name]]


def origins_html(overview: ScanOverview) -> Iterator[str]:
    """Yield whether it is the base image's or the application's; nothing where nobody can tell."""
    shares: dict[str, list[FindingEntry]] = {}
    for entry in overview.entries:
        if not entry.ignored:
            shares.setdefault(str(entry.finding.origin), []).append(entry)
    if not shares.keys() & {"base", "application"}:
        return
    yield '<section id="origins"><h2>Base image or application</h2>'
    if overview.subject.base:
        yield f'<p class="lead">Base image: <code>{e(overview.subject.base)}</code></p>'
    total = sum(map(len, shares.values()))
    yield '<div class="bar" aria-hidden="true">'
    for key, _, _ in _ORIGINS:
        if key in shares:
            yield f'<i class="{key}" data-share="{len(shares[key]) * 1000 // total}"></i>'
    yield '</div><ul class="origins">'
    for key, name, what in _ORIGINS:
        if key in shares:
            chips = "".join(
                chip(word, f"{count} {word}") for word, count in _by_severity(shares[key])
            )
            yield (
                f'<li class="{key}"><p><b>{len(shares[key]):,}</b> {e(name)} <small>{e(what)}</small></p>'
                f'<p class="chips">{chips}</p></li>'
            )
    yield "</ul></section>"


def differences_html(overview: ScanOverview) -> Iterator[str]:
    """Yield what only one of two scanners found; nothing where one scanned."""
    view = overview.comparison
    if view is None:
        return
    yield '<section id="differences"><h2>Two scanners</h2>'
    yield from (f'<p class="lead">{e(text)}</p>' for text in view.summary)
    if view.differences:
        yield '<ul class="reasons differ">'
        for row in view.differences[:_DIFFERENCES]:
            yield (
                f"<li>{chip(row.severity)} <b>{e(row.id)}</b> in {e(row.package, 200)} "
                f'<span class="v">{e(row.version, 100)}</span>: only {e(row.found_by)}'
                f"{f' on {e(row.platform)}' if row.platform else ''}"
                f"{f'<p class=note>{e(row.reason)}</p>' if row.reason else ''}</li>"
            )
        yield "</ul>"
    left = len(view.differences) - _DIFFERENCES
    if left > 0:
        yield f"<p>{left:,} more are not on this page; the JSON report has them all.</p>"
    yield "</section>"


def facts_html(overview: ScanOverview) -> Iterator[str]:
    """Yield how all this was found: engine, data, SBOMs, notes."""
    yield '<section id="how"><details><summary><h2>How this was found</h2></summary><dl>'
    scanners = dict.fromkeys(f"{item.scanner} {item.scanner_version}" for item in overview.reports)
    named: list[tuple[str, Iterable[str]]] = [
        ("Scanned", [overview.subject.text]),
        ("Engine", [*scanners, overview.choice]),
        ("Data", overview.databases),
        ("SBOM", [f"{item.sbom_digest}" for item in overview.reports]),
        ("Notes", overview.notes),
    ]
    for name, values in named:
        for value in values:
            if value:
                yield f"<dt>{name}</dt><dd>{e(value, 1000)}</dd>"
    yield "</dl></details></section>"
