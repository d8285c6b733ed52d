"""Scan attestations: cosign's vulnerability predicate (cosign ``specs/COSIGN_VULN_ATTESTATION_SPEC.md``).

The specification leaves ``scanner.result`` to the scanner. Ours says, in ``scanner.result``: which SBOMs were scanned
(by digest), what was found, what the gate decided and which ignores were in force. The scanner's own report lies
beside the image and is named by digest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shipseal._internal.clock import parse_rfc3339, rfc3339
from shipseal.errors import AttestError, Code, ImageError
from shipseal.intoto.statement import decode_predicate
from shipseal.oci import Digest, parse_digest

RESULT_SCHEMA = "pkg:pypi/shipseal#scan-result/v1"
"""Stands in ``scanner.result.schema``, so that a reader knows what the result is."""


@dataclass(frozen=True, slots=True)
class ScannedSbom:
    """One SBOM that was scanned.

    Attributes:
        platform: whose, ``os/arch[/variant]``.
        digest: of the full SBOM.
        results: of the scanner's own report; None when it is not kept.
    """

    platform: str
    digest: Digest
    results: Digest | None = None


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """One finding, short.

    Attributes:
        id: ``CVE-…``, ``GHSA-…``.
        severity: ``critical`` … ``unknown``.
        package: name.
        version: of the package.
        type: of the package: ``deb``, ``python``, …
        fix: versions that have the fix.
        platforms: where it was found.
        ignored: whether an ignore took it out of the gate.
    """

    id: str
    severity: str
    package: str
    version: str
    type: str = ""
    fix: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    ignored: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON value, without empty members."""
        members: dict[str, Any] = {
            "id": self.id,
            "severity": self.severity,
            "package": self.package,
            "version": self.version,
            "type": self.type,
            "fix": list(self.fix),
            "platforms": list(self.platforms),
            "ignored": self.ignored,
        }
        return {key: value for key, value in members.items() if value}


@dataclass(frozen=True, slots=True)
class IgnoreFacts:
    """One ignore that was in force.

    Attributes:
        rule: what it ignores: the vulnerability's id, or the rule in short.
        reason: why.
        owner: who answers for it; may be empty.
        until: when it ends; None when it has no end.
        tracking: link; may be empty.
        issue: link to the own issue; may be empty.
        impact: as it was assessed; may be empty.
        component: affected component; may be empty.
        remove_when: criteria for its removal; may be empty.
        findings: how many it took out.
        approved_by: who let it in, by the history of its file; empty when that is not known.
        commit: that it came with; likewise.
        pull_request: likewise.
        vex: the VEX statement of somebody else that it stands for: its author, signer and document; empty for our own.
    """

    rule: str
    reason: str
    owner: str = ""
    until: datetime | None = None
    tracking: str = ""
    issue: str = ""
    impact: str = ""
    component: str = ""
    remove_when: str = ""
    findings: int = 0
    approved_by: tuple[str, ...] = ()
    commit: str = ""
    pull_request: str = ""
    vex: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON value, without empty members."""
        members: dict[str, Any] = {
            "rule": self.rule,
            "reason": self.reason,
            "owner": self.owner,
            "until": rfc3339(self.until) if self.until else "",
            "tracking": self.tracking,
            "issue": self.issue,
            "impact": self.impact,
            "component": self.component,
            "removeWhen": self.remove_when,
            "findings": self.findings,
            "approvedBy": list(self.approved_by),
            "commit": self.commit,
            "pullRequest": self.pull_request,
            "vex": dict(self.vex),
        }
        return {key: value for key, value in members.items() if value}


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the gate decided.

    Attributes:
        outcome: ``pass``, ``fail`` or ``undecided``.
        fail_on: the threshold.
        reasons: why it is not ``pass``, a sentence each.
        rules: the whole policy, a sentence each, where it is more than a threshold; else empty.
    """

    outcome: str
    fail_on: str
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """One scan: of one platform, or of all platforms of an index.

    Attributes:
        scanner_uri: the scanner's home.
        scanner: its name.
        scanner_version: its version.
        db_uri: where its data came from.
        db_version: schema version or checksum of the data.
        started: when.
        finished: when.
        sboms: what was scanned.
        gate: what was decided.
        db_built: when the data was built; None when unknown.
        counts: findings per severity.
        findings: short, worst first.
        ignores: in force.
        invocation: URI of the run; may be empty.
        event_id: of the run; may be empty.
        builder_id: of the run; may be empty.
        accepted: reasons why a catalogue may not be whole that were accepted, a sentence each.
    """

    scanner_uri: str
    scanner: str
    scanner_version: str
    db_uri: str
    db_version: str
    started: datetime
    finished: datetime
    sboms: tuple[ScannedSbom, ...]
    gate: GateFacts
    db_built: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[FindingFacts, ...] = ()
    ignores: tuple[IgnoreFacts, ...] = ()
    invocation: str = ""
    event_id: str = ""
    builder_id: str = ""
    accepted: tuple[str, ...] = ()


