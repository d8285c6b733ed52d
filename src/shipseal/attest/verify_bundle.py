"""Trust in keys: a bundle is genuine when one of these keys signed it.

The numbered steps are those of ``docs/verification.md``. Log entries and timestamps of a bundle are not looked at: they
could only add to what the key proves, and a key that is trusted is trusted without them.
"""

import base64
import hashlib
from collections.abc import Iterable

from shipseal.attest.bundle import Bundle, parse_bundle, unreadable
from shipseal.attest.dsse import pae
from shipseal.attest.interface import RejectedError, Rejection, Trust, VerifiedStatement
from shipseal.attest.keys import PublicKey
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.intoto.statement import PAYLOAD_TYPE, Statement, parse_statement


class KeyTrust(Trust):
    """Trusts whoever holds one of some keys.

    Args:
        keys: their public halves, at least one.

    Raises:
        ConfigError: ``policy.empty`` when there is none.
    """

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys = tuple(keys)
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
        return verify_with_keys(bundle, self._keys)


def verify_with_keys(raw: bytes, keys: Iterable[PublicKey]) -> VerifiedStatement:
    """Return the statement in ``raw`` when one of ``keys`` signed it.

    Raises:
        RejectedError: unreadable; untrusted; wrong identity, when a certificate signed it.
    """
    trusted = tuple(keys)
    # Step 3: the bundle is read, strictly.
    bundle = parse_bundle(raw)
    if bundle.payload_type != PAYLOAD_TYPE:
        raise unreadable(f"its payload is {bundle.payload_type[:200]!r}, no in-toto statement")
    # Step 4: the signature is verified, before anything looks into what is signed.
    signer = _signer(bundle, trusted)
    # Step 5: the statement is read from the very bytes that were signed.
    return VerifiedStatement(_statement(bundle), f"key {signer.key_id}", bundle.digest)


def _signer(bundle: Bundle, keys: tuple[PublicKey, ...]) -> PublicKey:
    expected = " or ".join(f"key {key.key_id}" for key in keys) or "nobody"
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
    ordered = sorted(keys, key=lambda key: key.hint != bundle.key_hint)
    message = pae(bundle.payload_type, bundle.payload)
    for key in ordered:
        if key.verify(bundle.signature, message):
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
    """Return the predicate type that a bundle claims, although nobody who is trusted signed it."""
    try:
        return parse_statement(bundle.payload).predicate_type
    except AttestError:
        return ""


def _statement(bundle: Bundle) -> Statement:
    try:
        return parse_statement(bundle.payload)
    except AttestError as error:
        raise RejectedError(Rejection.UNREADABLE, error.message, hint=error.hint) from error
