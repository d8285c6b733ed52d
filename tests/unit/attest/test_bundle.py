"""Bundles: read as strictly as the strictest reader of the field."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.limits import Limit
from shipseal.attest.bundle import Envelope, FileSignature, build_key_bundle, parse_bundle
from shipseal.attest.interface import RejectedError, Rejection
from shipseal.errors import Code
from shipseal.intoto.statement import PAYLOAD_TYPE
from shipseal.oci import digest_of
from tests.support.shared import shared

OLD = "application/vnd.dev.sigstore.bundle+json;version="
GOOD = build_key_bundle(PAYLOAD_TYPE, b"{}", b"signature", hint="aGludA==")

Change = Callable[[dict[str, Any]], None]


def changed(change: Change) -> bytes:
    value = json.loads(GOOD)
    change(value)
    return json.dumps(value).encode()


def put(*path: str | int, to: object) -> Change:
    def change(value: dict[str, Any]) -> None:
        place: Any = value
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def drop(*path: str | int) -> Change:
    def change(value: dict[str, Any]) -> None:
        place: Any = value
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def test_what_is_written_is_read() -> None:
    bundle = parse_bundle(GOOD)
    assert bundle.raw == GOOD
    assert bundle.digest == digest_of(GOOD)
    assert bundle.version == "0.3"
    assert bundle.content == Envelope(PAYLOAD_TYPE, b"{}", b"signature")
    assert (bundle.key_hint, bundle.certificates) == ("aGludA==", ())


def test_the_form_is_cosigns() -> None:
    assert json.loads(GOOD) == {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "aGludA=="}},
        "dsseEnvelope": {
            "payload": "e30=",
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": "c2lnbmF0dXJl"}],
        },
    }


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_older_media_types_are_read(version: str) -> None:
    assert parse_bundle(changed(put("mediaType", to=OLD + version))).version == version


HASH = base64.b64encode(bytes(32)).decode()
PROOF = {
    "logIndex": "1",
    "rootHash": HASH,
    "treeSize": "2",
    "hashes": [HASH],
    "checkpoint": {"envelope": "x"},
}
ENTRY = {
    "logIndex": "1",
    "logId": {"keyId": "bG9n"},
    "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    "integratedTime": "0",
    "inclusionPromise": None,
    "inclusionProof": PROOF,
    "canonicalizedBody": "e30=",
}


def with_entry(**changes: object) -> bytes:
    material = {"publicKey": {"hint": "x"}, "tlogEntries": [ENTRY | changes]}
    return changed(put("verificationMaterial", to=material))


def test_log_entries_and_timestamps_are_read() -> None:
    material = {
        "publicKey": {"hint": "x"},
        "tlogEntries": [ENTRY],
        "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": "MA=="}]},
    }
    bundle = parse_bundle(changed(put("verificationMaterial", to=material)))
    assert bundle.timestamps == (b"0",)
    (entry,) = bundle.log_entries
    assert (entry.log_id, entry.kind, entry.version) == (b"log", "dsse", "0.0.1")
    assert (entry.log_index, entry.integrated_time, entry.promise) == (1, None, None)
    assert entry.body == b"{}"
    assert entry.proof
    assert (entry.proof.tree_size, entry.proof.hashes) == (2, (bytes(32),))


def test_a_number_that_is_zero_may_be_left_out() -> None:
    """Protobuf's JSON leaves out what has its default value."""
    proof = {name: value for name, value in PROOF.items() if name != "logIndex"}
    (entry,) = parse_bundle(with_entry(inclusionProof=proof)).log_entries
    assert entry.proof
    assert entry.proof.log_index == 0


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"logIndex": 1}, "str"),
        ({"logIndex": "01"}, "no number"),
        ({"logIndex": "-1"}, "no number"),
        ({"logIndex": "9223372036854775808"}, "no number"),
        ({"integratedTime": "1.5"}, "no number"),
        ({"logId": {"keyId": "x"}}, "logId is not base64"),
        ({"logId": None}, "logId"),
        ({"canonicalizedBody": ""}, "body is empty"),
        ({"canonicalizedBody": "e31="}, "body is not canonical base64"),
        ({"inclusionPromise": {"signedEntryTimestamp": ""}}, "promise is empty"),
        ({"inclusionProof": PROOF | {"rootHash": "AA=="}}, "hash of 1 bytes"),
        ({"inclusionProof": PROOF | {"hashes": [HASH] * 65}}, "65 hashes"),
        ({"inclusionProof": PROOF | {"treeSize": "1"}}, "entry 1 of a log of 1"),
        ({"inclusionProof": PROOF | {"more": 1}}, "unknown field"),
        ({"kindVersion": {"kind": "dsse"}}, "version"),
    ],
)
def test_a_malformed_log_entry_is_unreadable(changes: dict[str, object], match: str) -> None:
    with pytest.raises(RejectedError, match=match) as caught:
        parse_bundle(with_entry(**changes))
    assert caught.value.rejection is Rejection.UNREADABLE


