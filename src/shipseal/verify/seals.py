"""When a seal counts. The numbers are those of ``docs/verification.md``.

A seal is believed as far as it can be followed: every attestation that it stands on must be there, genuine and under
the digest that it names, and it must stand on the very evidence by which the other requirements are met.
"""

from collections import Counter

from shipseal._internal.clock import rfc3339
from shipseal.attest.interface import VerifiedStatement
from shipseal.errors import AttestError
from shipseal.intoto.predicates import Family
from shipseal.intoto.summary import PASSED, Summary, parse_summary
from shipseal.oci import Digest
from shipseal.verify.questions import Answer, Case, Inquiry, Question, asked, concluded
from shipseal.verify.scene import Scene, Subject, short
from shipseal.verify.verdict import Standing


def overrides_gate(scene: Scene, subject: Subject, scan: Digest, gate: str) -> str:
    """Return the break-glass record that lets a refused image count, in one line; empty when none counts.

    Args:
        scene: where the seals lie.
        subject: what the scan is about.
        scan: digest of its bundle: a record is about the scans that its seal stands on, and about no later one.
        gate: what the gate said; a record overrides only what it names.
    """
    for evidence in scene.of(subject.digest, Family.SEAL):
        try:
            summary = _read(scene, evidence.verified)
        except AttestError:
            continue
        record = summary.break_glass
        if not record or gate not in record.overrides or scan not in summary.inputs:
            continue
        case = Case(scene, subject, evidence.verified.bundle, summary)
        answers = (answer for _, answer in asked(_AUTHORITY, case))
        if concluded(answers).standing is Standing.PRESENT:
            return str(record)
    return ""


def _read(_: Scene, verified: VerifiedStatement) -> Summary:
    return parse_summary(verified.statement.predicate)


def _says(summary: Summary) -> str:
    version = f" {summary.version}" if summary.version else ""
    return f"of {summary.resource_uri}{version}, made {rfc3339(summary.verified)}"


def _verifier(case: Case[Summary]) -> Answer:
    """Step 11a: it was made by a verifier that is accepted."""
    accepted, verifier = case.scene.policy.seal_verifiers, case.read.verifier
    return Answer(
        Standing.PRESENT if verifier in accepted else Standing.REFUSED,
        lambda: (f"a seal of {' or '.join(sorted(accepted))}", f"a seal of {verifier}"),
    )


def _policy(case: Case[Summary]) -> Answer:
    """Step 11b: under a policy that is accepted, where some are named."""
    accepted, named = case.scene.policy.seal_policies, case.read.policy_digests
    known = not accepted or accepted & frozenset(named)
    return Answer(
        Standing.PRESENT if known else Standing.REFUSED,
        lambda: (
            f"policy {short(accepted)}" if accepted else "any policy",
            f"policy {case.read.policy_uri} {short(named)}",
        ),
    )


def _result(case: Case[Summary]) -> Answer:
    """Step 11c: it says that the release passed."""
    result = case.read.result
    return Answer(
        Standing.PRESENT if result == PASSED else Standing.REFUSED,
        lambda: (f"a seal that says {PASSED}", result),
    )


def _break_glass(case: Case[Summary]) -> Answer:
    """Step 11d: an image that was published in spite of its gate counts while that is accepted, and no longer."""
    record, now = case.read.break_glass, case.scene.now
    if record is None:
        return Answer(
            Standing.PRESENT, lambda: ("no break-glass record, or one that is accepted", "none")
        )
    if not case.scene.policy.accept_break_glass:
        return Answer(Standing.REFUSED, lambda: ("a release that passed its gate", str(record)))
    return Answer(
        Standing.TOO_OLD if now >= record.until else Standing.PRESENT,
        lambda: (f"a break-glass record beyond {rfc3339(now)}", str(record)),
        note=str(record),
    )


def _named(case: Case[Summary]) -> Answer:
    """Step 11e: what it stands on is there."""
    named = frozenset(case.read.inputs)
    absent = named - case.scene.bundles()
    if absent or not named:
        lacks = f"not found or not genuine: {short(absent)}" if named else "it names none"
        return Answer(
            Standing.INCONSISTENT,
            lambda: ("every attestation that the seal names", lacks),
            more=lambda: f"found are {_found(case)}" if named else "",
        )
    return Answer(
        Standing.PRESENT,
        lambda: ("every attestation that the seal names", f"all found: {_found(case)}"),
    )


def _found(case: Case[Summary]) -> str:
    """Return how many of each kind of evidence the seal names and were found, and which they are."""
    named = frozenset(case.read.inputs)
    kinds = {
        one.verified.bundle: family
        for (_, family), several in case.scene.evidence.items()
        for one in several
        if one.verified.bundle in named
    }
    counts = Counter(str(kinds[digest]) for digest in sorted(kinds))
    told = ", ".join(f"{count} {family}" for family, count in sorted(counts.items()))
    return f"{len(kinds)} of {len(named)} ({told})" if kinds else f"0 of {len(named)}"


def _over(case: Case[Summary]) -> Answer:
    """Step 11f: it stands on what the other requirements are met by."""
    named, label = frozenset(case.read.inputs), case.subject.label
    for family, bundles in case.counted.items():
        if not named & bundles:
            return _not_over(f"{family} of {label}", bundles, named)
    return Answer(
        Standing.PRESENT,
        lambda: (
            f"a seal over what counts for {label}",
            "; ".join(f"{family} {short(named & one)}" for family, one in case.counted.items())
            or "nothing else is required",
        ),
    )


def _not_over(what: str, bundles: frozenset[Digest], named: frozenset[Digest]) -> Answer:
    if not bundles:
        return Answer(
            Standing.INCONSISTENT, lambda: (f"a seal over a {what} that counts", "none counts")
        )
    return Answer(
        Standing.INCONSISTENT,
        lambda: (f"a seal over the {what}: {short(bundles)}", f"a seal over {short(named)}"),
    )


_AUTHORITY = (
    Question("11a", "seal's verifier", _verifier),
    Question("11b", "seal's policy", _policy),
    Question("11c", "seal's result", _result),
    Question("11d", "break-glass", _break_glass),
)
SEAL = Inquiry(
    "11",
    "seal",
    "a seal that can be read",
    _read,
    _says,
    (
        *_AUTHORITY,
        Question("11e", "what it names", _named),
        Question("11f", "what counts", _over),
    ),
)
"""What is asked about a seal."""
