"""The gate's report as a summary for people (``report/`` draws it)."""

from collections.abc import Iterable
from datetime import datetime

from shipseal._internal.clock import rfc3339
from shipseal.checks import Status
from shipseal.gate.report import GateReport
from shipseal.gate.verdicts import FindingVerdict, Group, group
from shipseal.ignores.rules import IgnoreRule
from shipseal.report.interface import FindingRow, IgnoreRow, PlatformRow, VulnerabilitySummary
from shipseal.scan.interface import Database, ScanReport


def summarize(report: GateReport, *, choice: str = "") -> VulnerabilitySummary:
    """Return the summary of a decision.

    Args:
        report: the decision.
        choice: why this engine scanned.
    """
    return VulnerabilitySummary(
        outcome=str(report.outcome),
        headline=report.summary,
        policy=report.policy.sentences(),
        engines=_once(f"{scan.scanner} {scan.scanner_version}" for scan in report.reports),
        choice=choice,
        databases=_once(database_text(scan.database, report.decided) for scan in report.reports),
        platforms=tuple(_platform(report, scan) for scan in report.reports),
        refused=_rows(report.with_status(Status.FAIL)),
        undecided=_rows(report.with_status(Status.UNKNOWN)),
        passed=_rows(report.with_status(Status.PASS)),
        ignores=tuple(_ignores(report)),
        notes=_once(
            f"{scan.platform}: {text}"
            for scan in report.reports
            for text in (*scan.gaps, *scan.notes)
        ),
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


def _rows(verdicts: Iterable[FindingVerdict]) -> tuple[FindingRow, ...]:
    worst_first = sorted(verdicts, key=lambda verdict: -verdict.finding.severity)
    return tuple(_row(item) for item in group(worst_first))


def _row(item: Group) -> FindingRow:
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
    )


def _ignores(report: GateReport) -> Iterable[IgnoreRow]:
    used: dict[int, tuple[IgnoreRule, list[str]]] = {}
    for verdict in report.with_status(Status.IGNORED):
        for rule in verdict.ignored_by:
            used.setdefault(rule.index, (rule, []))[1].append(verdict.finding.id)
    for expired in report.expired:
        yield _ignore_row(expired.rule, expired.findings, (), "it has ended")
    for unusable in report.unusable:
        yield _ignore_row(unusable.rule, 0, (), unusable.problem)
    for rule, ids in used.values():
        yield _ignore_row(rule, len(ids), tuple(sorted(set(ids))), "")


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
