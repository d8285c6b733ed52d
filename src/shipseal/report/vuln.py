"""The scan as cosign's vulnerability predicate: ``cosign attest --type vuln --predicate FILE``."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from shipseal.intoto.vuln import (
    FindingFacts,
    GateFacts,
    IgnoreFacts,
    ScanFacts,
    ScannedSbom,
    vuln_predicate,
)
from shipseal.oci import digest_of
from shipseal.report.interface import ScanOverview
from shipseal.scan.interface import Finding, ScanReport

UNASKED = "none"
"""Stands for the outcome where no gate was asked: no verifier takes it for a pass."""


def vuln_document(overview: ScanOverview) -> dict[str, Any]:
    """Return the predicate; without a gate its outcome is :data:`UNASKED`."""
    gate = overview.gate
    facts = scan_facts(
        overview.reports,
        gate=GateFacts(gate.outcome, "; ".join(gate.policy), gate.reasons)
        if gate
        else GateFacts(UNASKED, UNASKED),
        counts=overview.counts(),
        findings=[
            finding_facts(entry.finding, entry.platforms, ignored=entry.ignored)
            for entry in overview.entries
        ],
        ignores=gate.in_force if gate else (),
        accepted=overview.incomplete if gate and gate.outcome == "pass" else (),
    )
    return vuln_predicate(facts)


def scan_facts(
    reports: Sequence[ScanReport],
    *,
    gate: GateFacts,
    counts: Mapping[str, int],
    findings: Sequence[FindingFacts],
    ignores: Sequence[IgnoreFacts],
    accepted: Sequence[str] = (),
    event_id: str = "",
) -> ScanFacts:
    """Return what scans of one image come to, signed by a release or printed by a scan.

    Args:
        reports: by one scanner, with the same data, of one platform or of several; at least one.
        gate: what was decided.
        counts: findings that count, by severity.
        findings: short, worst first.
        ignores: in force.
        accepted: why a catalogue may not be whole, where that was accepted.
        event_id: of the run; may be empty.
    """
    first = reports[0]
    return ScanFacts(
        scanner_uri=first.scanner_uri,
        scanner=first.scanner,
        scanner_version=first.scanner_version,
        db_uri=public_uri(first.database.uri),
        db_version=first.database.digest or first.database.version,
        db_built=first.database.built,
        started=min(report.started for report in reports),
        finished=max(report.finished for report in reports),
        sboms=tuple(
            ScannedSbom(str(report.platform), report.sbom_digest, digest_of(report.raw))
            for report in reports
        ),
        gate=gate,
        counts=counts,
        findings=tuple(findings),
        ignores=tuple(ignores),
        event_id=event_id,
        accepted=tuple(accepted),
    )


def public_uri(uri: str) -> str:
    """Return where data came from, for everybody: its digest says which it is.

    An address stays, so that others find the data, without user, password, query and fragment, which may be secrets. Of
    a path only the name stays: folders tell of this machine.
    """
    scheme, found, rest = uri.partition("://")
    if not found or scheme == "file":
        return PurePath(uri).name
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


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
