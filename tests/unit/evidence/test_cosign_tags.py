"""What cosign 1 and 2 left under tags, judged by the code that judges bundles."""

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.attest.identity import Identity
from shipseal.attest.identity_trust import IdentityTrust
from shipseal.attest.interface import RejectedError, Rejection
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.patterns import Pattern
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.errors import AttestError, Code
from shipseal.evidence.artifact import Content
from shipseal.evidence.cosign_envelope import legacy_bundle
from shipseal.evidence.cosign_tags import ENVELOPE_TYPE, CosignTags
from shipseal.evidence.interface import Origin
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import build_manifest
from shipseal.registry.interface import BlobUpload
from shipseal.registry.layout_target import LayoutTarget
from tests.support.evidence import key, sample_image
from tests.support.instance import ISSUER, FakeInstance, pem

SUBJECT = digest_of(b"the image")
STATEMENT = encode_statement([Subject("app", SUBJECT)], "https://slsa.dev/provenance/v1", {})
NAME = "dev.sigstore.cosign/"
WHO = Identity(issuer=Pattern(ISSUER), repository=Pattern("org/app"))


def by_key() -> bytes:
    bundle = json.loads(KeySigner(key()).sign(STATEMENT).raw)
    return json.dumps(bundle["dsseEnvelope"]).encode()


ENVELOPE = by_key()


def by_identity(instance: FakeInstance) -> tuple[bytes, dict[str, str]]:
    """Return what cosign 2 stored for a bundle: its envelope, and what signed it in annotations."""
    leaf = instance.issue()
    bundle = instance.attest(STATEMENT, leaf=leaf)
    material = bundle["verificationMaterial"]
    annotations = {
        f"{NAME}certificate": base64.b64decode(pem(leaf)).decode(),
        f"{NAME}chain": "a chain that nobody needs",
    }
    for entry in material.get("tlogEntries", []):
        promise = entry["inclusionPromise"]["signedEntryTimestamp"]
        log_id = base64.b64decode(entry["logId"]["keyId"]).hex()
        payload = {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logIndex": int(entry["logIndex"]),
            "logID": log_id,
        }
        answer = {"SignedEntryTimestamp": promise, "Payload": payload}
        annotations[f"{NAME}bundle"] = json.dumps(answer)
    for stamp in material.get("timestampVerificationData", {}).get("rfc3161Timestamps", []):
        word = {"SignedRFC3161Timestamp": stamp["signedTimestamp"]}
        annotations[f"{NAME}rfc3161timestamp"] = json.dumps(word)
    return json.dumps(bundle["dsseEnvelope"]).encode(), annotations


@pytest.mark.parametrize("logged", [True, False])
@pytest.mark.parametrize("stamped", [True, False])
def test_a_keyless_attestation_is_judged_as_a_bundle(*, logged: bool, stamped: bool) -> None:
    instance = FakeInstance(logged=logged, stamped=stamped)
    raw = legacy_bundle(*by_identity(instance))
    trust = IdentityTrust([WHO], instance.trust_root())
    if logged or stamped:
        assert trust.verify(raw).statement.raw == STATEMENT
    else:
        with pytest.raises(RejectedError, match="nobody who is trusted says when"):
            trust.verify(raw)


def test_a_log_entry_of_another_attestation_is_refused() -> None:
    instance = FakeInstance()
    envelope, annotations = by_identity(instance)
    other = encode_statement([Subject("app", digest_of(b"other"))], "https://a.test/b", {})
    entry = instance.attest(other)["verificationMaterial"]["tlogEntries"][0]
    answer = json.loads(annotations[f"{NAME}bundle"])
    answer["Payload"]["body"] = entry["canonicalizedBody"]
    annotations[f"{NAME}bundle"] = json.dumps(answer)
    with pytest.raises(RejectedError) as caught:
        IdentityTrust([WHO], instance.trust_root()).verify(legacy_bundle(envelope, annotations))
    assert caught.value.rejection is Rejection.UNTRUSTED


def test_an_attestation_by_key_is_judged_by_the_key() -> None:
    raw = legacy_bundle(by_key(), {})
    assert KeyTrust([key().public]).verify(raw).statement.raw == STATEMENT
    with pytest.raises(RejectedError) as caught:
        KeyTrust([key(1).public]).verify(raw)
    assert caught.value.rejection is Rejection.UNTRUSTED


def test_equal_ones_give_equal_bytes() -> None:
    assert legacy_bundle(by_key(), {}) == legacy_bundle(by_key(), {"predicateType": "whatever"})


