"""Keys that sign and verify: which algorithms, and what a key is called.

For each kind of key the signature is made as ``cosign verify-attestation --key`` expects it: ECDSA over SHA-256
whatever the curve, pure Ed25519, RSA PKCS #1 v1.5 over SHA-256. ``cosign attest --key`` itself signs P-384 over
SHA-384, P-521 over SHA-512 and Ed25519 pre-hashed (RFC 8032, Ed25519ph); these are accepted too.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from shipseal.errors import ConfigError

Private: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
Public: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_CURVES = {
    "secp256r1": (hashes.SHA256(),),
    "secp384r1": (hashes.SHA256(), hashes.SHA384()),
    "secp521r1": (hashes.SHA256(), hashes.SHA512()),
}
_RSA_BITS = (2048, 4096)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies.

    Attributes:
        spki: its DER form (SubjectPublicKeyInfo).
    """

    spki: bytes

    @classmethod
    def of(cls, key: object, *, what: str) -> "PublicKey":
        """Return ``key`` (of the cryptography package) when it is of a kind that is accepted; ``what`` names it.

        Raises:
            ConfigError: another kind, another curve, or an RSA key of less than 2,048 or more than 4,096 bits.
        """
        accepted = _accepted(key, what)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return cls(accepted.public_bytes(serialization.Encoding.DER, form))

    @property
    def key_id(self) -> str:
        """``sha256:`` and the hash of the DER form: what a key is called everywhere here."""
        return f"sha256:{hashlib.sha256(self.spki).hexdigest()}"

    @property
    def hint(self) -> str:
        """The same hash in base64, as cosign writes it into a bundle."""
        return base64.b64encode(hashlib.sha256(self.spki).digest()).decode()

    def pem(self) -> bytes:
        """Return the PEM form, as in ``cosign.pub``."""
        body = base64.encodebytes(self.spki).replace(b"\n", b"")
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        return b"\n".join((b"-----BEGIN PUBLIC KEY-----", *lines, b"-----END PUBLIC KEY-----", b""))

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether ``signature`` over ``message`` was made with this key."""
        key = _accepted(serialization.load_der_public_key(self.spki), "public key")
        if isinstance(key, ed25519.Ed25519PublicKey):
            return _verify_ed25519(key, signature, message)
        return any(_holds(key, signature, message, algorithm) for algorithm in _hashes(key))

    @property
    def signs_digests(self) -> bool:
        """Whether the key signs the digest of a message, so that the message itself is not needed."""
        return not isinstance(
            serialization.load_der_public_key(self.spki), ed25519.Ed25519PublicKey
        )

    def verify_digest(self, signature: bytes, digests: Mapping[str, bytes]) -> bool:
        """Return whether ``signature`` over what has ``digests`` (by algorithm) was made with this key.

        Never so with an Ed25519 key: that signs the message itself.
        """
        key = _accepted(serialization.load_der_public_key(self.spki), "public key")
        if isinstance(key, ed25519.Ed25519PublicKey):
            return False
        return any(
            _holds(key, signature, digests[algorithm.name], Prehashed(algorithm))
            for algorithm in _hashes(key)
            if algorithm.name in digests
        )


@dataclass(frozen=True, slots=True, repr=False)
class LocalKey:
    """A private key on this machine. Its text form never shows what it holds.

    Attributes:
        private: the key.
        public: its public half.
    """

    private: Private = field(compare=False)
    public: PublicKey

    @classmethod
    def generate(cls) -> "LocalKey":
        """Return a new ECDSA P-256 key: what every verifier of the field takes."""
        return cls.of(ec.generate_private_key(ec.SECP256R1()), what="new key")

    @classmethod
    def of(cls, key: object, *, what: str) -> "LocalKey":
        """Return ``key`` (of the cryptography package) when it is of a kind that is accepted; ``what`` names it.

        Raises:
            ConfigError: another kind of key.
        """
        if not isinstance(key, Private):
            raise _unsupported(what, type(key).__name__)
        return cls(key, PublicKey.of(key.public_key(), what=what))

    def sign(self, message: bytes) -> bytes:
        """Return a signature over ``message``; the same message always gives the same one.

        ECDSA takes its nonce from key and message (RFC 6979), so a release that is resumed after a crash makes the
        bundle that it had made before, and stores nothing twice.
        """
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def pkcs8(self) -> bytes:
        """Return the DER form (PKCS #8), not encrypted: for :mod:`shipseal.attest.key_files` alone."""
        return self.private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def __repr__(self) -> str:
        return f"LocalKey({self.public.key_id})"


def _accepted(key: object, what: str) -> Public:
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, rsa.RSAPublicKey) and _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]:
        return key
    raise _unsupported(what, _describe(key))


def _describe(key: object) -> str:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"an ECDSA key on {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"an RSA key of {key.key_size} bits"
    return type(key).__name__


def _hashes(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> Iterator[hashes.HashAlgorithm]:
    if isinstance(key, ec.EllipticCurvePublicKey):
        yield from _CURVES[key.curve.name]
    else:
        yield hashes.SHA256()


def _holds(
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    signature: bytes,
    message: bytes,
    algorithm: hashes.HashAlgorithm | Prehashed,
) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(algorithm))
        else:
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _verify_ed25519(key: ed25519.Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return _verify_prehashed(key, signature, message)
    return True


def _verify_prehashed(key: ed25519.Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    # Imported for the one kind of signature that needs it: verifying a bundle should not wait for it.
    from nacl.bindings import (  # noqa: PLC0415
        crypto_sign_BYTES,
        crypto_sign_ed25519ph_final_verify,
        crypto_sign_ed25519ph_state,
        crypto_sign_ed25519ph_update,
    )
    from nacl.exceptions import BadSignatureError  # noqa: PLC0415

    if len(signature) != crypto_sign_BYTES:
        return False
    state = crypto_sign_ed25519ph_state()
    crypto_sign_ed25519ph_update(state, message)
    try:
        return bool(crypto_sign_ed25519ph_final_verify(state, signature, key.public_bytes_raw()))
    except BadSignatureError:
        return False


def _unsupported(what: str, got: str) -> ConfigError:
    return ConfigError(
        f"{what}: {got} is not accepted",
        hint="use ECDSA on P-256 (`shipseal key generate`), P-384 or P-521, Ed25519, or RSA of 2,048 to 4,096 bits",
    )
