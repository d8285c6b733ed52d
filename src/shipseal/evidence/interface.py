"""Evidence stores: where attestations lie and are found again."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from shipseal.errors import AttestError, Code
from shipseal.evidence.payload import predicate_size
from shipseal.oci import Digest, Image, RawManifest


class Origin(StrEnum):
    """In which form a piece of evidence lay where it was found."""

    REFERRER = "referrer"
    """A bundle that refers to its subject, from the referrers API or the fallback tag."""
    COSIGN_ATTESTATION = "cosign .att tag"
    COSIGN_SIGNATURE = "cosign .sig tag"
    GITHUB = "GitHub attestation"
    FILE = "file"
    BUILDKIT = "BuildKit, in the index"


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit of a store.

    Attributes:
        name: what it is, for people.
        size: the most bytes.
        counts: of what: the predicate within, or the whole bundle.
        source: where that is written.
    """

    name: str
    size: int
    counts: Literal["predicate", "bundle"]
    source: str


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """One piece of evidence as it was found; nothing about it has been believed yet.

    Attributes:
        store: which store (a target's name, a folder).
        subject: digest of what the store lists it for.
        raw: the bundle's bytes; empty when they could not be read.
        digest: sha256 of ``raw``, or what the store calls it when it could not be read.
        where: how to find it again: digest of the referrer manifest, or a file name.
        problem: why it could not be read; empty when it could.
        origin: in which form it lay there.
        claims: predicate type of what is no bundle, for explaining alone; empty where ``raw`` says it.
        signed: whether somebody signed it; what nobody signed never counts.
    """

    store: str
    subject: Digest
    raw: bytes
    digest: Digest
    where: str
    problem: str = ""
    origin: Origin = Origin.REFERRER
    claims: str = ""
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a piece of evidence was put.

    Attributes:
        store: which store.
        where: digest of the referrer manifest, or a file name.
        answer: the store's answer: ``stored (referrers-api)``, ``exists``, …
    """

    store: str
    where: str
    answer: str


@dataclass(frozen=True, slots=True)
class Collected:
    """Everything that one target holds about one image.

    Attributes:
        target: its name.
        image: the image, as read from there.
        evidence: what was found for each subject of the image, in a stable order.
        documents: digests of the SBOM documents that lie beside each subject.
    """

    target: str
    image: Image
    evidence: Mapping[Digest, tuple[StoredEvidence, ...]]
    documents: Mapping[Digest, frozenset[Digest]] = field(default_factory=dict)


class EvidenceSource(ABC):
    """Holds evidence by subject. Safe to use from several threads.

    Attributes:
        name: of the place.
    """

    name: str

    @abstractmethod
    def find(self, subject: Digest) -> tuple[StoredEvidence, ...]:
        """Return all bundles for ``subject``, matched on content, never on an annotation alone.

        What is listed there and cannot be read (damaged, too large) is in the result too, with its problem.

        Raises:
            ShipsealError: the store could not be reached; nothing found is an empty result.
        """


class EvidenceStore(EvidenceSource, ABC):
    """Keeps bundles by subject, too.

    Attributes:
        bounds: what it takes at most.
    """

    bounds: tuple[Bound, ...] = ()

    @abstractmethod
    def put(self, subject: RawManifest, bundle: bytes, *, predicate_type: str) -> Placed:
        """Store a bundle for ``subject``; storing the same bytes again changes nothing.

        Raises:
            ShipsealError: the store refused or could not be reached, or the bundle is beyond :attr:`bounds`.
        """

    def check(self, bundle: bytes) -> None:
        """Refuse what this store would refuse, before anything is uploaded.

        Raises:
            AttestError: ``sbom.too-large``; ``attest.invalid`` for what is no attestation.
        """
        for bound in self.bounds:
            size = len(bundle) if bound.counts == "bundle" else predicate_size(bundle)
            if size > bound.size:
                raise AttestError(
                    Code.SBOM_TOO_LARGE,
                    f"{self.name}: a {bound.counts} of {size} bytes, more than the {bound.size} of: {bound.name}",
                    hint="let the SBOM be trimmed to what all stores take (sbom.fit: portable); "
                    f"`shipseal sbom limits` lists them; source: {bound.source}",
                    context={"store": self.name, "size": str(size), "limit": str(bound.size)},
                )
