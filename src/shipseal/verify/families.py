"""What each family of evidence must say to count for a subject. The numbers are those of ``docs/verification.md``."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.attest.interface import VerifiedStatement
from shipseal.errors import AttestError, Code
from shipseal.intoto.predicates import Family
from shipseal.intoto.provenance import Origin, parse_provenance
from shipseal.intoto.vuln import ScanSummary, parse_scan
from shipseal.oci import Digest
from shipseal.verify.questions import Answer, Case, Inquiry, Question
from shipseal.verify.sbom_view import SbomView
from shipseal.verify.scene import Judgement, Scene, Subject, short
from shipseal.verify.seals import SEAL, overrides_gate
from shipseal.verify.verdict import Standing
from shipseal.verify.weigh import Genuine

_CLOCK_SKEW = timedelta(minutes=10)
"""How far in the future a scan may have ended before its time means nothing: clocks of runners differ."""


def judge(
    scene: Scene,
    subject: Subject,
    family: Family,
    evidence: Genuine,
    counted: Mapping[Family, frozenset[Digest]],
) -> Judgement:
    """Return how a piece of genuine evidence stands for ``family``.

    Args:
        scene: where it lies.
        subject: what it is required for.
        family: what it is required as.
        evidence: it.
        counted: bundles that count for the subject, for each family that was judged before; for the seal.
    """
    return INQUIRIES[family].judge(scene, subject, evidence.verified, counted).on(evidence)


def _sbom_of(scene: Scene, verified: VerifiedStatement) -> SbomView:
    view = scene.sboms.get(verified.bundle)
    if view is None:
        raise AttestError(
            Code.ATTEST_INVALID, "a malformed one", hint="attach an SPDX 2.3 JSON document"
        )
    return view


def _describes(case: Case[SbomView]) -> Answer:
    """Step 8a: an SBOM is about its subject by its own words."""
    digest, subjects = case.subject.digest, case.read.subjects
    return Answer(
        Standing.PRESENT if digest in subjects else Standing.WRONG_SUBJECT,
        lambda: (f"an SBOM that describes {digest}", f"it describes {short(subjects)}"),
    )


def _sbom_document(case: Case[SbomView]) -> Answer | None:
    """Step 8b: an SBOM by reference counts when the document lies beside the image under the digest that was signed."""
    view, subject = case.read, case.subject
    if not view.by_reference:
        return None
    stored = case.scene.documents.get(subject.digest, frozenset())
    there = view.full and view.full <= stored and not subject.is_index
    return Answer(
        Standing.PRESENT if there else Standing.MISSING,
        lambda: (f"the SBOM document {short(view.full)}", f"stored are {short(stored)}"),
    )


def _sbom_of_index(case: Case[SbomView]) -> Answer | None:
    """Step 8c: an index's SBOM lists that of each platform."""
    view, scene = case.read, case.scene
    if view.by_reference or not case.subject.is_index:
        return None
    for platform in case.subject.platforms:
        wanted = scene.full_sboms(platform.digest)
        if not view.lists & wanted:
            expected = f"the SBOM of {platform.platform} listed: {short(wanted)}"
            return _inconsistent(expected, f"it lists {short(view.lists)}")
    return Answer(
        Standing.PRESENT,
        lambda: (f"{_sboms(case)}, listed", f"it lists {short(view.lists)}"),
    )


def _scanned(case: Case[ScanSummary]) -> Answer:
    """Step 9a: a scan names the SBOM that counts for the platform."""
    named = frozenset(case.read.sboms)
    for platform in case.subject.platforms:
        sboms = case.scene.full_sboms(platform.digest)
        if not sboms & named:
            expected = f"a scan of the SBOM of {platform.platform}: {short(sboms)}"
            return _inconsistent(expected, f"a scan of {short(case.read.sboms)}")
    return Answer(
        Standing.PRESENT,
        lambda: (f"a scan of {_sboms(case)}", f"a scan of {short(case.read.sboms)}"),
    )


