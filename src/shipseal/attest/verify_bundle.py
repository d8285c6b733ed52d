"""Trust in keys: a bundle is genuine when one of these keys signed it.

The numbered steps are those of ``docs/verification.md``. What is trusted is the key; a log entry in the bundle must be
about this very signature, and is held against a log where a trusted root is named. Without one, log and timestamps are
not looked at: they could only add to what the key proves.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from shipseal.attest.bundle import Bundle
from shipseal.attest.followed import followed
from shipseal.attest.interface import RejectedError, Rejection, Trust, VerifiedStatement
from shipseal.attest.keys import PublicKey
from shipseal.attest.statements import claimed_type, message_of, statement_in
from shipseal.attest.trail import Trail
from shipseal.errors import Code, ConfigError


class SignedByKey(Protocol):
    """Says whether a key signed what a bundle is about."""

    def __call__(self, key: PublicKey) -> bool:
        """Return whether ``key`` did."""


class Witness(Protocol):
    """Looks at the log entries and timestamps of a bundle that a key signed."""

    def check(self, bundle: Bundle, key: PublicKey, trail: Trail) -> None:
        """Check that they are about this signature, by this key.

        Raises:
            RejectedError: unreadable; untrusted.
        """


@dataclass(frozen=True, slots=True)
class _NoWitness:
    def check(self, bundle: Bundle, key: PublicKey, trail: Trail) -> None:
        if bundle.log_entries:
            # Imported when there is an entry: most bundles that a key signed have none.
            from shipseal.attest.key_witness import check_entries  # noqa: PLC0415

            trail.asking = "4d"
            check_entries(bundle, key)
            trail.add("4d", "log entry", "about this; no trusted root to hold it against")


class KeyTrust(Trust):
    """Trusts whoever holds one of some keys.

    Args:
        keys: their public halves, at least one.
        witness: looks at log entries and timestamps; by default at what can be seen without a trusted root.

    Raises:
        ConfigError: ``policy.empty`` when there is none.
    """

    def __init__(self, keys: Iterable[PublicKey], *, witness: Witness | None = None) -> None:
        self._keys = tuple(keys)
        self._witness = witness or _NoWitness()
        self._accepted = f"by {' or '.join(self.accepts)}"
        if not self._keys:
            raise ConfigError(
                "trust: no key is named",
                hint="name a public key: --key cosign.pub, or verify.keys in the configuration",
                code=Code.POLICY_EMPTY,
            )

    @property
    def accepts(self) -> tuple[str, ...]:
        """``key sha256:…`` of each key."""
        return tuple(f"key {key.key_id}" for key in self._keys)

    def verify(self, bundle: bytes) -> VerifiedStatement:
        """Return the statement of a bundle that one of the keys signed.

        Raises:
            RejectedError: unreadable, untrusted, or signed by an identity where a key is asked for.
        """
        return followed(bundle, self.verify_parsed)

    def verify_parsed(self, bundle: Bundle, trail: Trail) -> VerifiedStatement:
        """Return the statement of a bundle that was read already; ``trail`` takes what was looked at.

        Raises:
            RejectedError: as :meth:`verify`.
        """
        envelope = bundle.envelope
        message = message_of(envelope)
        # Step 4: the signature is verified, before anything looks into what is signed.
        signer = self.signer_of(bundle, lambda key: key.verify(envelope.signature, message), trail)
        # Step 5: the statement is read from the very bytes that were signed.
        trail.asking = "5"
        statement = statement_in(envelope.payload)
        trail.add("5", "statement", statement.predicate_type)
        return VerifiedStatement(statement, signer, bundle.digest, tuple(trail.steps))

    def signer_of(self, bundle: Bundle, signed_by: SignedByKey, trail: Trail) -> str:
        """Return which key signed what ``signed_by`` is about.

        Raises:
            RejectedError: as :meth:`verify`.
        """
        trail.asking = "4"
        key = _signer(bundle, self._keys, signed_by)
        trail.add("4", "signature", f"by key {key.key_id}", self._accepted)
        self._witness.check(bundle, key, trail)
        return f"key {key.key_id}"


def _signer(bundle: Bundle, keys: tuple[PublicKey, ...], signed_by: SignedByKey) -> PublicKey:
    expected = " or ".join(f"key {key.key_id}" for key in keys)
    if bundle.key_hint is None:
        raise RejectedError(
            Rejection.WRONG_IDENTITY,
            f"Sigstore bundle: signed with a certificate, expected {expected}",
            hint="verify it by identity, or name the key that signed",
            expected=expected,
            got="a certificate",
            claims=_claims(bundle),
        )
    # The hint is signed by nobody: it may say which key to try first and never which one counts.
    for key in sorted(keys, key=lambda one: one.hint != bundle.key_hint):
        if signed_by(key):
            return key
    known = any(key.hint == bundle.key_hint for key in keys)
    got = "a signature that does not match" if known else _claimed_key(bundle.key_hint)
    raise RejectedError(
        Rejection.UNTRUSTED,
        f"Sigstore bundle: not signed by {expected}: {got}",
        hint="the content was changed after signing" if known else "another key signed it",
        expected=expected,
        got=got,
        claims=_claims(bundle),
    )


def _claimed_key(hint: str) -> str:
    """Return which key a bundle claims, in our form where the hint has cosign's."""
    try:
        digest = base64.b64decode(hint, validate=True)
    except ValueError:
        digest = b""
    if len(digest) == hashlib.sha256().digest_size:
        return f"key sha256:{digest.hex()}"
    return f"key hint {hint[:100]!r}" if hint else "a key that it does not name"


def _claims(bundle: Bundle) -> str:
    return claimed_type(getattr(bundle.content, "payload", b""))
