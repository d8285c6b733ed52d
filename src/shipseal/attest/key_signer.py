"""Signing with a key on this machine."""

from shipseal.attest.bundle import build_key_bundle
from shipseal.attest.dsse import pae
from shipseal.attest.interface import SignedBundle, Signer
from shipseal.attest.keys import LocalKey
from shipseal.intoto.statement import PAYLOAD_TYPE, parse_statement
from shipseal.oci import digest_of


class KeySigner(Signer):
    """Signs with a :class:`LocalKey`. The same statement always gives the same bundle.

    Args:
        key: the private key.
    """

    def __init__(self, key: LocalKey) -> None:
        self._key = key

    @property
    def identity(self) -> str:
        """``key sha256:…``."""
        return f"key {self._key.public.key_id}"

    def sign(self, statement: bytes) -> SignedBundle:
        """Sign the exact bytes of an in-toto statement.

        Raises:
            AttestError: ``attest.invalid`` when the bytes are no statement: nothing else is ever signed.
        """
        parsed = parse_statement(statement)
        signature = self._key.sign(pae(PAYLOAD_TYPE, statement))
        raw = build_key_bundle(PAYLOAD_TYPE, statement, signature, hint=self._key.public.hint)
        return SignedBundle(raw, digest_of(raw), parsed.predicate_type)
