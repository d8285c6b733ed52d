"""Signing with a key that stays in a key service or a token."""

from shipseal.attest.bundle import build_key_bundle
from shipseal.attest.dsse import pae
from shipseal.attest.interface import SignedBundle, Signer
from shipseal.attest.kms_key import KmsKey
from shipseal.intoto.statement import PAYLOAD_TYPE, parse_statement
from shipseal.oci import digest_of


class KmsSigner(Signer):
    """Signs with a :class:`KmsKey`; the bundle is that of a local key, and nothing in it tells where the key is.

    Unlike a local key most services make another signature each time, so whoever wants to store a statement once keeps
    the bundle.

    Args:
        key: the key.
    """

    def __init__(self, key: KmsKey) -> None:
        self._key = key

    @property
    def identity(self) -> str:
        """``key sha256:…``."""
        return f"key {self._key.public.key_id}"

    def sign(self, statement: bytes) -> SignedBundle:
        """Sign the exact bytes of an in-toto statement.

        Raises:
            AttestError: ``attest.invalid`` when the bytes are no statement: nothing else is ever signed; else as
                :meth:`KmsKey.sign`.
        """
        parsed = parse_statement(statement)
        signature = self._key.sign(pae(PAYLOAD_TYPE, statement))
        raw = build_key_bundle(PAYLOAD_TYPE, statement, signature, hint=self._key.public.hint)
        return SignedBundle(raw, digest_of(raw), parsed.predicate_type)
