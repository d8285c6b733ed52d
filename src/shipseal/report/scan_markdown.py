"""The scan as Markdown for the job's page in GitHub Actions (S22): verdict, totals, fixes first, the worst findings.

GitHub shows nothing of a summary above 1 MiB, so the tables are cut; the files of the other formats have all.
"""

from collections.abc import Iterable, Iterator, Sequence

from shipseal.report.fixes import Later, fixes_of
from shipseal.report.interface import FindingEntry, ScanOverview
from shipseal.report.markdown_parts import folded, left_out, table
from shipseal.report.text import markdown
from shipseal.scan.interface import FixState

MOST_BYTES = 1024 * 1024
_ROWS = 100
_FEWER = 10
_FIXES = 15
_SEVERITIES = ("critical", "high", "medium", "low", "negligible", "unknown")
_MARKS = {"pass": "✅ Passes", "fail": "❌ Refused", "undecided": "❔ Undecided"}
_NO_FIX = {FixState.NOT_FIXED: "none yet", FixState.WONT_FIX: "will not be fixed"}


def scan_markdown(overview: ScanOverview, later: Later, *, most: int = MOST_BYTES) -> str:
    """Return the scan as GitHub Markdown of at most ``most`` bytes.

    Args:
        overview: the scan.
        later: the order of versions.
        most: bytes, as UTF-8.
    """
    text = _render(overview, later, _ROWS)
    if len(text.encode()) > most:
        text = _render(overview, later, _FEWER)
    return text.encode()[:most].decode("utf-8", "ignore")


def _render(overview: ScanOverview, later: Later, rows: int) -> str:
    subject = overview.subject
    name = f"{subject.name}:{subject.version}" if subject.version else subject.name
    lines = [
        f"## Vulnerabilities of {markdown(name)}",
        "",
        *_verdict(overview),
        *_totals(overview),
        *_fixes(overview, later),
        *_findings(overview, rows),
        *_ignored(overview, rows),
        *_facts(overview),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _verdict(overview: ScanOverview) -> Iterator[str]:
    gate = overview.gate
    if gate is not None:
        yield f"**{_MARKS.get(gate.outcome, _MARKS['undecided'])}**: {markdown(gate.headline, 2000)}"
        yield ""
    for text in overview.incomplete:
        yield f"⚠️ The catalogue may not be whole: {markdown(text)}"
        yield ""


def _totals(overview: ScanOverview) -> Iterator[str]:
    counts = overview.counts()
    ignored = sum(entry.ignored for entry in overview.entries)
    fixable = sum(
        bool(entry.finding.fix_versions) and not entry.ignored for entry in overview.entries
    )
    cells = [str(counts.get(name, 0)) for name in _SEVERITIES]
    heads = [name.capitalize() for name in _SEVERITIES]
    yield from table(
        (*heads, "All", "With a fix", "Ignored"),
        [(*cells, str(sum(counts.values())), str(fixable), str(ignored))],
    )


def _fixes(overview: ScanOverview, later: Later) -> Iterator[str]:
    fixes = fixes_of(overview.entries, later)
    if not fixes:
        return
    yield "### Fix these first"
    yield ""
    rows = []
    for fix in fixes[:_FIXES]:
        package = fix.entries[0].finding.package
        how = fix.advice.command or fix.advice.note
        rows.append((package.name, package.version, fix.version, _worst(fix.entries), how))
    yield from table(("Package", "Installed", "Update to", "Takes away", "How"), rows)
    yield from left_out(len(fixes) - _FIXES)


def _worst(entries: Sequence[FindingEntry]) -> str:
    found = [str(entry.finding.severity) for entry in entries]
    return ", ".join(f"{found.count(name)} {name}" for name in _SEVERITIES if name in found)


def _findings(overview: ScanOverview, limit: int) -> Iterator[str]:
    entries = overview.entries
    if overview.gate is not None:
        blocking = [entry for entry in entries if entry.blocks]
        yield from _listed("What blocks", blocking, limit)
        entries = tuple(entry for entry in entries if not (entry.blocks or entry.ignored))
    folded = overview.gate is not None and bool(entries)
    if folded:
        yield "<details><summary>What does not block</summary>"
        yield ""
    yield from _listed("" if folded else "Findings", entries, limit)
    if folded:
        yield "</details>"
        yield ""


def _ignored(overview: ScanOverview, limit: int) -> Iterator[str]:
    """Yield what does not count, with the rule, its end, its owner and its reason."""
    entries = [entry for entry in overview.entries if entry.ignored]
    if not entries:
        return
    yield "### Ignored"
    yield ""
    rows = []
    for entry in entries[:limit]:
        name, severity, package, version, *_ = _cells(entry)
        rows.append(
            (name, severity, package, version, entry.judgement.rule.removeprefix("ignored by "))
        )
    yield from table(("Vulnerability", "Severity", "Package", "Installed", "By"), rows)
    yield from left_out(len(entries) - limit)


def _listed(title: str, entries: Sequence[FindingEntry], limit: int) -> Iterator[str]:
    if not entries:
        return
    if title:
        yield f"### {title}"
        yield ""
    heads = ("Vulnerability", "Severity", "Package", "Installed", "Fix", "From", "Where")
    yield from table(heads, [_cells(entry) for entry in entries[:limit]])
    yield from left_out(len(entries) - limit)


def _cells(entry: FindingEntry) -> tuple[str, ...]:
    finding = entry.finding
    name = f"{finding.id} ({entry.cve})" if entry.cve not in ("", finding.id) else finding.id
    marks = " KEV" if finding.kev else ""
    marks += f" EPSS {finding.epss.probability:.0%}" if finding.epss else ""
    fix = ", ".join(finding.fix_versions) or _NO_FIX.get(finding.fix_state, "none known")
    origin = "" if str(finding.origin) == "unknown" else str(finding.origin)
    place = entry.locations[0] if entry.locations else ""
    package = finding.package
    return name + marks, str(finding.severity), package.name, package.version, fix, origin, place


def _facts(overview: ScanOverview) -> Iterator[str]:
    scanners = dict.fromkeys(f"{item.scanner} {item.scanner_version}" for item in overview.reports)
    policy = overview.gate.policy if overview.gate else ()
    named: tuple[tuple[str, Iterable[str]], ...] = (
        ("Policy", policy),
        ("Engine", (*scanners, overview.choice)),
        ("Data", overview.databases),
        ("Notes", overview.notes),
    )
    shown = [(name, filter(None, values)) for name, values in named]
    yield from folded("How this was found", shown)
