"""The parts of the gate's report as JSON: stable, the same content as the table."""

from collections.abc import Callable, Mapping
from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.gate.verdicts import (
    ExpiredIgnore,
    FindingVerdict,
    MetIgnore,
    NoEffect,
    UnjustifiedIgnore,
    UnusableIgnore,
)
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.document import VexDocument
from shipseal.scan.interface import Finding, FixAdvice, ScanReport, Severity

Advise = Callable[[Finding], FixAdvice]
"""Says how to be rid of a finding."""


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
            "kev": database.kev.isoformat() if database.kev else None,
            "epss": database.epss.isoformat() if database.epss else None,
        },
        "counts": {str(key): count for key, count in counts.items()},
        "notes": list(scan.notes),
        "gaps": list(scan.gaps),
    }


def verdict_document(verdict: FindingVerdict, advise: Advise | None = None) -> dict[str, Any]:
    """Return one finding with what decided about it.

    Args:
        verdict: the finding, judged.
        advise: says how to be rid of it; None leaves that out.
    """
    finding = verdict.finding
    document: dict[str, Any] = {
        "platform": str(verdict.platform),
        "id": finding.id,
        "aliases": list(finding.aliases),
        "severity": str(finding.severity),
        "severitySource": finding.severity_source,
        "package": {
            "name": finding.package.name,
            "version": finding.package.version,
            "type": finding.package.type,
            "purl": finding.package.purl,
            "locations": list(finding.package.locations),
            "layer": finding.package.layer,
        },
        "origin": str(finding.origin),
        "fix": {"state": str(finding.fix_state), "versions": list(finding.fix_versions)},
        "status": str(verdict.status),
        "rule": verdict.rule,
        "decidedBy": verdict.key,
        **_known(finding),
    }
    if advise is not None:
        document["advice"] = advice_document(advise(finding))
    if verdict.ignored_by:
        document["ignoredBy"] = [ignore_document(rule) for rule in verdict.ignored_by]
    return document


def advice_document(advice: FixAdvice) -> dict[str, str]:
    """Return what to do about a finding."""
    return {"command": advice.command, "version": advice.version, "note": advice.note}


def _known(finding: Finding) -> dict[str, Any]:
    """Return what only some findings have."""
    kev, epss = finding.kev, finding.epss
    members = {
        "cvss": [
            {"version": one.version, "score": one.score, "vector": one.vector, "source": one.source}
            for one in finding.cvss
        ],
        "kev": kev
        and {
            "added": kev.added.isoformat(),
            "due": kev.due.isoformat() if kev.due else None,
            "ransomware": kev.ransomware,
        },
        "epss": epss
        and {
            "probability": epss.probability,
            "percentile": epss.percentile,
            "scored": epss.scored.isoformat() if epss.scored else None,
        },
        "published": rfc3339(finding.published) if finding.published else None,
    }
    return {name: value for name, value in members.items() if value}


def ignore_document(rule: IgnoreRule) -> dict[str, Any]:
    """Return an ignore rule as reports name it."""
    document: dict[str, Any] = {
        "rule": rule.label,
        "line": rule.line,
        "reason": rule.why,
        "owner": rule.owner,
        "until": rfc3339(rule.until) if rule.until else None,
        "tracking": rule.tracking,
        "issue": rule.issue,
    }
    said = rule.vouched
    if said:
        document["vex"] = {
            "statement": said.statement,
            "status": said.status,
            "justification": said.justification,
            "author": said.author,
            "signer": said.signer,
            "document": said.document,
        }
    return document


def expired_document(item: ExpiredIgnore) -> dict[str, Any]:
    """Return a rule that has ended."""
    return ignore_document(item.rule) | {"findings": item.findings}


def unusable_document(item: UnusableIgnore) -> dict[str, Any]:
    """Return a rule that never holds."""
    return ignore_document(item.rule) | {"problem": item.problem}


def unjustified_document(item: UnjustifiedIgnore) -> dict[str, Any]:
    """Return a rule that lacks a part of its justification."""
    return ignore_document(item.rule) | {
        "missing": [str(part) for part in item.lacking],
        "findings": item.findings,
        "ignores": item.ignores,
    }


def met_document(item: MetIgnore) -> dict[str, Any]:
    """Return a rule whose removal criteria have come about."""
    return ignore_document(item.rule) | {
        "removeWhen": item.rule.remove_when,
        "why": item.why,
        "findings": item.findings,
        "ignores": item.ignores,
    }


def vex_document(document: VexDocument) -> dict[str, Any]:
    """Return a document of somebody else that was believed."""
    return {
        "source": document.source,
        "id": document.id,
        "author": document.author,
        "signer": document.signer,
        "digest": document.digest or None,
        "statements": len(document.statements),
    }


def effect_document(item: NoEffect) -> dict[str, Any]:
    """Return a rule or a statement that takes nothing out, with why."""
    return {
        "kind": "vex" if item.document else "ignore",
        "statement": item.label,
        "status": item.status,
        "line": item.line,
        "document": item.document,
        "owner": item.owner,
        "signer": item.signer,
        "cause": item.cause,
        "why": item.why,
    }
