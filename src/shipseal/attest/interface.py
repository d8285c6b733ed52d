"""Signers: a statement goes in, a Sigstore bundle comes out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from shipseal.oci import Digest


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """A signed statement.

    Attributes:
        raw: the bundle's JSON bytes (Sigstore bundle v0.3), as stored everywhere.
        digest: sha256 of ``raw``: the name of this evidence in journal, record and seal.
        predicate_type: of the statement within.
    """

    raw: bytes
    digest: Digest
    predicate_type: str


class Signer(ABC):
    """Signs in-toto statements. Safe to use from several threads."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """Who signs, for people and the journal: ``key sha256:…`` or an OIDC identity. Never a secret."""

    @abstractmethod
    def sign(self, statement: bytes) -> SignedBundle:
        """Sign the exact bytes of an in-toto statement (DSSE, payload type ``application/vnd.in-toto+json``).

        Raises:
            AttestError: signing failed.
        """
