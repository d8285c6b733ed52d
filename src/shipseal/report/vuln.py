"""The scan as cosign's vulnerability predicate: ``cosign attest --type vuln --predicate FILE``."""

from typing import Any

from shipseal.intoto.vuln import FindingFacts, GateFacts, ScanFacts, ScannedSbom, vuln_predicate
from shipseal.oci import digest_of
from shipseal.report.interface import FindingEntry, ScanOverview

UNASKED = "none"
"""Stands for the outcome where no gate was asked: no verifier takes it for a pass."""


def vuln_document(overview: ScanOverview) -> dict[str, Any]:
    """Return the predicate; without a gate its outcome is :data:`UNASKED`."""
    first = overview.reports[0]
    gate = overview.gate
    facts = ScanFacts(
        scanner_uri=first.scanner_uri,
        scanner=first.scanner,
        scanner_version=first.scanner_version,
        db_uri=first.database.uri.rpartition("/")[2] or first.database.uri,
        db_version=first.database.digest or first.database.version,
        db_built=first.database.built,
        started=min(report.started for report in overview.reports),
        finished=max(report.finished for report in overview.reports),
        sboms=tuple(
            ScannedSbom(str(report.platform), report.sbom_digest, digest_of(report.raw))
            for report in overview.reports
        ),
        gate=GateFacts(gate.outcome, "; ".join(gate.policy), gate.reasons)
        if gate
        else GateFacts(UNASKED, UNASKED),
        counts=overview.counts(),
        findings=tuple(_finding(entry) for entry in overview.entries),
        accepted=overview.incomplete if gate and gate.outcome == "pass" else (),
    )
    return vuln_predicate(facts)


def _finding(entry: FindingEntry) -> FindingFacts:
    finding = entry.finding
    return FindingFacts(
        id=finding.id,
        severity=str(finding.severity),
        package=finding.package.name,
        version=finding.package.version,
        type=finding.package.type,
        fix=finding.fix_versions,
        platforms=tuple(name for name in entry.platforms if name),
        ignored=entry.ignored,
    )
