"""How keys in certificates and logs sign: one hash for each kind of key (Sigstore's algorithm registry)."""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_CURVES = {
    "secp256r1": ("sha256", "PKIX_ECDSA_P256_SHA_256"),
    "secp384r1": ("sha384", "PKIX_ECDSA_P384_SHA_384"),
    "secp521r1": ("sha512", "PKIX_ECDSA_P521_SHA_512"),
}
_RSA_SIZES = (2048, 3072, 4096)


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a key signs.

    Attributes:
        hash_name: of the hash that is signed; empty where the message itself is.
        details: what a log calls the key.
    """

    hash_name: str
    details: str


def scheme_of(key: object) -> Scheme | None:
    """Return how ``key`` (of the cryptography package) signs, or None when it is of a kind that is not accepted."""
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return Scheme(*_CURVES[key.curve.name])
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_SIZES:
        return Scheme("sha256", f"PKIX_RSA_PKCS1V15_{key.key_size}_SHA256")
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Scheme("", "PKIX_ED25519")
    return None


def signed(key: object, signature: bytes, message: bytes) -> bool:
    """Return whether ``key`` made ``signature`` over ``message``."""
    scheme = scheme_of(key)
    if scheme is None:
        return False
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _holds_ed25519(key, signature, message)
    return _holds(key, signature, message, _HASHES[scheme.hash_name])


def signs_digest(key: object, signature: bytes, hash_name: str, digest: bytes) -> bool:
    """Return whether ``key`` made ``signature`` over what has ``digest`` by ``hash_name``."""
    scheme = scheme_of(key)
    if scheme is None or not scheme.hash_name or scheme.hash_name != hash_name:
        return False
    algorithm = _HASHES[scheme.hash_name]
    if len(digest) != algorithm.digest_size:
        return False
    return _holds(key, signature, digest, Prehashed(algorithm))


@lru_cache(maxsize=256)
def load_spki(spki: bytes) -> object:
    """Return the key in ``spki`` (DER), or None when it cannot be read."""
    try:
        return serialization.load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _holds(
    key: object, signature: bytes, message: bytes, algorithm: hashes.HashAlgorithm | Prehashed
) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _holds_ed25519(key: ed25519.Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
