"""What is accepted here is accepted by sigstore-python too, as far as it reads it; if not, it counts for nothing."""

import base64
import json
from typing import Any

import pytest

from shipseal.attest.bundle import FileSignature, parse_bundle
from shipseal.attest.identity import Identity
from shipseal.attest.identity_trust import IdentityTrust
from shipseal.attest.interface import RejectedError, Rejection
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.key_witness import RootWitness
from shipseal.attest.patterns import Pattern
from shipseal.attest.second_opinion import SigstorePython
from shipseal.attest.signing_keys import signs_digest
from shipseal.attest.trail import Trail
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.evidence import key
from tests.support.instance import (
    ISSUER,
    MOMENT,
    FakeInstance,
    intoto_body,
    raw_of,
    root_of,
)
from tests.support.logs import TiledLog, b64, prove

STATEMENT = encode_statement([Subject("a", digest_of(b"a"))], "https://example.test/p", {})
WHO = Identity(issuer=Pattern(ISSUER), repository=Pattern("org/app"))


def opinion(instance: FakeInstance, bundle: dict[str, Any]) -> str:
    trail = Trail()
    trust = IdentityTrust([WHO], instance.trust_root(), second=SigstorePython())
    trust.verify_parsed(parse_bundle(raw_of(bundle)), trail)
    return next(step.got for step in trail.steps if step.number == "4j")


@pytest.mark.parametrize("organization", ["sigstore.dev", "instance.test", None])
@pytest.mark.parametrize("tiled", [True, False])
def test_it_agrees_on_what_it_reads(organization: str | None, tiled: bool) -> None:
    instance = FakeInstance(organization, tiled=tiled)
    assert opinion(instance, instance.attest(STATEMENT)) == "sigstore-python accepts it too"


def test_it_agrees_on_a_signature_over_a_file() -> None:
    instance = FakeInstance()
    bundle = parse_bundle(raw_of(instance.sign_file(b"content")))
    trust = IdentityTrust([WHO], instance.trust_root(), second=SigstorePython())
    content, trail = bundle.content, Trail()
    assert isinstance(content, FileSignature)
    trust.signer_of(
        bundle,
        lambda one: signs_digest(one, content.signature, content.algorithm, content.digest),
        trail,
    )
    assert trail.steps[-1].got == "sigstore-python accepts it too"


@pytest.mark.parametrize(
    "instance",
    [
        FakeInstance("GitHub, Inc.", logged=False, certificate_log=False),
        FakeInstance(certificate_log=False),
        FakeInstance(logged=False),
    ],
)
def test_it_does_not_read_what_has_no_logs(instance: FakeInstance) -> None:
    assert opinion(instance, instance.attest(STATEMENT)) == "does not read this kind"


def test_it_does_not_read_what_the_log_only_promised() -> None:
    """Evidence that cosign kept in annotations, before there were bundles."""
    instance = FakeInstance()
    bundle = instance.attest(STATEMENT)
    material = bundle["verificationMaterial"]
    del material["tlogEntries"][0]["inclusionProof"]
    material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    assert opinion(instance, bundle) == "does not read this kind"


def test_it_does_not_read_older_entries() -> None:
    instance = FakeInstance("sigstore.dev")
    leaf = instance.issue()
    bundle = instance.attest(STATEMENT, leaf=leaf)
    signature = parse_bundle(raw_of(bundle)).content.signature
    entry = instance.log.entry(intoto_body(leaf, STATEMENT, signature), MOMENT)
    bundle["verificationMaterial"]["tlogEntries"] = [entry]
    assert opinion(instance, bundle) == "does not read this kind"


def test_numbers_that_are_left_out_are_zero() -> None:
    """The first entry of a log: protobuf leaves its number out, and the proof has no hashes."""
    instance = FakeInstance(tiled=True)
    bundle = instance.attest(STATEMENT)
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    raw = base64.b64decode(entry["canonicalizedBody"])
    proof = prove(raw, index=0, neighbours=())
    log = instance.log
    assert isinstance(log, TiledLog)
    note = log.note(log.host, proof, log.host)
    entry["inclusionProof"] = {
        "rootHash": proof["rootHash"],
        "treeSize": proof["treeSize"],
        "checkpoint": {"envelope": note},
    }
    del entry["logIndex"]
    assert opinion(instance, bundle) == "sigstore-python accepts it too"


def test_when_it_refuses_the_bundle_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = FakeInstance()

    def refuse(bundle: object, root: object) -> None:
        raise TypeError("some defect of another library")

    monkeypatch.setattr("shipseal.attest.second_opinion._ask", refuse)
    with pytest.raises(RejectedError, match="sigstore-python refuses it: some defect") as caught:
        opinion(instance, instance.attest(STATEMENT))
    assert caught.value.rejection is Rejection.UNTRUSTED


def signed_with_key(**parts: Any) -> bytes:
    value = json.loads(KeySigner(key()).sign(STATEMENT).raw)
    value["verificationMaterial"] |= parts
    return raw_of(value)


def stamps(token: bytes) -> dict[str, Any]:
    return {"rfc3161Timestamps": [{"signedTimestamp": b64(token)}]}


def test_a_named_root_is_asked_about_a_keys_timestamps_too() -> None:
    instance = FakeInstance(logged=False)
    trust = KeyTrust([key().public], witness=RootWitness(instance.trust_root()))
    plain = KeySigner(key()).sign(STATEMENT).raw
    assert trust.verify(plain).signer.startswith("key ")
    signature = parse_bundle(plain).content.signature
    good = instance.tsa.stamp(signature, MOMENT)
    trust.verify(signed_with_key(timestampVerificationData=stamps(good)))
    other = instance.tsa.stamp(b"another signature", MOMENT)
    bad = signed_with_key(timestampVerificationData=stamps(other))
    with pytest.raises(RejectedError, match="over another signature"):
        trust.verify(bad)
    foreign = FakeInstance(name="two", logged=False).tsa.stamp(signature, MOMENT)
    with pytest.raises(RejectedError, match="no authority of the trusted root"):
        trust.verify(signed_with_key(timestampVerificationData=stamps(foreign)))
    # Without a root there is nothing to hold it against, and the key says all that is said.
    KeyTrust([key().public]).verify(bad)


def test_each_instance_of_a_named_root_is_tried() -> None:
    first, second = FakeInstance(logged=False), FakeInstance(name="two", logged=False)
    root = root_of(first.root_document(), second.root_document())
    trust = KeyTrust([key().public], witness=RootWitness(root))
    signature = parse_bundle(KeySigner(key()).sign(STATEMENT).raw).content.signature
    token = stamps(second.tsa.stamp(signature, MOMENT))
    trust.verify(signed_with_key(timestampVerificationData=token))
