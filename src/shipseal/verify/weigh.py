"""Weigh each piece of evidence by itself: is it genuine, and is it about what it is listed for.

The numbers of the steps are those of ``docs/verification.md``; steps 3 to 5 are the trust's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shipseal.attest.interface import RejectedError, Rejection, Step, Trust, VerifiedStatement
from shipseal.evidence.interface import Collected, StoredEvidence
from shipseal.intoto.predicates import Family, family_of
from shipseal.oci import Digest, digest_of
from shipseal.verify.verdict import Looked, Standing

_STANDINGS = {
    Rejection.UNREADABLE: Standing.UNREADABLE,
    Rejection.UNTRUSTED: Standing.UNTRUSTED,
    Rejection.WRONG_IDENTITY: Standing.WRONG_IDENTITY,
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One piece of evidence, weighed.

    Attributes:
        target: where it lies: a target, or another store.
        stored: as it was found.
        standing: PRESENT when it is genuine and about its subject.
        verified: its statement; None unless its signature was verified.
        claims: predicate type, believed only when it was verified; empty when unknown.
        expected: what would have counted.
        got: what was there.
        steps: of its verification: what held, and last what did not.
    """

    target: str
    stored: StoredEvidence
    standing: Standing
    verified: VerifiedStatement | None = None
    claims: str = ""
    expected: str = ""
    got: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def family(self) -> Family | None:
        """What it is for, or would be for."""
        return family_of(self.claims)

    def looked(self) -> Looked:
        """Return it as a line of ``--explain``."""
        return Looked(
            target=self.target,
            subject=self.stored.subject,
            where=self.stored.where,
            bundle=self.stored.digest,
            predicate_type=self.claims,
            standing=self.standing,
            signer=self.verified.signer if self.verified else "",
            reason="" if self.standing is Standing.PRESENT else self.got,
            origin=self.stored.origin,
        )


@dataclass(frozen=True, slots=True)
class Genuine:
    """Evidence that is genuine and about its subject; nothing else is ever judged further.

    Attributes:
        target: where it lies.
        verified: its statement, with signer and digest of the bundle.
        stored: as it was found.
    """

    target: str
    verified: VerifiedStatement
    stored: StoredEvidence


def weigh_all(collected: Iterable[Collected], trust: Trust) -> dict[str, tuple[Weighed, ...]]:
    """Return all evidence of each target, weighed; equal bundles are verified once.

    Args:
        collected: what each target holds.
        trust: who is trusted.
    """
    known: dict[Digest, VerifiedStatement | RejectedError] = {}
    return {
        one.target: tuple(
            _weigh(stored.store, stored, trust, known)
            for subject in one.evidence
            for stored in one.evidence[subject]
        )
        for one in collected
    }


def genuine(weighed: Iterable[Weighed]) -> Mapping[tuple[Digest, Family], tuple[Genuine, ...]]:
    """Return what counts by itself, for each subject and family."""
    found: dict[tuple[Digest, Family], tuple[Genuine, ...]] = {}
    for one in weighed:
        if one.standing is Standing.PRESENT and one.verified and one.family:
            key = (one.stored.subject, one.family)
            found[key] = (*found.get(key, ()), Genuine(one.target, one.verified, one.stored))
    return found


def _weigh(
    target: str,
    stored: StoredEvidence,
    trust: Trust,
    known: dict[Digest, VerifiedStatement | RejectedError],
) -> Weighed:
    if stored.problem or not stored.signed:
        standing = Standing.UNREADABLE if stored.signed else Standing.UNSIGNED
        return Weighed(target, stored, standing, claims=stored.claims, got=stored.problem)
    key = digest_of(stored.raw)
    if key not in known:
        known[key] = _verify(stored.raw, trust)
    answer = known[key]
    if isinstance(answer, RejectedError):
        return Weighed(
            target=target,
            stored=stored,
            standing=_STANDINGS[answer.rejection],
            claims=answer.claims,
            expected=answer.expected,
            got=answer.got or answer.message,
            steps=answer.steps,
        )
    return _about(target, stored, answer)


def _verify(raw: bytes, trust: Trust) -> VerifiedStatement | RejectedError:
    try:
        return trust.verify(raw)
    except RejectedError as error:
        return error


def _about(target: str, stored: StoredEvidence, verified: VerifiedStatement) -> Weighed:
    """Step 6: a statement counts for the digests that it names, wherever it is stored."""
    statement = verified.statement
    if statement.covers(stored.subject):
        return Weighed(target, stored, Standing.PRESENT, verified, statement.predicate_type)
    return Weighed(
        target=target,
        stored=stored,
        standing=Standing.WRONG_SUBJECT,
        verified=verified,
        claims=statement.predicate_type,
        expected=stored.subject,
        got=", ".join(subject.digest for subject in statement.subjects[:3]) or "no digest",
        steps=verified.steps,
    )
