"""Evidence stores: where attestations lie and are found again."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from shipseal.oci import Digest, RawManifest


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """One piece of evidence as it was found; nothing about it has been believed yet.

    Attributes:
        store: which store (a target's name, a folder).
        subject: digest of what the store lists it for.
        raw: the bundle's bytes.
        digest: sha256 of ``raw``.
        where: how to find it again: digest of the referrer manifest, or a file name.
    """

    store: str
    subject: Digest
    raw: bytes
    digest: Digest
    where: str


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

        Raises:
            ShipsealError: the store could not be read; nothing found is an empty result.
        """
