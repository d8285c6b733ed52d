"""`shipseal scan` for a terminal: what a person acts on, worst first, and what it comes to."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from shipseal.cli.columns import Column
from shipseal.cli.output import plain_table, print_table, say, say_wrapped
from shipseal.report.fixes import Fix, fixes_of
from shipseal.report.interface import FindingEntry, ScanOverview
from shipseal.report.text import printable
from shipseal.scan.interface import Finding, FixState
from shipseal.wiring.versions import later

_FIXES = 5
_IGNORED = 100
_FIX = {
    FixState.FIXED: "fixed",
    FixState.NOT_FIXED: "none yet",
    FixState.WONT_FIX: "will not be",
    FixState.UNKNOWN: "",
}


def print_overview(overview: ScanOverview, *, passed: bool = True) -> None:
    """Print the findings and what they come to.

    Args:
        overview: what to show.
        passed: whether findings that do not stand in the way are listed, where something was decided.
    """
    gate = overview.gate
    gated = gate is not None
    listed = [entry for entry in overview.entries if passed or not gated or entry.blocks]
    print_table(_columns(overview), [_cells(overview, entry) for entry in listed])
    if listed:
        say()
    _print_ignored(overview)
    _print_fixes(overview)
    _print_differences(overview)
    say_wrapped(totals(overview))
    hidden = sum(not entry.ignored for entry in overview.entries) - sum(
        not entry.ignored for entry in listed
    )
    if hidden:
        say_wrapped(f"listed    what refuses; {hidden} below the gate not listed: --show-passed")
    # What refuses is the last thing that is said, with the hint.
    refused = gate is not None and gate.outcome != "pass"
    for line in facts(replace(overview, gate=None) if refused else overview):
        say_wrapped(line)


def _print_ignored(overview: ScanOverview) -> None:
    """Print what does not count, with the rule, its end, its owner and its reason: nobody has to ask for it."""
    rows = _ignored_rows(overview)
    print_table(_IGNORED_COLUMNS, rows[:_IGNORED], title="Ignored")
    if len(rows) > _IGNORED:
        say(f"… and {len(rows) - _IGNORED} more: -o json has all")
    if rows:
        say()


def _ignored_rows(overview: ScanOverview) -> list[tuple[str, ...]]:
    rows = []
    for entry in overview.entries:
        if entry.ignored:
            package = entry.finding.package
            by = entry.judgement.rule.removeprefix("ignored by ")
            cells = (_name(entry), str(entry.finding.severity), package.name, package.version, by)
            rows.append(tuple(printable(cell, 400) for cell in cells))
    return rows


def _print_fixes(overview: ScanOverview) -> None:
    """Print the updates that are worth most, with the line that brings each."""
    rows = []
    for fix in fixes_of(overview.entries, later)[:_FIXES]:
        package = fix.entries[0].finding.package
        cells = (package.name, package.version, fix.version, _worst(fix), fix.advice.text)
        rows.append(tuple(printable(cell, 300) for cell in cells))
    print_table(("update", "from", "to", "takes away", "how"), rows, title="Fix first")
    if rows:
        say()


def _worst(fix: Fix) -> str:
    counts: dict[str, int] = {}
    for entry in sorted(fix.entries, key=lambda entry: -entry.finding.severity):
        name = str(entry.finding.severity)
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _print_differences(overview: ScanOverview) -> None:
    view = overview.comparison
    if view is None:
        return
    rows = [
        (row.id, row.severity, row.package, row.version, row.found_by, row.platform, row.reason)
        for row in view.differences
    ]
    shown = [tuple(printable(cell, 300) for cell in row) for row in rows]
    print_table(_DIFFERENCES, shown, title="Found by one scanner alone")
    for text in view.summary:
        say_wrapped(printable(text))
    say()


_IGNORED_COLUMNS = (
    Column("vulnerability"),
    Column("severity", fixed=True),
    Column("package"),
    Column("installed", spare=1),
    Column("by"),
)
_DIFFERENCES = (
    Column("vulnerability", fixed=True),
    Column("severity", fixed=True),
    Column("package"),
    Column("installed"),
    Column("found by", fixed=True),
    Column("platform", spare=1),
    Column("why", spare=2),
)


def table_text(overview: ScanOverview) -> str:
    """Return the same as plain text, for a file."""
    rows = [_cells(overview, entry) for entry in overview.entries]
    table = plain_table(_columns(overview), rows) + "\n" if rows else ""
    if ignored := _ignored_rows(overview):
        table += plain_table(_IGNORED_COLUMNS, ignored, title="Ignored") + "\n"
    return table + "\n".join((totals(overview), *facts(overview))) + "\n"


def totals(overview: ScanOverview) -> str:
    """Return what it comes to, in one line."""
    subject = overview.subject
    name = f"{subject.name}:{subject.version}" if subject.version else subject.name
    counts = overview.counts()
    total = sum(counts.values())
    if not total:
        text = f"{name}: no vulnerabilities found"
    else:
        each = ", ".join(f"{count} {severity}" for severity, count in counts.items())
        noun = "vulnerability" if total == 1 else "vulnerabilities"
        text = f"{name}: {total} {noun} ({each}), {_fixable(overview)} with a fix"
    ignored = sum(entry.ignored for entry in overview.entries)
    return printable(f"{text}, {ignored} ignored" if ignored else text, 1000)


def facts(overview: ScanOverview) -> Sequence[str]:
    """Return what stands below the totals, a line each."""
    scanners = dict.fromkeys(f"{one.scanner} {one.scanner_version}" for one in overview.reports)
    named: list[tuple[str, Iterable[str]]] = [
        ("gate", [overview.gate.headline] if overview.gate else []),
        ("missing", overview.incomplete),
        ("engine", scanners),
        ("data", overview.databases),
        ("note", overview.notes),
    ]
    return [f"{name:10}{printable(text, 2000)}" for name, texts in named for text in texts]


def _fixable(overview: ScanOverview) -> int:
    return sum(
        entry.finding.fix_state is FixState.FIXED and not entry.ignored
        for entry in overview.entries
    )


def _columns(overview: ScanOverview) -> list[Column]:
    several = len(overview.reports) > 1
    return [
        Column("vulnerability"),
        Column("severity", fixed=True),
        *([Column("gate", fixed=True)] if overview.gate else []),
        Column("package"),
        Column("installed"),
        Column("fixed in"),
        Column("risk", spare=2),
        Column("from", spare=3),
        Column("where", fixed=True, spare=4),
        *([Column("platforms", spare=1)] if several else []),
    ]


def _cells(overview: ScanOverview, entry: FindingEntry) -> tuple[str, ...]:
    finding = entry.finding
    cells = [
        _name(entry),
        str(finding.severity),
        *([_verdict(entry)] if overview.gate else []),
        finding.package.name,
        finding.package.version,
        ", ".join(finding.fix_versions) or _FIX[finding.fix_state],
        risk(finding),
        "" if finding.origin == "unknown" else str(finding.origin),
        entry.locations[0] if entry.locations else "",
        *([", ".join(entry.platforms)] if len(overview.reports) > 1 else []),
    ]
    return tuple(printable(cell, 200) for cell in cells)


def _name(entry: FindingEntry) -> str:
    other = f" ({entry.cve})" if entry.cve not in ("", entry.finding.id) else ""
    return f"{entry.finding.id}{other}"


def _verdict(entry: FindingEntry) -> str:
    words = {"fail": "refused", "unknown": "undecided", "pass": "", "ignored": "ignored"}
    return words.get(entry.judgement.status, "")


def risk(finding: Finding) -> str:
    """Return whether it is exploited, and how likely that is within 30 days."""
    likely = f"EPSS {finding.epss.probability:.0%}" if finding.epss else ""
    return " ".join(part for part in ("KEV" if finding.kev else "", likely) if part)