PROMISED = '{"body":"","integratedTime":1,"logIndex":1,"logID":"zz"}'
BROKEN: list[tuple[bytes, dict[str, str]]] = [
    (b"", {}),
    (b"[]", {}),
    (b'{"payload": 1}', {}),
    (b"\xff", {}),
    (b"[" * 100_000, {}),
    (by_key(), {f"{NAME}certificate": "no PEM"}),
    (by_key(), {f"{NAME}certificate": "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----"}),
    (by_key(), {f"{NAME}bundle": "{}"}),
    (by_key(), {f"{NAME}bundle": "null"}),
    (by_key(), {f"{NAME}bundle": f'{{"SignedEntryTimestamp":"","Payload":{PROMISED}}}'}),
    (by_key(), {f"{NAME}rfc3161timestamp": "{}"}),
]  # fmt: skip


@pytest.mark.parametrize(("envelope", "annotations"), BROKEN, ids=range(len(BROKEN)))
def test_what_cosign_never_wrote_is_no_attestation(
    envelope: bytes, annotations: dict[str, str]
) -> None:
    with pytest.raises(AttestError, match="no attestation as cosign 1 and 2 wrote them") as caught:
        legacy_bundle(envelope, annotations)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


NAMES = st.sampled_from([f"{NAME}{end}" for end in ("certificate", "bundle", "rfc3161timestamp")])
TEXTS = st.text(max_size=80) | st.sampled_from(["{}", "null", '{"Payload":{}}'])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.dictionaries(NAMES, TEXTS))
def test_any_bytes_are_a_bundle_or_an_error(raw: bytes, annotations: dict[str, str]) -> None:
    for envelope in (raw, ENVELOPE):
        with contextlib.suppress(AttestError):
            found = json.loads(legacy_bundle(envelope, annotations))
            assert found["mediaType"].endswith("version=0.1")


class Place:
    """A layout with an image and tags beside it."""

    def __init__(self, folder: Path) -> None:
        sample_image(folder)
        self.target = LayoutTarget(folder)

    def tag(self, suffix: str, *layers: tuple[bytes, str, dict[str, str]]) -> None:
        described: list[dict[str, Any]] = []
        for data, media_type, annotations in layers:
            content = Content.of_bytes(data, media_type)
            self.target.put_blob(BlobUpload(content.blob, content.open))
            described.append(content.blob.to_json() | {"annotations": annotations})
        config = Content.of_bytes(b'{"os":"","architecture":""}', mt.OCI_CONFIG)
        self.target.put_blob(BlobUpload(config.blob, config.open))
        manifest = build_manifest(
            {
                "schemaVersion": 2,
                "mediaType": mt.OCI_MANIFEST,
                "config": config.blob.to_json(),
                "layers": described,
            }
        )
        self.target.put_manifest(manifest)
        self.target.put_tag(SUBJECT.replace(":", "-") + suffix, manifest)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "image")


def test_every_layer_is_an_attestation(place: Place) -> None:
    envelope, annotations = by_identity(FakeInstance())
    place.tag(
        ".att",
        (by_key(), ENVELOPE_TYPE, {"predicateType": "https://a.test/lie"}),
        (envelope, ENVELOPE_TYPE, annotations),
        (b"{}", ENVELOPE_TYPE, {}),
        (b"{}", "application/json", {}),
    )
    first, second, third = CosignTags(place.target).find(SUBJECT)
    assert first.raw == legacy_bundle(by_key(), {})
    assert second.raw == legacy_bundle(envelope, annotations)
    assert {one.origin for one in (first, second, third)} == {Origin.COSIGN_ATTESTATION}
    assert first.where == f"{SUBJECT.replace(':', '-')}.att {digest_of(by_key())}"
    assert "no attestation as cosign" in third.problem
    assert not third.raw


def test_signatures_are_listed_when_they_are_asked_for(place: Place) -> None:
    simple_signing = "application/vnd.dev.cosign.simplesigning.v1+json"
    place.tag(".sig", (b"{}", simple_signing, {}))
    assert CosignTags(place.target).find(SUBJECT) == ()
    [found] = CosignTags(place.target, signatures=True).find(SUBJECT)
    assert (found.origin, found.raw) == (Origin.COSIGN_SIGNATURE, b"")
    assert found.claims == "https://sigstore.dev/cosign/sign/v1"


def test_nothing_there_is_nothing_found(place: Place) -> None:
    assert CosignTags(place.target, signatures=True).find(digest_of(b"another")) == ()


def test_a_layer_that_is_gone_is_kept_with_its_problem(place: Place) -> None:
    place.tag(".att", (by_key(), ENVELOPE_TYPE, {}))
    blob = Path(place.target.repository) / "blobs" / "sha256" / digest_of(by_key())[7:]
    blob.unlink()
    [found] = CosignTags(place.target).find(SUBJECT)
    assert found.problem
    assert not found.raw
