"""Signers and trust: a statement goes in and a Sigstore bundle comes out, and the way back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from shipseal.errors import AttestError, Code
from shipseal.intoto.statement import Statement
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


class Rejection(StrEnum):
    """Why a bundle counts for nothing."""

    UNREADABLE = "unreadable"
    UNTRUSTED = "untrusted"
    WRONG_IDENTITY = "wrong-identity"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One field of an identity that is not what was asked for.

    Attributes:
        field: its name: ``issuer``, ``repository``, …
        expected: what would have matched.
        got: what the certificate says; empty when it says nothing.
    """

    field: str
    expected: str
    got: str


QUESTIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "3": ("bundle", "one Sigstore bundle, v0.1 to v0.3, well formed"),
        "4": ("signature", "by a key that is trusted"),
        "4a": ("certificate issued by", "an authority of the trusted root, for signing code"),
        "4b": ("what its instance requires", "all of it is carried"),
        "4c": ("timestamp", "over this signature, by an authority of the trusted root"),
        "4d": ("log entry", "about this signature and content"),
        "4e": ("log", "a log of the trusted root holds it, and a trusted time is known"),
        "4f": ("certificate valid", "at each of these times, and so was the log's key"),
        "4g": ("seen by a certificate log", "one of the trusted root"),
        "4h": ("signature", "by the key of the certificate"),
        "4i": ("identity", "one that is trusted"),
        "4j": ("second opinion", "it accepts what it reads"),
        "5": ("statement", "an in-toto statement, in the bytes that were signed"),
    }
)
"""What each step asks, by its number in ``docs/verification.md``: its name, and what is expected."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at.

    Attributes:
        number: as in ``docs/verification.md``.
        what: was looked at.
        got: what was there.
        expected: what had to be there.
        held: whether it was.
    """

    number: str
    what: str
    got: str
    expected: str = ""
    held: bool = True


class RejectedError(AttestError):
    """A bundle that is no evidence.

    Attributes:
        rejection: in which way.
        expected: what would have been accepted; may be empty.
        got: what was there; may be empty.
        claims: the predicate type that the bundle claims, for explaining alone; empty when it cannot be told.
        mismatches: the fields of the closest identity that do not match, where it is signed by a wrong identity.
        steps: what held, and last what did not; empty where nobody followed them.
    """

    def __init__(
        self,
        rejection: Rejection,
        message: str,
        *,
        hint: str = "",
        expected: str = "",
        got: str = "",
        claims: str = "",
        mismatches: tuple[Mismatch, ...] = (),
    ) -> None:
        identity = rejection is Rejection.WRONG_IDENTITY
        code = Code.IDENTITY_MISMATCH if identity else Code.ATTEST_INVALID
        super().__init__(code, message, hint=hint)
        self.rejection = rejection
        self.expected = expected
        self.got = got
        self.claims = claims
        self.mismatches = mismatches
        self.steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A statement whose signature was verified. Only a :class:`Trust` makes one.

    Attributes:
        statement: parsed from the very bytes that were signed.
        signer: who signed: ``key sha256:…`` or an OIDC identity.
        bundle: digest of the bundle's bytes.
        steps: what held, in order; empty where nobody followed it.
    """

    statement: Statement
    signer: str
    bundle: Digest
    steps: tuple[Step, ...] = ()


class Trust(ABC):
    """Decides whether a bundle is signed by somebody who is trusted.

    Opens no socket. Safe to use from several threads.
    """

    @property
    @abstractmethod
    def accepts(self) -> tuple[str, ...]:
        """Who is trusted, for people; empty when nobody is, which no policy accepts."""

    @abstractmethod
    def verify(self, bundle: bytes) -> VerifiedStatement:
        """Return the statement of a bundle that is signed by somebody who is trusted.

        Raises:
            RejectedError: it is unreadable, not signed by anybody who is trusted, or by another identity.
        """
