"""Signing with one key, on this machine or in a key service."""

from typing import Protocol

from shipseal.attest.bundle import build_key_bundle
from shipseal.attest.dsse import pae
from shipseal.attest.interface import SignedBundle, Signer
from shipseal.attest.keys import PublicKey
from shipseal.intoto.statement import PAYLOAD_TYPE, parse_statement
from shipseal.oci import digest_of


class SigningKey(Protocol):
    """A private key, wherever it is: a :class:`~shipseal.attest.keys.LocalKey` or that of a key service."""

    @property
    def public(self) -> PublicKey:
        """Its public half."""

    def sign(self, message: bytes) -> bytes:
        """Return a signature over ``message``.

        Raises:
            AttestError: a key service did not sign.
        """


class KeySigner(Signer):
    """Signs with one key; nothing in a bundle tells where that key is.

    With a local key the same statement always gives the same bundle. Most key services make another signature each
    time, so whoever wants to store a statement once keeps the bundle.

    Args:
        key: the private key.
    """

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    @property
    def identity(self) -> str:
        """``key sha256:…``."""
        return f"key {self._key.public.key_id}"

    def sign(self, statement: bytes) -> SignedBundle:
        """Sign the exact bytes of an in-toto statement.

        Raises:
            AttestError: ``attest.invalid`` when the bytes are no statement: nothing else is ever signed; else as
                :meth:`SigningKey.sign`.
        """
        parsed = parse_statement(statement)
        signature = self._key.sign(pae(PAYLOAD_TYPE, statement))
        raw = build_key_bundle(PAYLOAD_TYPE, statement, signature, hint=self._key.public.hint)
        return SignedBundle(raw, digest_of(raw), parsed.predicate_type)
