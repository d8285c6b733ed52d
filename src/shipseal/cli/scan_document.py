"""`shipseal scan -o json`: the whole scan as one document (schema ``scan.schema.json``)."""

from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.report.entries import platform_name
from shipseal.report.interface import ComparisonView, FindingEntry, ScanOverview, ScanSubject
from shipseal.scan.interface import ScanReport
from shipseal.scan.results import database_document, finding_document, scanner_document

SCHEMA = "urn:shipseal:schema:scan:1"


def scan_document(overview: ScanOverview) -> dict[str, Any]:
    """Return the scan as JSON: findings under ``matches``, worst first."""
    gate = overview.gate
    return {
        "schema": SCHEMA,
        "source": _subject(overview.subject),
        "made": rfc3339(overview.made),
        "choice": overview.choice,
        "platforms": [_platform(report) for report in overview.reports],
        "counts": overview.counts(),
        "gate": gate
        and {
            "outcome": gate.outcome,
            "summary": gate.headline,
            "reasons": list(gate.reasons),
            "policy": list(gate.policy),
            "code": gate.code,
            "over": list(gate.over),
            "withoutEffect": [dict(item.document) for item in gate.without_effect],
        },
        "incomplete": list(overview.incomplete),
        "matches": [_match(entry) for entry in overview.entries],
        "notes": list(overview.notes),
        "comparison": _comparison(overview.comparison) if overview.comparison else None,
    }


def _comparison(view: ComparisonView) -> dict[str, Any]:
    return {
        "summary": list(view.summary),
        "differences": [
            {
                "platform": row.platform or None,
                "package": row.package,
                "version": row.version,
                "id": row.id,
                "severity": row.severity,
                "foundBy": row.found_by,
                "missedBy": row.missed_by,
                "reason": row.reason,
            }
            for row in view.differences
        ],
    }


def _subject(subject: ScanSubject) -> dict[str, Any]:
    return {
        "text": subject.text,
        "kind": subject.kind,
        "name": subject.name,
        "version": subject.version,
        "digest": subject.digest or None,
        "base": subject.base or None,
    }


def _platform(report: ScanReport) -> dict[str, Any]:
    return {
        "platform": platform_name(report.platform) or None,
        "sbom": report.sbom_digest,
        "scanner": scanner_document(report),
        "database": database_document(report.database),
        "started": rfc3339(report.started),
        "finished": rfc3339(report.finished),
        "counts": {str(severity): count for severity, count in report.counts().items()},
        "notes": list(report.notes),
        "gaps": list(report.gaps),
    }


def _match(entry: FindingEntry) -> dict[str, Any]:
    judgement = entry.judgement
    return {
        **finding_document(entry.finding),
        "platforms": [name for name in entry.platforms if name],
        "status": judgement.status or None,
        "rule": judgement.rule,
        "advice": {
            "command": entry.advice.command,
            "version": entry.advice.version,
            "note": entry.advice.note,
        },
    }
