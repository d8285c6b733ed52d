"""The parts of the gate's report as JSON: stable, the same content as the table."""

from collections.abc import Mapping
from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.gate.verdicts import ExpiredIgnore, FindingVerdict, UnusableIgnore
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import ScanReport, Severity


def platform_document(scan: ScanReport, counts: Mapping[Severity, int]) -> dict[str, Any]:
    """Return what was looked at on one platform, and how many findings count there."""
    database = scan.database
    return {
        "platform": str(scan.platform),
        "sbom": scan.sbom_digest,
        "scanner": {"name": scan.scanner, "version": scan.scanner_version},
        "database": {
            "uri": database.uri,
            "digest": database.digest,
            "built": rfc3339(database.built) if database.built else None,
        },
        "counts": {str(key): count for key, count in counts.items()},
        "notes": list(scan.notes),
        "gaps": list(scan.gaps),
    }


def verdict_document(verdict: FindingVerdict) -> dict[str, Any]:
    """Return one finding with what decided about it."""
    finding = verdict.finding
    document: dict[str, Any] = {
        "platform": str(verdict.platform),
        "id": finding.id,
        "aliases": list(finding.aliases),
        "severity": str(finding.severity),
        "package": {
            "name": finding.package.name,
            "version": finding.package.version,
            "type": finding.package.type,
            "purl": finding.package.purl,
            "locations": list(finding.package.locations),
            "layer": finding.package.layer,
        },
        "fix": {"state": str(finding.fix_state), "versions": list(finding.fix_versions)},
        "status": str(verdict.status),
        "rule": verdict.rule,
    }
    if verdict.ignored_by:
        document["ignoredBy"] = [ignore_document(rule) for rule in verdict.ignored_by]
    return document


def ignore_document(rule: IgnoreRule) -> dict[str, Any]:
    """Return an ignore rule as reports name it."""
    return {
        "rule": rule.label,
        "line": rule.line,
        "reason": rule.why,
        "owner": rule.owner,
        "until": rfc3339(rule.until) if rule.until else None,
        "tracking": rule.tracking,
        "issue": rule.issue,
    }


def expired_document(item: ExpiredIgnore) -> dict[str, Any]:
    """Return a rule that has ended."""
    return ignore_document(item.rule) | {"findings": item.findings}


def unusable_document(item: UnusableIgnore) -> dict[str, Any]:
    """Return a rule that never holds."""
    return ignore_document(item.rule) | {"problem": item.problem}
