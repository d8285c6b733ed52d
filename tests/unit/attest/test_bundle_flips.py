"""No byte of a good bundle can be changed, except those that nobody signs, which are named here one by one."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from shipseal.attest.identity import Identity
from shipseal.attest.identity_trust import IdentityTrust
from shipseal.attest.interface import RejectedError, Trust
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.patterns import Pattern
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.evidence import key
from tests.support.instance import ISSUER, FakeInstance, raw_of

STATEMENT = encode_statement([Subject("a", digest_of(b"a"))], "https://example.test/p", {})
WHO = Identity(issuer=Pattern(ISSUER), repository=Pattern("org/app"))


@dataclass(frozen=True)
class Good:
    """A good bundle.

    Attributes:
        raw: its bytes.
        trust: accepts it.
        unsigned: the texts in it that nobody signs.
    """

    raw: bytes
    trust: Trust
    unsigned: tuple[bytes, ...]


def keyless(instance: FakeInstance, **changes: Any) -> Good:
    bundle = instance.attest(STATEMENT)
    bundle |= changes
    trust = IdentityTrust([WHO], instance.trust_root())
    return Good(raw_of(bundle), trust, ())


def older(instance: FakeInstance, version: str) -> Good:
    """A bundle v0.1 differs from v0.2 in its name alone: both are held to all that either needs."""
    bundle = instance.attest(STATEMENT)
    leaf = bundle["verificationMaterial"].pop("certificate")
    bundle["verificationMaterial"]["x509CertificateChain"] = {"certificates": [leaf]}
    bundle["mediaType"] = f"application/vnd.dev.sigstore.bundle+json;version={version}"
    trust = IdentityTrust([WHO], instance.trust_root())
    return Good(raw_of(bundle), trust, (f"version={version}".encode(),))


def with_key() -> Good:
    signed = KeySigner(key()).sign(STATEMENT)
    hint = key().public.hint.encode()
    return Good(signed.raw, KeyTrust([key().public]), (hint,))


def with_key_id() -> Good:
    """A key that is named in two places, as npm does, is nobody's word either; but both must say the same."""
    bundle = json.loads(KeySigner(key()).sign(STATEMENT).raw)
    bundle["dsseEnvelope"]["signatures"][0]["keyid"] = key().public.hint
    return Good(raw_of(bundle), KeyTrust([key().public]), ())


GOOD: dict[str, Callable[[], Good]] = {
    "key": with_key,
    "private": lambda: keyless(FakeInstance()),
    "tiled": lambda: keyless(FakeInstance(tiled=True)),
    "public": lambda: keyless(FakeInstance("sigstore.dev")),
    "github": lambda: keyless(FakeInstance("GitHub, Inc.", logged=False, certificate_log=False)),
    "key id": with_key_id,
    "v0.2": lambda: older(FakeInstance(), "0.2"),
}


def accepted(good: Good, raw: bytes) -> bool:
    try:
        good.trust.verify(raw)
    except RejectedError:
        return False
    return True


def changed_bytes(raw: bytes, stride: int) -> Iterator[tuple[int, bytes]]:
    """Yield places with the bytes after one bit there was flipped, another one at each place."""
    for at in range(len(raw) % stride, len(raw), stride):
        changed = bytearray(raw)
        changed[at] ^= 1 << (at * 5 % 8)
        yield at, bytes(changed)


def allowed_places(good: Good) -> set[int]:
    places: set[int] = set()
    for text in good.unsigned:
        start = good.raw.index(text)
        places |= set(range(start, start + len(text)))
    return places


@pytest.mark.parametrize("name", GOOD)
def test_no_flipped_byte_verifies(name: str) -> None:
    check_flips(GOOD[name](), stride=11)


@pytest.mark.faults
@pytest.mark.parametrize("name", GOOD)
def test_not_one_flipped_byte_verifies(name: str) -> None:
    check_flips(GOOD[name](), stride=1)


def check_flips(good: Good, *, stride: int) -> None:
    assert accepted(good, good.raw)
    survivors = {at for at, raw in changed_bytes(good.raw, stride) if accepted(good, raw)}
    surplus = sorted(survivors - allowed_places(good))
    assert surplus == [], [good.raw[at - 30 : at + 30] for at in surplus[:3]]


def decoded_flips(
    bundle: dict[str, Any], path: tuple[str | int, ...], stride: int
) -> Iterator[bytes]:
    """Yield the bundle with one bit of the decoded bytes at ``path`` flipped, a byte each time."""
    place: Any = bundle
    for step in path[:-1]:
        place = place[step]
    data = base64.b64decode(place[path[-1]])
    for at in range(0, len(data), stride):
        changed = bytearray(data)
        changed[at] ^= 1 << (at * 3 % 8)
        place[path[-1]] = base64.b64encode(bytes(changed)).decode()
        yield raw_of(bundle)
    place[path[-1]] = base64.b64encode(data).decode()


_ENTRY = ("verificationMaterial", "tlogEntries", 0)
PARTS: dict[str, tuple[str | int, ...]] = {
    "certificate": ("verificationMaterial", "certificate", "rawBytes"),
    "timestamp": (
        "verificationMaterial",
        "timestampVerificationData",
        "rfc3161Timestamps",
        0,
        "signedTimestamp",
    ),
    "entry": (*_ENTRY, "canonicalizedBody"),
    "promise": (*_ENTRY, "inclusionPromise", "signedEntryTimestamp"),
    "root": (*_ENTRY, "inclusionProof", "rootHash"),
    "payload": ("dsseEnvelope", "payload"),
    "signature": ("dsseEnvelope", "signatures", 0, "sig"),
}


@pytest.mark.parametrize("part", PARTS)
def test_no_flipped_byte_below_base64_verifies(part: str) -> None:
    # The parts whose form is not signed as a whole are small enough to be tried in full.
    check_decoded_flips(part, stride=1 if part in ("timestamp", "promise", "signature") else 9)


@pytest.mark.faults
@pytest.mark.parametrize("part", PARTS)
def test_not_one_flipped_byte_below_base64_verifies(part: str) -> None:
    check_decoded_flips(part, stride=1)


def check_decoded_flips(part: str, *, stride: int) -> None:
    instance = FakeInstance()
    bundle = instance.attest(STATEMENT)
    good = Good(raw_of(bundle), IdentityTrust([WHO], instance.trust_root()), ())
    assert accepted(good, good.raw)
    flips = enumerate(decoded_flips(bundle, PARTS[part], stride))
    assert [at for at, raw in flips if accepted(good, raw)] == []


def test_the_hint_is_what_a_key_signs_nothing_of() -> None:
    """So it decides nothing: with a wrong one the bundle is the same evidence."""
    good = with_key()
    value = json.loads(good.raw)
    value["verificationMaterial"]["publicKey"]["hint"] = "another"
    assert accepted(good, json.dumps(value).encode())