def test_a_timestamp_that_stands_there_twice_is_unreadable() -> None:
    twice = {"rfc3161Timestamps": [{"signedTimestamp": "MA=="}] * 2}
    material = {"publicKey": {"hint": "x"}, "timestampVerificationData": twice}
    with pytest.raises(RejectedError, match="twice"):
        parse_bundle(changed(put("verificationMaterial", to=material)))
    many = [{"signedTimestamp": base64.b64encode(bytes([at])).decode()} for at in range(33)]
    material["timestampVerificationData"] = {"rfc3161Timestamps": many}
    with pytest.raises(RejectedError, match="33 timestamps"):
        parse_bundle(changed(put("verificationMaterial", to=material)))


def test_a_key_without_a_hint_is_a_key() -> None:
    assert parse_bundle(changed(put("verificationMaterial", "publicKey", to={}))).key_hint == ""


def test_a_key_id_that_is_the_hint_is_allowed() -> None:
    same = put("dsseEnvelope", "signatures", 0, "keyid", to="aGludA==")
    assert parse_bundle(changed(same)).envelope.key_id == "aGludA=="


@pytest.mark.parametrize("signer", ["publicKey", "certificate"])
def test_a_key_id_beside_no_hint_names_another_key(signer: str) -> None:
    """The two must be exactly the same (sigstore_bundle.proto); cosign finds no signature under a certificate then."""
    value = json.loads(GOOD)
    value["verificationMaterial"] = {signer: CERTIFICATE if signer == "certificate" else {}}
    value["dsseEnvelope"]["signatures"][0]["keyid"] = "some"
    with pytest.raises(RejectedError, match="names a key that"):
        parse_bundle(json.dumps(value).encode())
    value["dsseEnvelope"]["signatures"][0]["keyid"] = ""
    assert parse_bundle(json.dumps(value).encode()).envelope.key_id == ""


CERTIFICATE = {"rawBytes": "MAA="}


def test_certificates_are_read_in_the_form_of_their_version() -> None:
    chain = {"x509CertificateChain": {"certificates": [CERTIFICATE, CERTIFICATE]}}
    older = json.loads(changed(put("verificationMaterial", to=chain)))
    older["mediaType"] = f"{OLD}0.2"
    assert len(parse_bundle(json.dumps(older).encode()).certificates) == 2
    leaf = put("verificationMaterial", to={"certificate": CERTIFICATE})
    assert parse_bundle(changed(leaf)).key_hint is None
    older["verificationMaterial"] = {"certificate": CERTIFICATE}
    with pytest.raises(RejectedError, match="holds a chain"):
        parse_bundle(json.dumps(older).encode())


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (b"", "not JSON"),
        (b"{}", "missing required field"),
        (b"[]", "array"),
        (GOOD[:-20], "not JSON"),
        (GOOD + b"{}", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"a":' * 100_000, "unknown field `a`"),
        (b'{"mediaType":' + b"[" * 100_000, "Expected `str`"),
        (GOOD.replace(b"e30=", b"\xff\xff"), "UTF-8"),
        (GOOD.replace(b'{"mediaType"', b'{"mediaType":"x","mediaType"', 1), "stands twice"),
        (changed(put("mediaType", to="application/json")), "mediaType"),
        (changed(put("mediaType", to=f"{OLD}0.4")), "mediaType"),
        (changed(put("mediaType", to=None)), "mediaType"),
        (changed(put("extra", to=1)), "unknown field `extra`"),
        (changed(put("media_type", to="x")), "unknown field"),
        (changed(put("dsseEnvelope", "extra", to=1)), "unknown field"),
        (changed(put("verificationMaterial", "extra", to=1)), "unknown field"),
        (changed(put("dsseEnvelope", to=None)), "nothing, no attestation"),
        (changed(put("messageSignature", to={"signature": "AA=="})), "two kinds of content"),
        (changed(put("dsseEnvelope", "signatures", to=[])), "0 signatures"),
        (changed(put("dsseEnvelope", "signatures", to=[{"sig": "AA=="}] * 2)), "2 signatures"),
        (changed(put("dsseEnvelope", "signatures", 0, "keyid", to="other")), "names a key that"),
        (changed(put("dsseEnvelope", "payload", to="e30")), "payload is not base64"),
        (changed(put("dsseEnvelope", "payload", to="e3 0=")), "payload is not base64"),
        (changed(put("dsseEnvelope", "payload", to="e31=")), "not canonical base64"),
        (changed(put("dsseEnvelope", "payload", to="é")), "payload is not base64"),
        (changed(put("dsseEnvelope", "payload", to="")), "payload is empty"),
        (changed(put("dsseEnvelope", "signatures", 0, "sig", to="")), "signature is empty"),
        (changed(put("verificationMaterial", to={})), "exactly one"),
        (changed(put("verificationMaterial", "certificate", to=CERTIFICATE)), "exactly one"),
        (changed(drop("verificationMaterial")), "verificationMaterial"),
        (
            changed(
                put(
                    "verificationMaterial",
                    to={"x509CertificateChain": {"certificates": [CERTIFICATE]}},
                )
            ),
            "no chain",
        ),
    ],
)
def test_what_cannot_be_judged_is_unreadable(raw: bytes, match: str) -> None:
    with pytest.raises(RejectedError, match=match) as caught:
        parse_bundle(raw)
    assert caught.value.rejection is Rejection.UNREADABLE
    assert caught.value.code is Code.ATTEST_INVALID


