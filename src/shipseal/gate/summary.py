"""The gate's report as a summary for people (``report/`` draws it)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from shipseal._internal.clock import rfc3339
from shipseal.checks import Status
from shipseal.gate.document import Advise
from shipseal.gate.gaps import gaps_of
from shipseal.gate.report import GateReport
from shipseal.gate.verdicts import FindingVerdict, Group, NoEffect, group
from shipseal.ignores.rules import IgnoreRule
from shipseal.report.interface import (
    FindingRow,
    FixRow,
    IgnoreRow,
    PlatformRow,
    VulnerabilitySummary,
)
from shipseal.scan.interface import Cvss, Database, Exploited, Finding, FixAdvice, ScanReport


def summarize(
    report: GateReport,
    *,
    choice: str = "",
    advise: Advise | None = None,
    fixes: Sequence[FixRow] = (),
) -> VulnerabilitySummary:
    """Return the summary of a decision.

    Args:
        report: the decision.
        choice: why this engine scanned.
        advise: says how to be rid of a finding; None leaves that out.
        fixes: the updates of what stands in the way, the best first.
    """
    told = advise or _no_advice
    return VulnerabilitySummary(
        outcome=str(report.outcome),
        headline=report.summary,
        policy=report.policy.sentences(),
        engines=_once(f"{scan.scanner} {scan.scanner_version}" for scan in report.reports),
        choice=choice,
        databases=_once(database_text(scan.database, report.decided) for scan in report.reports),
        platforms=tuple(_platform(report, scan) for scan in report.reports),
        refused=_rows(report.with_status(Status.FAIL), told),
        undecided=_rows(report.with_status(Status.UNKNOWN), told),
        passed=_rows(report.with_status(Status.PASS), told),
        ignores=tuple(_ignores(report)),
        notes=(*report.notes, *_must_fix(report), *_once(_said(report))),
        fixes=tuple(fixes),
    )


def database_text(database: Database, now: datetime) -> str:
    """Return what data was used and how old it is, in a sentence."""
    return database.text(now)


def _platform(report: GateReport, scan: ScanReport) -> PlatformRow:
    ignored = report.with_status(Status.IGNORED)
    return PlatformRow(
        platform=str(scan.platform),
        counts={str(key): count for key, count in report.counts(scan.platform).items()},
        ignored=sum(verdict.platform == scan.platform for verdict in ignored),
        gaps=scan.gaps,
    )


def _said(report: GateReport) -> Iterator[str]:
    for scan in report.reports:
        for text in (*dict.fromkeys((*scan.gaps, *gaps_of(scan, report.policy))), *scan.notes):
            yield f"{scan.platform}: {text}"


def _must_fix(report: GateReport) -> Iterator[str]:
    """Say of each vulnerability that must be gone whether it is, and what that rests on."""
    data = _once(database_text(scan.database, report.decided) for scan in report.reports)
    for item in report.must_fix:
        if item.findings:
            yield f"{item.id} must be gone: {item.findings} finding(s)"
        elif report.reports:
            yield f"{item.id} must be gone: not found on any platform, by {'; '.join(data)}"


def _no_advice(finding: Finding) -> FixAdvice:
    return FixAdvice()


def _rows(verdicts: Iterable[FindingVerdict], advise: Advise) -> tuple[FindingRow, ...]:
    worst_first = sorted(verdicts, key=lambda verdict: -verdict.finding.severity)
    return tuple(_row(item, advise(item.verdict.finding)) for item in group(worst_first))


def _row(item: Group, advice: FixAdvice) -> FindingRow:
    finding = item.verdict.finding
    cve = next((name for name in finding.aliases if name.startswith("CVE-")), "")
    return FindingRow(
        id=finding.id,
        cve="" if finding.id.startswith("CVE-") else cve,
        severity=str(finding.severity),
        package=finding.package.name,
        version=finding.package.version,
        type=finding.package.type,
        fix=", ".join(finding.fix_versions) or str(finding.fix_state),
        location=item.locations[0] if item.locations else "",
        platforms=item.platforms,
        rule=item.verdict.rule,
        url=finding.url,
        decided_by=item.verdict.key,
        aliases=finding.aliases,
        severity_source=finding.severity_source,
        cvss=tuple(map(_cvss, finding.cvss)),
        kev=_kev(finding.kev) if finding.kev else "",
        epss=finding.epss.probability if finding.epss else None,
        percentile=finding.epss.percentile if finding.epss else None,
        published=finding.published.date().isoformat() if finding.published else "",
        origin=str(finding.origin),
        layer=finding.package.layer,
        locations=item.locations,
        advice=advice.command,
        advice_note=advice.note,
        description=finding.description,
    )


def _cvss(rating: Cvss) -> str:
    return f"{rating.version} {rating.score:.1f} {rating.vector} ({rating.source})"


def _kev(entry: Exploited) -> str:
    due = f", to be mended by {entry.due.isoformat()}" if entry.due else ""
    return f"since {entry.added.isoformat()}{due}{', by ransomware' if entry.ransomware else ''}"


def _ignores(report: GateReport) -> Iterable[IgnoreRow]:
    used: dict[int, tuple[IgnoreRule, list[str]]] = {}
    for verdict in report.with_status(Status.IGNORED):
        for rule in verdict.ignored_by:
            used.setdefault(rule.index, (rule, []))[1].append(verdict.finding.id)
    for expired in report.expired:
        yield _ignore_row(expired.rule, expired.findings, (), "it has ended")
    for unjustified in report.unjustified:
        if not unjustified.ignores:
            yield _ignore_row(unjustified.rule, unjustified.findings, (), unjustified.problem)
    for met in report.met:
        if not met.ignores:
            yield _ignore_row(met.rule, met.findings, (), met.problem)
    for unusable in report.unusable:
        yield _ignore_row(unusable.rule, 0, (), unusable.problem)
    for rule, ids in used.values():
        yield _ignore_row(rule, len(ids), tuple(sorted(set(ids))), "")
    yield from map(_idle_row, report.without_effect)


def _idle_row(idle: NoEffect) -> IgnoreRow:
    problem = f"no effect: {idle.why}"
    if idle.rule is not None:
        return _ignore_row(idle.rule, 0, (), problem)
    return IgnoreRow(
        rule=idle.label,
        line=idle.line,
        findings=0,
        ids=(),
        reason=f"VEX {idle.document}",
        owner=idle.owner,
        until="",
        problem=problem,
    )


def _ignore_row(rule: IgnoreRule, findings: int, ids: tuple[str, ...], problem: str) -> IgnoreRow:
    return IgnoreRow(
        rule=rule.label,
        line=rule.line,
        findings=findings,
        ids=ids,
        reason=rule.why,
        owner=rule.owner,
        until=rfc3339(rule.until) if rule.until else "",
        problem=problem,
    )


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