def _ended(case: Case[ScanSummary]) -> Answer:
    """Step 9b: a scan of the future means nothing."""
    finished, now = case.read.finished, case.scene.now
    return Answer(
        Standing.INCONSISTENT if finished > now + _CLOCK_SKEW else Standing.PRESENT,
        lambda: (f"a scan that ended before {rfc3339(now)}", f"it ended at {rfc3339(finished)}"),
    )


def _age(case: Case[ScanSummary]) -> Answer:
    """Step 9c: a scan is recent enough."""
    finished, scene = case.read.finished, case.scene
    most = scene.policy.scan_max_age
    old = most is not None and scene.now - finished > most
    limit = "at any time" if most is None else f"of the last {scene.policy.scan_age}"
    return Answer(
        Standing.TOO_OLD if old else Standing.PRESENT,
        lambda: (f"a scan {limit}", f"it ended at {rfc3339(finished)}"),
        more=lambda: f"{_span(scene.now - finished)} ago",
    )


def _gate(case: Case[ScanSummary]) -> Answer:
    """Step 10: the gate of the scan let the image pass, or was overridden."""
    gate = case.read.gate
    got = f"gate {gate or 'not recorded'}"
    override = ""
    if gate != "pass":
        override = overrides_gate(case.scene, case.subject, case.bundle, gate)
    note = f"{got}, overridden: {override}" if override else ""
    return Answer(
        Standing.PRESENT if gate == "pass" or override else Standing.REFUSED,
        lambda: ("a scan that passed its gate", note or got),
        more=lambda: f"fail on {case.read.fail_on}" if case.read.fail_on else "no threshold stated",
        note=note,
    )


def _inconsistent(expected: str, got: str) -> Answer:
    return Answer(Standing.INCONSISTENT, lambda: (expected, got))


def _sboms(case: Case[Any]) -> str:
    """Return which SBOMs must be named, each with the platform that it is of."""
    told = (
        f"the SBOM of {one.platform}: {short(case.scene.full_sboms(one.digest))}"
        for one in case.subject.platforms
    )
    return "; ".join(told) or "no SBOM in particular"


def _span(age: timedelta) -> str:
    minutes = max(int(age.total_seconds() // 60), 0)
    for most, size, unit in ((120, 1, "minutes"), (2880, 60, "hours")):
        if minutes < most:
            return f"{minutes // size} {unit}"
    return f"{minutes // 1440} days"


def _origin(origin: Origin) -> str:
    return f"built by {origin.builder}, {origin.build_type}"


def _sbom_says(view: SbomView) -> str:
    return f"{'by reference' if view.by_reference else 'SPDX'}, full document {short(view.full)}"


def _scan_says(summary: ScanSummary) -> str:
    return f"by {summary.scanner or 'a scanner that is not named'}"


INQUIRIES: Mapping[Family, Inquiry[Any]] = {
    Family.PROVENANCE: Inquiry(
        "7",
        "provenance",
        "a provenance that can be read",
        lambda _, verified: parse_provenance(verified.statement.predicate),
        _origin,
    ),
    Family.SBOM: Inquiry(
        "8",
        "SBOM",
        "an SPDX document",
        _sbom_of,
        _sbom_says,
        (
            Question("8a", "SBOM subject", _describes),
            Question("8b", "SBOM document", _sbom_document),
            Question("8c", "SBOMs listed", _sbom_of_index, index_only=True),
        ),
    ),
    Family.SCAN: Inquiry(
        "9",
        "scan",
        "a scan that can be read",
        lambda _, verified: parse_scan(verified.statement.predicate),
        _scan_says,
        (
            Question("9a", "SBOM scanned", _scanned),
            Question("9b", "scan's end", _ended),
            Question("9c", "scan's age", _age),
            Question("10", "gate", _gate),
        ),
    ),
    Family.SEAL: SEAL,
    # What it says is for readers of VEX; that it is genuine and about the image is all that is asked here.
    Family.VEX: Inquiry("", "", "", lambda _, verified: verified.statement, lambda _: ""),
}
"""What is asked about evidence of each family."""


def names_of(family: Family, subject: Subject) -> Iterable[tuple[str, str]]:
    """Return number and name of all that is asked about evidence of ``family`` for ``subject``."""
    return INQUIRIES[family].names(subject)