def vuln_predicate(facts: ScanFacts) -> dict[str, Any]:
    """Return the predicate of type ``https://cosign.sigstore.dev/attestation/vuln/v1``."""
    return {
        "invocation": {
            "parameters": [],
            "uri": facts.invocation,
            "event_id": facts.event_id,
            "builder.id": facts.builder_id,
        },
        "scanner": {
            "uri": facts.scanner_uri,
            "version": facts.scanner_version,
            "db": {"uri": facts.db_uri, "version": facts.db_version},
            "result": _result(facts),
        },
        "metadata": {
            "scanStartedOn": rfc3339(facts.started),
            "scanFinishedOn": rfc3339(facts.finished),
        },
    }


def _result(facts: ScanFacts) -> dict[str, Any]:
    result: dict[str, Any] = {
        "schema": RESULT_SCHEMA,
        "scanner": facts.scanner,
        "sboms": [_sbom(item) for item in facts.sboms],
        "gate": {
            "outcome": facts.gate.outcome,
            "failOn": facts.gate.fail_on,
            "reasons": list(facts.gate.reasons),
            **({"rules": list(facts.gate.rules)} if facts.gate.rules else {}),
        },
        "counts": dict(facts.counts),
        "findings": [item.to_json() for item in facts.findings],
        "ignores": [item.to_json() for item in facts.ignores],
    }
    if facts.accepted:
        result["accepted"] = list(facts.accepted)
    return result | ({"dbBuilt": rfc3339(facts.db_built)} if facts.db_built else {})


def _sbom(item: ScannedSbom) -> dict[str, Any]:
    named = {"platform": item.platform, "digest": item.digest}
    return named | ({"results": item.results} if item.results else {})


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """What a verifier needs of a scan attestation.

    Attributes:
        finished: when the scan ended.
        sboms: digests of the SBOMs that it names; empty where another tool wrote it.
        gate: the gate's outcome; empty where another tool wrote it.
        fail_on: the gate's threshold; likewise.
        scanner: URI and version.
        counts: findings by severity; empty where there are none, or another tool wrote it.
        critical: ids of critical findings, each once, whether ignored or not; likewise.
    """

    finished: datetime
    sboms: tuple[Digest, ...]
    gate: str
    fail_on: str
    scanner: str
    counts: Mapping[str, int] = field(default_factory=dict)
    critical: tuple[str, ...] = ()


def parse_scan(predicate: bytes) -> ScanSummary:
    """Read a scan predicate, ours or another tool's.

    Raises:
        AttestError: ``attest.invalid`` when it has no end time, or what is there is malformed.
    """
    document = decode_predicate(predicate, what="scan predicate")
    metadata, scanner = _object(document, "metadata"), _object(document, "scanner")
    result = scanner.get("result")
    result = result if isinstance(result, dict) and result.get("schema") == RESULT_SCHEMA else {}
    gate = result.get("gate")
    gate = gate if isinstance(gate, dict) else {}
    try:
        return ScanSummary(
            finished=parse_rfc3339(str(metadata.get("scanFinishedOn", ""))),
            sboms=tuple(parse_digest(str(item["digest"])) for item in result.get("sboms", ())),
            gate=str(gate.get("outcome", "")),
            fail_on=str(gate.get("failOn", "")),
            scanner=f"{scanner.get('uri', '')} {scanner.get('version', '')}".strip(),
            counts={str(name): int(number) for name, number in _items(result.get("counts"))},
            critical=tuple(_critical(result.get("findings"))),
        )
    except (AttributeError, ValueError, KeyError, TypeError, ImageError) as error:
        raise _malformed(str(error)) from error


def parse_findings(predicate: bytes) -> tuple[FindingFacts, ...]:
    """Read what a scan of ours found; empty for another tool's predicate.

    Raises:
        AttestError: ``attest.invalid`` when what is there is malformed.
    """
    document = decode_predicate(predicate, what="scan predicate")
    result = _object(document, "scanner").get("result")
    if not isinstance(result, dict) or result.get("schema") != RESULT_SCHEMA:
        return ()
    try:
        return tuple(
            FindingFacts(
                id=str(item["id"]),
                severity=str(item["severity"]),
                package=str(item["package"]),
                version=str(item.get("version", "")),
                type=str(item.get("type", "")),
                fix=tuple(map(str, item.get("fix", ()))),
                platforms=tuple(map(str, item.get("platforms", ()))),
                ignored=item.get("ignored") is True,
            )
            for item in result.get("findings", ())
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise _malformed(f"a finding: {error}") from error


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    return () if value is None else value.items()


def _critical(findings: Any) -> Iterable[str]:
    found = (str(item["id"]) for item in findings or () if item.get("severity") == "critical")
    return dict.fromkeys(found)


def _object(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise _malformed(f"{name} is no object")
    return value


def _malformed(problem: str) -> AttestError:
    return AttestError(
        Code.ATTEST_INVALID,
        f"scan predicate: {problem}",
        hint="the scan's attestation is malformed: scan and attest the image again",
    )
