"""What is changed in evidence, byte by byte and member by member, never leaves an image that verifies."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.attest.bundle import build_key_bundle
from shipseal.attest.dsse import pae
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.intoto.predicates import REFERENCE_V01, Family
from shipseal.intoto.statement import PAYLOAD_TYPE, parse_statement
from shipseal.oci import Digest, Image, digest_of
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.verdict import Standing, Verdict
from tests.support.evidence import (
    NOW,
    Piece,
    as_collected,
    key,
    make_pieces,
    resigned,
    sample_image,
)

POLICY = VerifyPolicy()
TRUST = KeyTrust([key().public])


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return sample_image(tmp_path_factory.mktemp("image"))[1]


@pytest.fixture(scope="module")
def pieces(image: Image) -> tuple[Piece, ...]:
    return make_pieces(image, key())


def verdict_of(image: Image, pieces: tuple[Piece, ...]) -> Verdict:
    return decide(POLICY, [as_collected(image, pieces)], TRUST, now=NOW)


def swapped(pieces: tuple[Piece, ...], name: str, new: Piece) -> tuple[Piece, ...]:
    return tuple(new if piece.name == name else piece for piece in pieces)


def named(pieces: tuple[Piece, ...], name: str) -> Piece:
    return next(piece for piece in pieces if piece.name == name)


NAMES = ("provenance", "sbom linux/amd64", "sbom index", "scan linux/arm64", "scan index", "seal")


@given(data=st.data())
@settings(max_examples=300)
def test_no_changed_byte_verifies(
    image: Image, pieces: tuple[Piece, ...], data: st.DataObject
) -> None:
    """The hint of the seal's own bundle is signed by nobody and named by nothing: it alone may change."""
    name = data.draw(st.sampled_from(NAMES))
    piece = named(pieces, name)
    at = data.draw(st.integers(0, len(piece.bundle) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(piece.bundle)
    changed[at] ^= 1 << bit
    hint = key().public.hint.encode()
    start = piece.bundle.index(hint)
    if name == "seal" and start <= at < start + len(hint):
        return
    assert not verdict_of(
        image, swapped(pieces, name, replace(piece, bundle=bytes(changed)))
    ).passed


Change = Callable[[dict[str, Any]], None]


def _flip_payload(bundle: dict[str, Any]) -> None:
    payload = bytearray(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    payload[payload.index(b"sha256") + 10] ^= 1
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()


def _flip_signature(bundle: dict[str, Any]) -> None:
    signature = bytearray(base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"]))
    signature[-1] ^= 1
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()


def _set(*path: str | int, to: object) -> Change:
    def change(bundle: dict[str, Any]) -> None:
        place: Any = bundle
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def _certificate(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"] = {"certificate": {"rawBytes": "AAAA"}}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("change", "standing"),
    [
        (_flip_payload, Standing.UNTRUSTED),
        (_flip_signature, Standing.UNTRUSTED),
        (_set("dsseEnvelope", "payloadType", to="text/plain"), Standing.UNREADABLE),
        (_set("dsseEnvelope", "signatures", to=[]), Standing.UNREADABLE),
        (_set("dsseEnvelope", "payload", to=""), Standing.UNREADABLE),
        (_set("mediaType", to="application/json"), Standing.UNREADABLE),
        (_set("verificationMaterial", to={}), Standing.UNREADABLE),
        (_certificate, Standing.WRONG_IDENTITY),
    ],
    ids=[
        "payload",
        "signature",
        "payload type",
        "no signature",
        "no payload",
        "media type",
        "no material",
        "a certificate",
    ],
)
def test_each_part_of_a_bundle_counts(
    image: Image, pieces: tuple[Piece, ...], name: str, change: Change, standing: Standing
) -> None:
    piece = named(pieces, name)
    bundle = msgspec.json.decode(piece.bundle)
    change(bundle)
    raw = msgspec.json.encode(bundle)
    verdict = verdict_of(image, swapped(pieces, name, replace(piece, bundle=raw)))
    assert not verdict.passed
    found = {one.standing for one in verdict.failures() if one.family is piece.family}
    assert standing in found


@pytest.mark.parametrize("name", NAMES)
def test_each_piece_must_be_signed_by_the_right_key(
    image: Image, pieces: tuple[Piece, ...], name: str
) -> None:
    piece = named(pieces, name)
    verdict = verdict_of(image, swapped(pieces, name, resigned(piece, piece.statement, key(1))))
    assert Standing.UNTRUSTED in {one.standing for one in verdict.failures()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change",
    [
        _set("predicateType", to="https://example.test/other"),
        _set("predicateType", to=REFERENCE_V01),
        _set("subject", 0, "digest", to={"sha256": "0" * 64}),
        _set("subject", 0, "digest", to={"md5": "0" * 32}),
        _set("predicate", to={}),
        _set("_type", to="https://in-toto.io/Statement/v2"),
        _set("extra", to=1),
    ],
    ids=["type", "reference", "subject", "weak digest", "predicate", "statement type", "member"],
)
def test_each_member_of_a_statement_counts_even_when_it_is_signed(
    image: Image, pieces: tuple[Piece, ...], name: str, change: Change
) -> None:
    """The right key can sign the wrong thing: an old pipeline, another tool, a mistake."""
    piece = named(pieces, name)
    statement = msgspec.json.decode(piece.statement)
    change(statement)
    raw = msgspec.json.encode(statement)
    new = replace(piece, statement=raw, bundle=_sign_anything(raw))
    rest = tuple(one for one in pieces if one.name not in (name, "seal"))
    policy = VerifyPolicy(require=(piece.family,))
    collected = as_collected(image, (*rest, new))
    assert not decide(policy, [collected], TRUST, now=NOW).passed


def _sign_anything(statement: bytes) -> bytes:
    signature = key().sign(pae(PAYLOAD_TYPE, statement))
    return build_key_bundle(PAYLOAD_TYPE, statement, signature, hint=key().public.hint)


def test_a_seal_over_replaced_evidence_does_not_count(
    image: Image, pieces: tuple[Piece, ...]
) -> None:
    """Genuine evidence that the seal does not name, in place of what it names."""
    piece = named(pieces, "scan linux/amd64")
    statement = msgspec.json.decode(piece.statement)
    statement["predicate"]["scanner"]["version"] = "0.0.1"
    new = resigned(piece, msgspec.json.encode(statement), key())
    verdict = verdict_of(image, swapped(pieces, piece.name, new))
    assert {one.family for one in verdict.failures()} == {Family.SEAL}
    assert {one.standing for one in verdict.failures()} == {Standing.INCONSISTENT}


def test_digests_of_seals_are_those_of_the_bundles(pieces: tuple[Piece, ...]) -> None:
    seal = parse_statement(named(pieces, "seal").statement)
    inputs = msgspec.json.decode(seal.predicate)["inputAttestations"]
    found = {Digest(f"sha256:{one['digest']['sha256']}") for one in inputs}
    assert found == {digest_of(one.bundle) for one in pieces if one.name != "seal"}
