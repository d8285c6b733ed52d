"""What verification says: one check for each item that the policy requires, and one verdict over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from shipseal.checks import Check, Outcome, Status, outcome_of
from shipseal.errors import Code, Exit
from shipseal.intoto.predicates import Family
from shipseal.oci import Digest
from shipseal.verify.steps import ItemStep


class Standing(StrEnum):
    """How one required item stands. Only PRESENT counts; everything else is a refusal with its reason.

    What each comes to is described in :data:`MEANINGS`, from which ``docs/verification.md`` has its table.
    """

    PRESENT = "present"
    MISSING = "missing"
    WRONG_IDENTITY = "wrong-identity"
    WRONG_SUBJECT = "wrong-subject"
    UNTRUSTED = "untrusted"
    UNREADABLE = "unreadable"
    UNSIGNED = "unsigned"
    TOO_OLD = "too-old"
    INCONSISTENT = "inconsistent"
    REFUSED = "refused"

    @property
    def code(self) -> Code:
        """The failure code of an item that stands like this; nothing fails by an item that is there."""
        return _CODES.get(self, Code.ATTEST_INVALID)


MEANINGS: Mapping[Standing, str] = MappingProxyType(
    {
        Standing.PRESENT: "it counts; for one bundle: it is genuine",
        Standing.MISSING: "there is none",
        Standing.WRONG_IDENTITY: "it is signed by somebody else than the policy names; each field that differs is told",
        Standing.WRONG_SUBJECT: "it is genuine, and about something else",
        Standing.UNTRUSTED: "the signature is by nobody who is trusted, or the content was changed",
        Standing.UNREADABLE: "it is malformed, damaged or too large",
        Standing.UNSIGNED: "somebody states it, and nobody signed it",
        Standing.TOO_OLD: "the scan or the break-glass record is past its time",
        Standing.INCONSISTENT: "it names other evidence than what is there",
        Standing.REFUSED: "it is genuine and says no",
    }
)
"""What a status means, for people."""

_CODES = {
    Standing.MISSING: Code.ATTEST_MISSING,
    Standing.UNSIGNED: Code.ATTEST_MISSING,
    Standing.WRONG_IDENTITY: Code.IDENTITY_MISMATCH,
    Standing.WRONG_SUBJECT: Code.WRONG_SUBJECT,
}


@dataclass(frozen=True, slots=True)
class PieceSteps:
    """What was asked about one piece of evidence that could have met a requirement.

    Attributes:
        target: where it lies, or where one was looked for.
        standing: what it came to.
        steps: in the order in which they were made.
        bundle: digest of its bytes; None where none was found.
    """

    target: str
    standing: Standing
    steps: tuple[ItemStep, ...]
    bundle: Digest | None = None

    def to_json(self) -> dict[str, object]:
        """Return the element of ``pieces`` in ``verification.schema.json``."""
        value: dict[str, object] = {
            "target": self.target,
            "status": str(self.standing),
            "steps": [step.to_json() for step in self.steps],
        }
        return value | ({"bundle": str(self.bundle)} if self.bundle else {})


@dataclass(frozen=True, slots=True)
class ItemCheck:
    """One required item: a family of evidence for a subject at a target.

    Attributes:
        subject: digest of the index or of a platform's manifest.
        platform: of the subject; ``index`` for the root of several.
        target: where it was found, or where it was looked for.
        family: what is required.
        standing: how it stands.
        expected: what would have counted; empty when it counts.
        got: what was there: who signed it, when it counts.
        note: what a person should know although it counts, such as a break-glass record; may be empty.
        pieces: all evidence that could have met it, with every step, the one first by which it stands; empty unless
            that was asked for.
    """

    subject: Digest
    platform: str
    target: str
    family: Family
    standing: Standing
    expected: str = ""
    got: str = ""
    note: str = ""
    pieces: tuple[PieceSteps, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the item counts."""
        return self.standing is Standing.PRESENT

    def as_check(self) -> Check:
        """Return the item in the form of every decision's checks."""
        return Check(
            name=f"{self.family} {self.platform}",
            subject=f"{self.target} {self.subject}",
            status=Status.PASS if self.passed else Status.FAIL,
            expected=self.expected,
            got=self.got or self.standing,
            reason=self.note,
        )

    def to_json(self, *, explain: bool = False) -> dict[str, object]:
        """Return the element of ``checks`` in ``verification.schema.json``; with ``explain``, every step too."""
        value: dict[str, object] = {
            "subject": str(self.subject),
            "platform": self.platform,
            "target": self.target,
            "family": str(self.family),
            "status": str(self.standing),
            "expected": self.expected,
            "got": self.got,
        }
        if self.note:
            value["note"] = self.note
        if explain and self.pieces:
            value["pieces"] = [piece.to_json() for piece in self.pieces]
        return value


@dataclass(frozen=True, slots=True)
class Looked:
    """One piece of evidence that was looked at, for ``--explain``.

    Attributes:
        target: where.
        subject: what it is listed for.
        where: how to find it again.
        bundle: digest of its bytes.
        predicate_type: of its statement; of what it claims where it is not believed; may be empty.
        standing: how it stands by itself.
        signer: who signed it; empty when that is not known.
        reason: why it does not count; empty when it does.
        origin: in which form it lies there.
    """

    target: str
    subject: Digest
    where: str
    bundle: Digest
    predicate_type: str
    standing: Standing
    signer: str
    reason: str
    origin: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the element of ``evidence`` in ``verification.schema.json``."""
        return {
            "target": self.target,
            "subject": str(self.subject),
            "origin": str(self.origin),
            "where": self.where,
            "bundle": str(self.bundle),
            "predicateType": self.predicate_type,
            "status": str(self.standing),
            "signer": self.signer,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole answer. It is negative unless every required item was verified: nothing else makes it positive.

    Attributes:
        digest: of the root that was judged.
        checks: one for each required item, in the order root, platforms, families, targets.
        looked_at: all evidence that was found.
    """

    digest: Digest
    checks: tuple[ItemCheck, ...]
    looked_at: tuple[Looked, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every required item was verified, and there was one at least."""
        return outcome_of([check.as_check() for check in self.checks]) is Outcome.PASS

    @property
    def exit(self) -> Exit:
        """The exit status: 0 for a positive verdict, 3 for every other."""
        return Exit.OK if self.passed else Exit.EVIDENCE

    def failures(self) -> Sequence[ItemCheck]:
        """Return the checks that failed."""
        return [check for check in self.checks if not check.passed]

    def to_json(self, *, explain: bool = False) -> dict[str, Any]:
        """Return the value of ``verification.schema.json``; with ``explain``, all that was looked at and asked."""
        value: dict[str, Any] = {
            "verdict": str(Outcome.PASS if self.passed else Outcome.FAIL),
            "digest": str(self.digest),
            "checks": [check.to_json(explain=explain) for check in self.checks],
        }
        return value | ({"evidence": [one.to_json() for one in self.looked_at]} if explain else {})
