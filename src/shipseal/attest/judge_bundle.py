"""One bundle, held against one artifact and those who are trusted: genuine, or in which way it is not.

The numbered steps are those of ``docs/verification.md``. Trust in identities is imported by whoever makes it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from shipseal.attest.artifact import Artifact
from shipseal.attest.bundle import Bundle, FileSignature, parse_bundle
from shipseal.attest.interface import Mismatch, RejectedError, Rejection, Step
from shipseal.attest.keys import PublicKey
from shipseal.attest.trail import Trail
from shipseal.errors import Code
from shipseal.intoto.statement import Statement
from shipseal.oci import Digest, digest_of

if TYPE_CHECKING:
    from shipseal.attest.identity_trust import IdentityTrust
    from shipseal.attest.verify_bundle import KeyTrust


class BundleStatus(StrEnum):
    """What a bundle is. Only GENUINE is good."""

    GENUINE = "genuine"
    UNREADABLE = "unreadable"
    UNTRUSTED = "untrusted"
    WRONG_IDENTITY = "wrong-identity"
    WRONG_SUBJECT = "wrong-subject"

    @property
    def code(self) -> Code:
        """The failure code of a bundle that is like this."""
        return _CODES.get(self, Code.ATTEST_INVALID)


_CODES = {
    BundleStatus.WRONG_IDENTITY: Code.IDENTITY_MISMATCH,
    BundleStatus.WRONG_SUBJECT: Code.WRONG_SUBJECT,
}
_REJECTIONS = {
    Rejection.UNREADABLE: BundleStatus.UNREADABLE,
    Rejection.UNTRUSTED: BundleStatus.UNTRUSTED,
    Rejection.WRONG_IDENTITY: BundleStatus.WRONG_IDENTITY,
}


@dataclass(frozen=True, slots=True)
class Trusted:
    """Who is trusted.

    Attributes:
        keys: for bundles that name a key; None for none.
        identities: for bundles that hold a certificate; None for none.
    """

    keys: "KeyTrust | None" = None
    identities: "IdentityTrust | None" = None


@dataclass(frozen=True, slots=True)
class BundleVerdict:
    """What one bundle is.

    Attributes:
        digest: of its bytes.
        status: see :class:`BundleStatus`.
        signer: who signed; empty unless that was verified.
        predicate_type: of the attestation, believed only when it is genuine; empty for a signature over a file.
        reason: why it is not genuine; empty when it is.
        hint: what to do about it.
        expected: what would have been accepted.
        got: what was there.
        mismatches: fields of the identity that do not match.
        steps: what held.
    """

    digest: Digest
    status: BundleStatus
    signer: str = ""
    predicate_type: str = ""
    reason: str = ""
    hint: str = ""
    expected: str = ""
    got: str = ""
    mismatches: tuple[Mismatch, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def genuine(self) -> bool:
        """Whether it is."""
        return self.status is BundleStatus.GENUINE


def judge_bundle(raw: bytes, artifact: Artifact, trusted: Trusted) -> BundleVerdict:
    """Return what the bundle in ``raw`` is.

    Args:
        raw: any bytes.
        artifact: what it must be about.
        trusted: who may have signed it; at least one of the two.

    Raises:
        ConfigError: the key that signed needs the file itself, and only a digest is known.
    """
    trail = Trail()
    try:
        verdict = _judge(raw, artifact, trusted, trail)
    except RejectedError as error:
        verdict = BundleVerdict(
            digest=digest_of(raw),
            status=_REJECTIONS[error.rejection],
            predicate_type=error.claims,
            reason=error.message.removeprefix("Sigstore bundle: "),
            hint=error.hint,
            expected=error.expected,
            got=error.got,
            mismatches=error.mismatches,
            steps=tuple(trail.steps),
        )
    return verdict


def _judge(raw: bytes, artifact: Artifact, trusted: Trusted, trail: Trail) -> BundleVerdict:
    # Step 3: the bundle is read, strictly.
    bundle = parse_bundle(raw)
    trail.add("3", "bundle", f"v{bundle.version}, {bundle.digest}")
    if isinstance(bundle.content, FileSignature):
        signer = _signer_of_file(bundle, bundle.content, artifact, trusted, trail)
        predicate_type, about = "", _about_file(bundle.content, artifact)
    else:
        # Steps 4 and 5: signature and signer, then the statement.
        by_identity = trusted.identities if _by_identity(bundle, trusted) else None
        if by_identity is not None:
            verified = by_identity.verify_parsed(bundle, trail)
        else:
            verified = _keys(trusted).verify_parsed(bundle, trail)
        signer, predicate_type = verified.signer, verified.statement.predicate_type
        about = _about_statement(verified.statement, artifact)
    found = BundleVerdict(
        bundle.digest, BundleStatus.GENUINE, signer, predicate_type, steps=tuple(trail.steps)
    )
    return found if about is None else _wrong_subject(found, *about)


def _by_identity(bundle: Bundle, trusted: Trusted) -> bool:
    """Return whether a bundle is for the identities: by what it holds, else by who is trusted at all."""
    if trusted.keys is None or trusted.identities is None:
        return trusted.identities is not None
    return bool(bundle.certificates)


def _keys(trusted: Trusted) -> "KeyTrust":
    if trusted.keys is None:
        raise ValueError("nobody is trusted")
    return trusted.keys


def _signer_of_file(
    bundle: Bundle, signed: FileSignature, artifact: Artifact, trusted: Trusted, trail: Trail
) -> str:
    """Step 4, for a signature over a file: over the digest that the bundle claims, which step 6 compares."""
    if _by_identity(bundle, trusted) and trusted.identities is not None:
        from shipseal.attest.signing_keys import signs_digest  # noqa: PLC0415 - not needed with keys

        return trusted.identities.signer_of(
            bundle,
            lambda key: signs_digest(key, signed.signature, signed.algorithm, signed.digest),
            trail,
        )

    def by_key(key: PublicKey) -> bool:
        if not key.signs_digests:
            return key.verify(signed.signature, artifact.content())
        return key.verify_digest(signed.signature, {signed.algorithm: signed.digest})

    return _keys(trusted).signer_of(bundle, by_key, trail)


def _about_file(signed: FileSignature, artifact: Artifact) -> tuple[str, str] | None:
    """Step 6: return what was expected and what is signed, where that is another file."""
    got = f"{signed.algorithm}:{signed.digest.hex()}"
    digest = artifact.digests.get(signed.algorithm)
    if digest is None:
        return f"a {signed.algorithm} digest, or the file itself, to compare", got
    if digest != signed.digest:
        return f"{signed.algorithm}:{digest.hex()}", got
    return None


def _about_statement(statement: Statement, artifact: Artifact) -> tuple[str, str] | None:
    """Step 6: the statement names the artifact as its subject, and no other content in the same breath."""
    names = artifact.names()
    expected = " or ".join(names)
    if not any(statement.covers(name) for name in names):
        found = ", ".join(one.digest for one in statement.subjects[:3])
        return expected, found or "no digest of an accepted kind"
    if not any(_same(one.digest, artifact) for one in _subjects(statement)):
        return expected, "a subject with several digests, one of which is of another content"
    return None


class _Subject(msgspec.Struct):
    digest: dict[str, str]


class _Subjects(msgspec.Struct):
    subject: list[_Subject]


def _subjects(statement: Statement) -> list[_Subject]:
    return msgspec.json.decode(statement.raw, type=_Subjects).subject


def _same(digests: dict[str, str], artifact: Artifact) -> bool:
    known = [name for name in digests if name in artifact.digests]
    return bool(known) and all(digests[name] == artifact.digests[name].hex() for name in known)


def _wrong_subject(found: BundleVerdict, expected: str, got: str) -> BundleVerdict:
    return BundleVerdict(
        digest=found.digest,
        status=BundleStatus.WRONG_SUBJECT,
        signer=found.signer,
        predicate_type=found.predicate_type,
        reason=f"it is about {got}, expected {expected}",
        hint="it is genuine, and about something else: is this the file that was meant?",
        expected=expected,
        got=got,
        steps=found.steps,
    )
