"""The scan as cosign's vulnerability predicate: ``cosign attest --type vuln --predicate FILE``."""

from collections.abc import Iterable
from typing import Any

from shipseal.intoto.vuln import FindingFacts, GateFacts, ScanFacts, ScannedSbom, vuln_predicate
from shipseal.oci import digest_of
from shipseal.report.interface import ScanOverview
from shipseal.scan.interface import Finding

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
        findings=tuple(
            finding_facts(entry.finding, entry.platforms, ignored=entry.ignored)
            for entry in overview.entries
        ),
        ignores=gate.in_force if gate else (),
        accepted=overview.incomplete if gate and gate.outcome == "pass" else (),
    )
    return vuln_predicate(facts)


def finding_facts(finding: Finding, platforms: Iterable[str], *, ignored: bool) -> FindingFacts:
    """Return one finding, short, as a statement tells it.

    Args:
        finding: the first of those that are alike on several platforms.
        platforms: where it was found; empty names are left out.
        ignored: whether an ignore took it out of the gate.
    """
    return FindingFacts(
        id=finding.id,
        severity=str(finding.severity),
        package=finding.package.name,
        version=finding.package.version,
        type=finding.package.type,
        fix=finding.fix_versions,
        platforms=tuple(name for name in platforms if name),
        ignored=ignored,
    )
