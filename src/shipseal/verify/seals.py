"""When a seal counts. The numbers are those of ``docs/verification.md``.

A seal is believed as far as it can be followed: every attestation that it stands on must be there, genuine and under
the digest that it names, and it must stand on the very evidence by which the other requirements are met.
"""

from collections.abc import Mapping

from shipseal._internal.clock import rfc3339
from shipseal.errors import AttestError
from shipseal.intoto.predicates import Family
from shipseal.intoto.summary import PASSED, Summary, parse_summary
from shipseal.oci import Digest
from shipseal.verify.scene import Judgement, Scene, Subject, short
from shipseal.verify.verdict import Standing
from shipseal.verify.weigh import Genuine


def judge_seal(
    scene: Scene,
    subject: Subject,
    evidence: Genuine,
    counted: Mapping[Family, frozenset[Digest]],
) -> Judgement:
    """Step 11: return how a genuine seal stands.

    Args:
        scene: where it lies.
        subject: what it is required for.
        evidence: the seal.
        counted: bundles that count for the subject, for each other family that is required.
    """
    try:
        summary = parse_summary(evidence.verified.statement.predicate)
    except AttestError as error:
        found = Judgement(Standing.UNREADABLE, "a seal that can be read", error.message)
    else:
        found = (
            _authority(scene, summary)
            or _break_glass(scene, summary)
            or _inputs(scene, subject, summary, counted)
            or Judgement(Standing.PRESENT, note=_note(summary))
        )
    return found.on(evidence)


def overrides_gate(scene: Scene, subject: Digest, scan: Digest, gate: str) -> str:
    """Return the break-glass record that lets a refused image count, in one line; empty when none counts.

    Args:
        scene: where the seals lie.
        subject: what the scan is about.
        scan: digest of its bundle: a record is about the scans that its seal stands on, and about no later one.
        gate: what the gate said; a record overrides only what it names.
    """
    for evidence in scene.of(subject, Family.SEAL):
        try:
            summary = parse_summary(evidence.verified.statement.predicate)
        except AttestError:
            continue
        refused = _authority(scene, summary) or _break_glass(scene, summary)
        record = summary.break_glass
        if record and refused is None and gate in record.overrides and scan in summary.inputs:
            return str(record)
    return ""


def _authority(scene: Scene, summary: Summary) -> Judgement | None:
    """Steps 11a and 11b: verifier, policy and result."""
    policy = scene.policy
    if summary.verifier not in policy.seal_verifiers:
        expected = " or ".join(sorted(policy.seal_verifiers))
        return Judgement(Standing.REFUSED, f"a seal of {expected}", f"a seal of {summary.verifier}")
    if policy.seal_policies and not policy.seal_policies & frozenset(summary.policy_digests):
        return Judgement(
            Standing.REFUSED,
            f"policy {short(policy.seal_policies)}",
            f"policy {summary.policy_uri} {short(summary.policy_digests)}",
        )
    if summary.result != PASSED:
        return Judgement(Standing.REFUSED, f"a seal that says {PASSED}", summary.result)
    return None


def _break_glass(scene: Scene, summary: Summary) -> Judgement | None:
    """Step 11c: an image that was published in spite of its gate counts while that is accepted, and no longer."""
    record = summary.break_glass
    if record is None:
        return None
    if not scene.policy.accept_break_glass:
        return Judgement(Standing.REFUSED, "a release that passed its gate", str(record))
    if scene.now >= record.until:
        return Judgement(
            Standing.TOO_OLD, f"a break-glass record beyond {rfc3339(scene.now)}", str(record)
        )
    return None


def _inputs(
    scene: Scene,
    subject: Subject,
    summary: Summary,
    counted: Mapping[Family, frozenset[Digest]],
) -> Judgement | None:
    """Steps 11d and 11e: what it stands on is there, and is what the other requirements are met by."""
    named = frozenset(summary.inputs)
    absent = named - scene.bundles()
    if absent or not named:
        return Judgement(
            Standing.INCONSISTENT,
            "every attestation that the seal names",
            f"not found or not genuine: {short(absent)}" if named else "it names none",
        )
    for family, bundles in counted.items():
        if not bundles:
            return Judgement(
                Standing.INCONSISTENT,
                f"a seal over a {family} of {subject.label} that counts",
                "none counts",
            )
        if not named & bundles:
            return Judgement(
                Standing.INCONSISTENT,
                f"a seal over the {family} of {subject.label}: {short(bundles)}",
                f"a seal over {short(named)}",
            )
    return None


def _note(summary: Summary) -> str:
    return str(summary.break_glass) if summary.break_glass else ""
