"""What each family of evidence must say to count for a subject. The numbers are those of ``docs/verification.md``."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from shipseal._internal.clock import rfc3339
from shipseal.attest.interface import VerifiedStatement
from shipseal.errors import AttestError
from shipseal.intoto.predicates import Family
from shipseal.intoto.provenance import parse_provenance
from shipseal.intoto.vuln import ScanSummary, parse_scan
from shipseal.oci import Digest
from shipseal.verify.sbom_view import SbomView
from shipseal.verify.scene import Judgement, Scene, Subject, short
from shipseal.verify.seals import overrides_gate
from shipseal.verify.verdict import Standing
from shipseal.verify.weigh import Genuine

Judge = Callable[[Scene, Subject, VerifiedStatement], Judgement]

_CLOCK_SKEW = timedelta(minutes=10)
"""How far in the future a scan may have ended before its time means nothing: clocks of runners differ."""

_COUNTS = Judgement(Standing.PRESENT)


def judge(scene: Scene, subject: Subject, family: Family, evidence: Genuine) -> Judgement:
    """Return how a piece of genuine evidence stands for ``family`` (a seal is judged elsewhere, over the others)."""
    try:
        found = _JUDGES[family](scene, subject, evidence.verified)
    except AttestError as error:
        found = Judgement(Standing.UNREADABLE, f"a {family} that can be read", error.message)
    return found.on(evidence)


def _provenance(scene: Scene, subject: Subject, verified: VerifiedStatement) -> Judgement:
    """Step 7: provenance says how and by whom the subject was built."""
    parse_provenance(verified.statement.predicate)
    return _COUNTS


def _sbom(scene: Scene, subject: Subject, verified: VerifiedStatement) -> Judgement:
    """Step 8: an SBOM is about its subject by its own words; an index's lists the SBOM of each platform."""
    view = scene.sboms.get(verified.bundle)
    if view is None:
        return Judgement(Standing.UNREADABLE, "an SPDX document", "a malformed one")
    if subject.digest not in view.subjects:
        return Judgement(
            Standing.WRONG_SUBJECT,
            f"an SBOM that describes {subject.digest}",
            f"it describes {short(view.subjects)}",
        )
    if view.by_reference:
        return _sbom_document(scene, subject, view)
    return _sbom_of_index(scene, subject, view) if subject.is_index else _COUNTS


def _sbom_document(scene: Scene, subject: Subject, view: SbomView) -> Judgement:
    """An SBOM by reference counts when the document lies beside the image under the digest that was signed."""
    stored = scene.documents.get(subject.digest, frozenset())
    if view.full and view.full <= stored and not subject.is_index:
        return _COUNTS
    return Judgement(
        Standing.MISSING, f"the SBOM document {short(view.full)}", f"stored are {short(stored)}"
    )


def _sbom_of_index(scene: Scene, subject: Subject, view: SbomView) -> Judgement:
    for platform in subject.platforms:
        wanted = scene.full_sboms(platform.digest)
        if not view.lists & wanted:
            return Judgement(
                Standing.INCONSISTENT,
                f"the SBOM of {platform.platform} listed: {short(wanted)}",
                f"it lists {short(view.lists)}",
            )
    return _COUNTS


def _scan(scene: Scene, subject: Subject, verified: VerifiedStatement) -> Judgement:
    """Steps 9 and 10: a scan names the SBOM that counts, is recent enough, and its gate let the image pass."""
    summary = parse_scan(verified.statement.predicate)
    for platform in subject.platforms:
        sboms = scene.full_sboms(platform.digest)
        if not sboms & frozenset(summary.sboms):
            return Judgement(
                Standing.INCONSISTENT,
                f"a scan of the SBOM of {platform.platform}: {short(sboms)}",
                f"a scan of {short(summary.sboms)}",
            )
    return _scan_age(scene, summary) or _scan_gate(scene, subject, summary, verified.bundle)


def _scan_age(scene: Scene, summary: ScanSummary) -> Judgement | None:
    if summary.finished > scene.now + _CLOCK_SKEW:
        return Judgement(
            Standing.INCONSISTENT,
            f"a scan that ended before {rfc3339(scene.now)}",
            f"it ended at {rfc3339(summary.finished)}",
        )
    most = scene.policy.scan_max_age
    if most is not None and scene.now - summary.finished > most:
        return Judgement(
            Standing.TOO_OLD,
            f"a scan of the last {scene.policy.scan_age}",
            f"it ended at {rfc3339(summary.finished)}",
        )
    return None


def _scan_gate(scene: Scene, subject: Subject, summary: ScanSummary, scan: Digest) -> Judgement:
    if summary.gate == "pass":
        return _COUNTS
    got = f"gate {summary.gate or 'not recorded'}"
    override = overrides_gate(scene, subject.digest, scan, summary.gate)
    if override:
        return Judgement(Standing.PRESENT, note=f"{got}, overridden: {override}")
    return Judgement(Standing.REFUSED, "a scan that passed its gate", got)


def _vex(scene: Scene, subject: Subject, verified: VerifiedStatement) -> Judgement:
    """What it says is for readers of VEX; that it is genuine and about the image is all that is asked here."""
    return _COUNTS


_JUDGES: Mapping[Family, Judge] = {
    Family.PROVENANCE: _provenance,
    Family.SBOM: _sbom,
    Family.SCAN: _scan,
    Family.VEX: _vex,
}
