"""What a decision about one place looks at: the image, the policy, the time, and the evidence that is genuine."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from shipseal.errors import AttestError
from shipseal.intoto.predicates import Family, family_of
from shipseal.oci import Digest, Image, PlatformImage
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.sbom_view import SbomView, sbom_in
from shipseal.verify.steps import ItemStep
from shipseal.verify.verdict import Standing
from shipseal.verify.weigh import Genuine, Weighed, genuine


@dataclass(frozen=True, slots=True)
class Subject:
    """The index or one platform's manifest.

    Attributes:
        digest: of it.
        label: ``index``, or the platform.
        platforms: the required platforms that it stands for: all of them for the index.
        is_index: whether it is an index.
    """

    digest: Digest
    label: str
    platforms: tuple[PlatformImage, ...]
    is_index: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one piece of genuine evidence stands for what it is required for.

    Attributes:
        standing: PRESENT when it counts.
        expected: what would have counted; empty when it counts.
        got: what was there; the signer when it counts.
        note: what a person should know although it counts; may be empty.
        target: where it lies; may be empty.
        bundle: digest of the bundle; None when there is none.
        steps: what was asked about it; empty unless that was asked for.
    """

    standing: Standing
    expected: str = ""
    got: str = ""
    note: str = ""
    target: str = ""
    bundle: Digest | None = None
    steps: tuple[ItemStep, ...] = ()

    def on(self, evidence: Genuine) -> "Judgement":
        """Return this judgement as one on ``evidence``: where it lies, and who signed it when nothing else is said."""
        return replace(
            self,
            got=self.got or evidence.verified.signer,
            target=evidence.target,
            bundle=evidence.verified.bundle,
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """One place: a target, or all targets together when evidence may lie at any of them.

    Attributes:
        place: its name, for people.
        image: what is judged.
        policy: what is required.
        now: the time.
        rejected: evidence that is not genuine, or not about what it is listed for.
        evidence: the rest, by subject and family.
        sboms: what the genuine SBOMs say, by the digest of their bundle; malformed ones are left out.
        documents: digests of the SBOM documents that lie there, by subject.
        explain: whether what is asked is kept, too.
    """

    place: str
    image: Image
    policy: VerifyPolicy
    now: datetime
    rejected: tuple[Weighed, ...]
    evidence: Mapping[tuple[Digest, Family], tuple[Genuine, ...]]
    sboms: Mapping[Digest, SbomView]
    documents: Mapping[Digest, frozenset[Digest]]
    explain: bool = False

    def of(self, subject: Digest, family: Family) -> tuple[Genuine, ...]:
        """Return the genuine evidence of a family for a subject."""
        return self.evidence.get((subject, family), ())

    def bundles(self) -> frozenset[Digest]:
        """Return the digests of everything that is genuine and about its subject."""
        found = self.evidence.values()
        return frozenset(one.verified.bundle for several in found for one in several)

    def full_sboms(self, subject: Digest) -> frozenset[Digest]:
        """Return the digests of the full SBOMs that are about a subject by their own words."""
        found = (self.sboms.get(one.verified.bundle) for one in self.of(subject, Family.SBOM))
        return frozenset(
            digest for view in found if view and subject in view.subjects for digest in view.full
        )


def read_sboms(weighed: Iterable[Weighed]) -> dict[Digest, SbomView]:
    """Return what the genuine SBOMs say, each bundle read once; malformed ones are left out."""
    views: dict[Digest, SbomView] = {}
    for several in genuine(weighed).values():
        for one in several:
            bundle, statement = one.verified.bundle, one.verified.statement
            if family_of(statement.predicate_type) is Family.SBOM and bundle not in views:
                with suppress(AttestError):
                    views[bundle] = sbom_in(statement)
    return views


def short(digests: Iterable[Digest]) -> str:
    """Return digests for a message: sorted, three at most."""
    ordered = sorted(digests)
    more = f" and {len(ordered) - 3} more" if len(ordered) > 3 else ""
    return (", ".join(ordered[:3]) + more) or "none"
