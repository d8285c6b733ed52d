"""Keys: which are accepted, what they are called, and whose signatures count."""

import hashlib
from base64 import b64decode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import (
    crypto_sign_ed25519ph_final_create,
    crypto_sign_ed25519ph_state,
    crypto_sign_ed25519ph_update,
)

from shipseal.attest.keys import LocalKey, Private, PublicKey
from shipseal.errors import Code, ConfigError
from tests.support.evidence import key

MESSAGE = b"DSSEv1 4 type 4 body"

KEYS: dict[str, Private] = {
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "rsa": rsa.generate_private_key(65537, 2048),
}


def local(name: str) -> LocalKey:
    return LocalKey.of(KEYS[name], what=name)


@pytest.mark.parametrize("name", KEYS)
def test_what_a_key_signs_its_public_half_verifies(name: str) -> None:
    mine = local(name)
    signature = mine.sign(MESSAGE)
    assert mine.public.verify(signature, MESSAGE)
    assert not mine.public.verify(signature, MESSAGE + b"x")
    assert not mine.public.verify(signature[:-1], MESSAGE)
    assert not mine.public.verify(b"", MESSAGE)
    others = (local(other) for other in KEYS if other != name)
    assert not any(other.public.verify(signature, MESSAGE) for other in others)


@pytest.mark.parametrize("name", KEYS)
def test_the_same_message_gives_the_same_signature(name: str) -> None:
    """A release that is resumed makes the bundle that it had made before."""
    assert local(name).sign(MESSAGE) == local(name).sign(MESSAGE)
    assert local(name).sign(MESSAGE) != local(name).sign(MESSAGE + b"x")


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("p384", hashes.SHA384()), ("p521", hashes.SHA512()), ("p256", hashes.SHA256())],
)
def test_the_hashes_that_cosign_signs_with_are_accepted(
    name: str, algorithm: hashes.HashAlgorithm
) -> None:
    private = KEYS[name]
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signature = private.sign(MESSAGE, ec.ECDSA(algorithm))
    assert local(name).public.verify(signature, MESSAGE)


def test_a_weak_hash_is_not_accepted() -> None:
    private = KEYS["p256"]
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert not local("p256").public.verify(
        private.sign(MESSAGE, ec.ECDSA(hashes.SHA224())), MESSAGE
    )
    big = KEYS["rsa"]
    assert isinstance(big, rsa.RSAPrivateKey)
    signature = big.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - refused below
    assert not local("rsa").public.verify(signature, MESSAGE)


def test_prehashed_ed25519_is_accepted_as_cosign_makes_it() -> None:
    private = KEYS["ed25519"]
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    secret = private.private_bytes_raw() + private.public_key().public_bytes_raw()
    state = crypto_sign_ed25519ph_state()
    crypto_sign_ed25519ph_update(state, MESSAGE)
    signature = crypto_sign_ed25519ph_final_create(state, secret)
    assert local("ed25519").public.verify(signature, MESSAGE)
    assert not local("ed25519").public.verify(signature, MESSAGE + b"x")


def test_a_key_is_called_by_the_hash_of_its_der_form() -> None:
    public = key().public
    assert public.key_id == f"sha256:{hashlib.sha256(public.spki).hexdigest()}"
    assert b64decode(public.hint).hex() == public.key_id.removeprefix("sha256:")
    assert (
        serialization.load_pem_public_key(public.pem()).public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        == public.spki
    )


@pytest.mark.parametrize(
    ("private", "match"),
    [
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (ec.generate_private_key(ec.SECP224R1()), "secp224r1"),
        (rsa.generate_private_key(65537, 1024), "1024 bits"),  # noqa: S505 - refused
        (dsa.generate_private_key(2048), "DSA"),
        (x25519.X25519PrivateKey.generate(), "X25519"),
    ],
    ids=["secp256k1", "secp224r1", "rsa1024", "dsa", "x25519"],
)
def test_keys_that_verifiers_of_the_field_refuse_are_refused(private: object, match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        LocalKey.of(private, what="old.key")
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.message.startswith("old.key: ")


def test_a_public_key_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="X25519"):
        PublicKey.of(x25519.X25519PrivateKey.generate().public_key(), what="x.pub")


def test_the_text_form_of_a_key_shows_nothing() -> None:
    private = key()
    assert repr(private) == f"LocalKey({private.public.key_id})"
    assert str(private) == repr(private)


@given(st.binary(max_size=80))
@settings(max_examples=100)
def test_no_bytes_are_a_signature_by_chance(signature: bytes) -> None:
    assert not any(local(name).public.verify(signature, MESSAGE) for name in KEYS)
