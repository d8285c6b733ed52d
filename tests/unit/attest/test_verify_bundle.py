"""Trust in keys: signed bytes and the right key, and nothing else."""

import json

import pytest

from shipseal.attest.bundle import build_key_bundle
from shipseal.attest.dsse import pae
from shipseal.attest.interface import RejectedError, Rejection
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.intoto.statement import PAYLOAD_TYPE, Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.evidence import key

TYPE = "https://example.test/predicate/v1"
STATEMENT = encode_statement([Subject("app", digest_of(b"image"))], TYPE, {"a": 1})
SIGNED = KeySigner(key()).sign(STATEMENT)
KEYS = (key(1).public, key().public, key(2).public)


def bundle_over(payload: bytes, payload_type: str = PAYLOAD_TYPE, *, hint: str = "") -> bytes:
    signature = key().sign(pae(payload_type, payload))
    return build_key_bundle(payload_type, payload, signature, hint=hint or key().public.hint)


def test_a_signed_statement_is_verified() -> None:
    verified = KeyTrust(KEYS).verify(SIGNED.raw)
    assert verified.statement.raw == STATEMENT
    assert verified.signer == f"key {key().public.key_id}"
    assert verified.bundle == SIGNED.digest == digest_of(SIGNED.raw)
    assert SIGNED.predicate_type == TYPE


def test_pae_is_dsses_own_example() -> None:
    """The example of dsse's protocol.md."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_the_same_statement_makes_the_same_bundle() -> None:
    assert KeySigner(key()).sign(STATEMENT) == SIGNED


def test_a_signer_is_called_by_its_key() -> None:
    assert KeySigner(key()).identity == f"key {key().public.key_id}"


def test_nothing_but_statements_is_signed() -> None:
    with pytest.raises(AttestError, match="in-toto statement") as caught:
        KeySigner(key()).sign(b'{"any": "thing"}')
    assert caught.value.code is Code.ATTEST_INVALID


def test_the_hint_says_which_key_to_try_and_not_which_counts() -> None:
    """It is signed by nobody; cosign does not look at it either."""
    for hint in (key(1).public.hint, "nonsense"):
        assert KeyTrust(KEYS).verify(bundle_over(STATEMENT, hint=hint)).bundle
    stolen = build_key_bundle(
        PAYLOAD_TYPE, STATEMENT, key(3).sign(pae(PAYLOAD_TYPE, STATEMENT)), hint=key().public.hint
    )
    with pytest.raises(RejectedError, match="does not match") as caught:
        KeyTrust(KEYS).verify(stolen)
    assert caught.value.rejection is Rejection.UNTRUSTED
    assert caught.value.hint == "the content was changed after signing"


def test_another_key_is_untrusted_and_both_are_named() -> None:
    with pytest.raises(RejectedError) as caught:
        KeyTrust([key(1).public]).verify(SIGNED.raw)
    error = caught.value
    assert error.rejection is Rejection.UNTRUSTED
    assert error.expected == f"key {key(1).public.key_id}"
    assert error.got == f"key {key().public.key_id}"
    assert error.hint == "another key signed it"
    assert error.claims == TYPE


@pytest.mark.parametrize(
    ("hint", "got"), [("", "a key that it does not name"), ("my-key", "key hint 'my-key'")]
)
def test_a_claimed_key_in_another_form_is_shown_as_it_is(hint: str, got: str) -> None:
    signature = key(3).sign(pae(PAYLOAD_TYPE, STATEMENT))
    with pytest.raises(RejectedError) as caught:
        KeyTrust(KEYS).verify(build_key_bundle(PAYLOAD_TYPE, STATEMENT, signature, hint=hint))
    assert caught.value.got == got


def test_no_key_trusts_nothing() -> None:
    with pytest.raises(ConfigError, match="no key is named") as caught:
        KeyTrust([]).verify(SIGNED.raw)
    assert caught.value.code is Code.POLICY_EMPTY


def test_a_certificate_is_another_identity_than_a_key() -> None:
    value = json.loads(SIGNED.raw)
    value["verificationMaterial"] = {"certificate": {"rawBytes": "MAA="}}
    with pytest.raises(RejectedError, match="signed with a certificate") as caught:
        KeyTrust(KEYS).verify(json.dumps(value).encode())
    assert caught.value.rejection is Rejection.WRONG_IDENTITY
    assert caught.value.code is Code.IDENTITY_MISMATCH


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (bundle_over(STATEMENT, "application/vnd.in-toto"), "no in-toto statement"),
        (bundle_over(b"{}"), "in-toto statement"),
        (bundle_over(b"no json"), "in-toto statement"),
    ],
)
def test_what_is_signed_and_says_nothing_is_unreadable(raw: bytes, match: str) -> None:
    with pytest.raises(RejectedError, match=match) as caught:
        KeyTrust(KEYS).verify(raw)
    assert caught.value.rejection is Rejection.UNREADABLE


def test_an_unsigned_payload_that_is_no_statement_claims_nothing() -> None:
    raw = build_key_bundle(PAYLOAD_TYPE, b"{}", b"no signature", hint="")
    with pytest.raises(RejectedError) as caught:
        KeyTrust(KEYS).verify(raw)
    assert caught.value.claims == ""


def test_the_payload_type_is_signed_too() -> None:
    """The same bytes under another type would be read by another parser."""
    signature = key().sign(pae("application/json", STATEMENT))
    raw = build_key_bundle(PAYLOAD_TYPE, STATEMENT, signature, hint=key().public.hint)
    with pytest.raises(RejectedError, match="does not match"):
        KeyTrust(KEYS).verify(raw)


def test_no_flipped_bit_of_a_bundle_verifies() -> None:
    """Every bit of every byte; the one part that is signed by nobody is the hint."""
    hint = key().public.hint.encode()
    start = SIGNED.raw.index(hint)
    survivors = set()
    for at in range(len(SIGNED.raw)):
        for bit in range(8):
            changed = bytearray(SIGNED.raw)
            changed[at] ^= 1 << bit
            try:
                KeyTrust([key().public]).verify(bytes(changed))
            except RejectedError:
                continue
            survivors.add(at)
    assert survivors <= set(range(start, start + len(hint)))


def test_trust_says_whom_it_accepts() -> None:
    trust = KeyTrust([key().public])
    assert trust.accepts == (f"key {key().public.key_id}",)
    assert trust.verify(SIGNED.raw).statement.predicate_type == TYPE