def over_file(**changes: object) -> bytes:
    value = json.loads(GOOD)
    del value["dsseEnvelope"]
    digest = {"algorithm": "SHA2_256", "digest": HASH}
    value["messageSignature"] = {"messageDigest": digest, "signature": "AA=="} | changes
    return json.dumps(value).encode()


def test_a_signature_over_a_file_is_read_and_is_no_attestation() -> None:
    bundle = parse_bundle(over_file())
    assert bundle.content == FileSignature("sha256", bytes(32), b"\0")
    with pytest.raises(RejectedError, match="a signature over a file, no attestation"):
        _ = bundle.envelope


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"messageDigest": None}, "which digest"),
        ({"messageDigest": {"algorithm": "SHA1", "digest": "AA=="}}, "digest is by 'SHA1'"),
        ({"messageDigest": {"algorithm": "SHA2_256"}}, "digest"),
        ({"signature": ""}, "signature is empty"),
    ],
)
def test_a_signature_over_an_unknown_file_is_unreadable(
    changes: dict[str, object], match: str
) -> None:
    with pytest.raises(RejectedError, match=match):
        parse_bundle(over_file(**changes))


def test_an_empty_chain_is_no_material() -> None:
    value = json.loads(GOOD)
    value["mediaType"] = f"{OLD}0.1"
    value["verificationMaterial"] = {"x509CertificateChain": {"certificates": []}}
    with pytest.raises(RejectedError, match="chain is empty"):
        parse_bundle(json.dumps(value).encode())


def test_a_bundle_beyond_the_limit_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shipseal.attest.bundle_wire.BUNDLE", Limit("bundle", 10, "a test"))
    with pytest.raises(RejectedError, match="more than 10: a test"):
        parse_bundle(GOOD)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "versions"),
    [
        ("github-demo-whl.jsonl", ["0.3"]),
        ("npm-sigstore-js-2.0.0-provenance.json", ["0.1"]),
        ("npm-sigstore-js-2.1.0-two.jsonl", ["0.3", "0.3"]),
        ("npm-sigstore-js-2.1.0.json", ["0.3"]),
    ],
)
def test_bundles_of_the_public_instance_are_read(name: str, versions: list[str]) -> None:
    raw = shared(f"bundles/{name}").read_bytes()
    bundles = [raw] if name.endswith(".json") else raw.splitlines()
    read = [parse_bundle(one) for one in bundles]
    assert [one.version for one in read] == versions
    assert all(one.certificates or one.key_hint for one in read)


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
@settings(max_examples=200)
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(RejectedError):
        parse_bundle(raw)


@given(payload=st.binary(min_size=1, max_size=300), signature=st.binary(min_size=1, max_size=80))
@settings(max_examples=100)
def test_every_bundle_comes_back(payload: bytes, signature: bytes) -> None:
    raw = build_key_bundle(PAYLOAD_TYPE, payload, signature, hint="h")
    bundle = parse_bundle(raw)
    assert bundle.content == Envelope(PAYLOAD_TYPE, payload, signature)
    assert base64.b64encode(payload).decode() in raw.decode()
