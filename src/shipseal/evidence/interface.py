"""Evidence stores: where attestations lie and are found again."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from shipseal.oci import Digest, Image, RawManifest


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
    """

    store: str
    subject: Digest
    raw: bytes
    digest: Digest
    where: str
    problem: str = ""


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


class EvidenceStore(ABC):
    """Keeps bundles by subject. Safe to use from several threads."""

    name: str

    @abstractmethod
    def put(self, subject: RawManifest, bundle: bytes, *, predicate_type: str) -> Placed:
        """Store a bundle for ``subject``; storing the same bytes again changes nothing.

        Raises:
            ShipsealError: the store refused or could not be reached.
        """

    @abstractmethod
    def find(self, subject: Digest) -> tuple[StoredEvidence, ...]:
        """Return all bundles for ``subject``, matched on content, never on an annotation alone.

        What is listed there and cannot be read (damaged, too large) is in the result too, with its problem.

        Raises:
            ShipsealError: the store could not be reached; nothing found is an empty result.
        """
