"""Keyless bundles under attack: whoever puts a bundle together from parts must fail, and for the right reason."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from shipseal.attest.bundle import parse_bundle
from shipseal.attest.dsse import pae
from shipseal.attest.identity import Identity
from shipseal.attest.identity_trust import IdentityTrust
from shipseal.attest.interface import RejectedError, Rejection, VerifiedStatement
from shipseal.attest.patterns import Pattern
from shipseal.attest.trail import Trail
from shipseal.attest.trust_root import TrustRoot
from shipseal.intoto.statement import PAYLOAD_TYPE, Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.authorities import TIME_STAMPING, der, ec_key, root_plan
from tests.support.instance import (
    CLAIMS,
    ISSUER,
    MOMENT,
    OLD_CLAIMS,
    WORKFLOW,
    FakeInstance,
    Leaf,
    dsse_body,
    intoto_body,
    raw_of,
    rekord_body,
    rekord_v2_body,
    root_of,
    tsa_of,
)
from tests.support.logs import ClassicLog, b64
from tests.support.timestamps import SHA1

PRIVATE = FakeInstance()
TILED = FakeInstance(tiled=True)
PUBLIC = FakeInstance("sigstore.dev")
GITHUB = FakeInstance("GitHub, Inc.", logged=False, certificate_log=False)
INSTANCES = {"private": PRIVATE, "tiled": TILED, "public": PUBLIC, "github": GITHUB}

STATEMENT = encode_statement([Subject("app", digest_of(b"app"))], "https://example.test/p", {})
OTHER = encode_statement([Subject("app", digest_of(b"evil"))], "https://example.test/p", {})
WHO = Identity(issuer=Pattern(ISSUER), repository=Pattern("org/app"))

Change = Callable[[dict[str, Any]], object]


def verify(bundle: dict[str, Any], root: TrustRoot) -> VerifiedStatement:
    return IdentityTrust([WHO], root).verify(raw_of(bundle))


def refusal(bundle: dict[str, Any], root: TrustRoot) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        verify(bundle, root)
    return caught.value


def material(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bundle["verificationMaterial"]
    return found


def entry(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = material(bundle)["tlogEntries"][0]
    return found


def stamps(bundle: dict[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = material(bundle)["timestampVerificationData"]["rfc3161Timestamps"]
    return found


@pytest.mark.parametrize("name", INSTANCES)
def test_what_an_instance_signs_is_genuine(name: str) -> None:
    instance = INSTANCES[name]
    verified = verify(instance.attest(STATEMENT), instance.trust_root())
    assert verified.statement.raw == STATEMENT
    assert verified.signer == f"{CLAIMS[9]} ({ISSUER})"


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_older_bundles_hold_a_chain(version: str) -> None:
    bundle = PRIVATE.attest(STATEMENT)
    bundle["mediaType"] = f"application/vnd.dev.sigstore.bundle+json;version={version}"
    leaf = material(bundle).pop("certificate")
    issuer = {"rawBytes": b64(der(PRIVATE.chain[0]))}
    material(bundle)["x509CertificateChain"] = {"certificates": [leaf, issuer]}
    verify(bundle, PRIVATE.trust_root())
    root = {"rawBytes": b64(der(PRIVATE.chain[1]))}
    material(bundle)["x509CertificateChain"] = {"certificates": [leaf, issuer, root]}
    assert "holds a root" in refusal(bundle, PRIVATE.trust_root()).message
    foreign = {"rawBytes": b64(der(FakeInstance(name="foreign").chain[0]))}
    material(bundle)["x509CertificateChain"] = {"certificates": [leaf, foreign]}
    assert "not its issuer's" in refusal(bundle, PRIVATE.trust_root()).message


def test_without_a_promise_a_bundle_of_the_first_version_is_nothing() -> None:
    bundle = PRIVATE.attest(STATEMENT)
    bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    chain = {"certificates": [material(bundle).pop("certificate")]}
    material(bundle)["x509CertificateChain"] = chain
    del entry(bundle)["inclusionPromise"], entry(bundle)["integratedTime"]
    assert "needs the log's promise" in refusal(bundle, PRIVATE.trust_root()).message


def drop(*path: str | int) -> Change:
    def change(bundle: dict[str, Any]) -> None:
        place: Any = bundle
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


NO_ENTRY = drop("verificationMaterial", "tlogEntries")
NO_STAMP = drop("verificationMaterial", "timestampVerificationData")


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("private", NO_ENTRY, "no log entry, which its instance requires"),
        ("private", NO_STAMP, "no signed timestamp, which its instance requires"),
        ("tiled", NO_ENTRY, "no log entry"),
        ("tiled", NO_STAMP, "no signed timestamp"),
        ("public", NO_ENTRY, "no log entry"),
        ("github", NO_STAMP, "no signed timestamp"),
    ],
)
def test_what_is_taken_out_lowers_nothing(name: str, change: Change, match: str) -> None:
    bundle = INSTANCES[name].attest(STATEMENT)
    change(bundle)
    error = refusal(bundle, INSTANCES[name].trust_root())
    assert match in error.message
    assert error.rejection is Rejection.UNTRUSTED


def test_the_public_instance_takes_the_logs_word_for_the_time() -> None:
    """Old bundles have no timestamp; of a tiled log, which states no time, they must have one."""
    bundle = PUBLIC.attest(STATEMENT)
    NO_STAMP(bundle)
    verify(bundle, PUBLIC.trust_root())
    tiled = PUBLIC.but(tiled=True)
    bundle = tiled.attest(STATEMENT)
    NO_STAMP(bundle)
    assert "nobody who is trusted says when" in refusal(bundle, tiled.trust_root()).message


def test_the_rules_of_the_public_instance_hold_whatever_a_root_lists() -> None:
    """Its certificates need a certificate log, also under a root that lists none."""
    root = PUBLIC.root_document()
    root["ctlogs"] = []
    error = refusal(PUBLIC.attest(STATEMENT), root_of(root))
    assert "certificate was seen by log" in error.message


def test_a_root_without_time_lets_nothing_pass() -> None:
    bare = FakeInstance(logged=False, stamped=False)
    assert (
        "nobody who is trusted says when"
        in refusal(bare.attest(STATEMENT), bare.trust_root()).message
    )


def test_an_entry_of_no_log_of_the_instance_is_refused() -> None:
    bundle = GITHUB.attest(STATEMENT)
    material(bundle)["tlogEntries"] = material(PRIVATE.attest(STATEMENT))["tlogEntries"]
    assert "its instance has no log" in refusal(bundle, GITHUB.trust_root()).message


def test_two_log_entries_are_one_too_many() -> None:
    bundle = PRIVATE.attest(STATEMENT)
    material(bundle)["tlogEntries"] *= 2
    assert "2 log entries" in refusal(bundle, PRIVATE.trust_root()).message


def test_two_instances_in_one_file_are_two_instances() -> None:
    """What one of them lists does not count for the other."""
    root = root_of(PUBLIC.root_document(), GITHUB.root_document())
    verify(PUBLIC.attest(STATEMENT), root)
    verify(GITHUB.attest(STATEMENT), root)
    mixed = PUBLIC.attest(STATEMENT)
    foreign = FakeInstance("GitHub, Inc.", name="two", logged=False, certificate_log=False)
    root = root_of(PUBLIC.root_document(), foreign.root_document())
    stamps(mixed)[0]["signedTimestamp"] = b64(foreign.tsa.stamp(b"anything", MOMENT))
    assert "timestamp is over another signature" in refusal(mixed, root).message


def other_parts(name: str, part: str, instance: FakeInstance) -> dict[str, Any]:
    """Return a bundle over STATEMENT in which one part is that of a bundle over OTHER."""
    mine, theirs = instance.attest(STATEMENT), instance.attest(OTHER)
    if part == "certificate":
        theirs = instance.attest(OTHER, leaf=instance.issue(key=ec_key("second leaf")))
        material(mine)["certificate"] = material(theirs)["certificate"]
    elif part == "payload":
        mine["dsseEnvelope"]["payload"] = theirs["dsseEnvelope"]["payload"]
    elif part == "signature":
        mine["dsseEnvelope"]["signatures"] = theirs["dsseEnvelope"]["signatures"]
    elif part == "entry":
        material(mine)["tlogEntries"] = material(theirs)["tlogEntries"]
    elif part == "timestamp":
        material(mine)["timestampVerificationData"] = material(theirs)["timestampVerificationData"]
    return mine


@pytest.mark.parametrize("part", ["certificate", "payload", "signature", "entry", "timestamp"])
@pytest.mark.parametrize("name", INSTANCES)
def test_no_part_of_another_bundle_fits(name: str, part: str) -> None:
    instance = INSTANCES[name]
    if part == "entry" and not instance.logged:
        return
    error = refusal(other_parts(name, part, instance), instance.trust_root())
    assert error.rejection is Rejection.UNTRUSTED
    expected = {
        "certificate": ("another signer", "signature does not match"),
        "payload": ("another content", "signature does not match"),
        "signature": ("over another signature",),
        "entry": ("another content", "another signature"),
        "timestamp": ("over another signature",),
    }
    assert any(text in error.message for text in expected[part]), error.message


def test_a_timestamp_must_be_over_this_signature_and_each_of_them_holds() -> None:
    bundle = PRIVATE.attest(STATEMENT)
    bad = b64(PRIVATE.tsa.stamp(b"another signature", MOMENT))
    stamps(bundle).append({"signedTimestamp": bad})
    assert "over another signature" in refusal(bundle, PRIVATE.trust_root()).message


def stamped(token: bytes) -> dict[str, Any]:
    bundle = PRIVATE.attest(STATEMENT)
    stamps(bundle)[0]["signedTimestamp"] = b64(token)
    return bundle


def signature_of(bundle: dict[str, Any]) -> bytes:
    return base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"status": 2}, "status 2"),
        ({"algorithm": SHA1}, "its hash is"),
        ({"key": ec_key("nobody's")}, "by no authority of the trusted root"),
        ({"signers": 2}, "not in the accepted form"),
        ({"signers": 0}, "not in the accepted form"),
    ],
)
def test_a_timestamp_that_is_wrong_in_itself(options: dict[str, Any], match: str) -> None:
    bundle = PRIVATE.attest(STATEMENT)
    token = PRIVATE.tsa.stamp(signature_of(bundle), MOMENT, **options)
    stamps(bundle)[0]["signedTimestamp"] = b64(token)
    assert match in refusal(bundle, PRIVATE.trust_root()).message


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"purposes": ()}, "not for signing timestamps"),
        ({"purposes": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "not for signing timestamps"),
        ({"critical_purposes": False}, "for other things too"),
        (
            {"purposes": (TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)},
            "for other things too",
        ),
        ({"end": MOMENT - timedelta(days=1)}, "not at the time that it states"),
        ({"begin": MOMENT + timedelta(seconds=1)}, "not at the time that it states"),
        ({"signs": False}, "not for digital signatures"),
        ({"authority": True, "signs_certificates": True}, "one of an authority"),
    ],
)
def test_a_timestamp_authority_that_may_not(changes: dict[str, Any], match: str) -> None:
    tsa = tsa_of("one", "instance.test", **changes)
    root = PRIVATE.root_document()
    chain = [{"rawBytes": b64(der(one))} for one in tsa.chain]
    root["timestampAuthorities"][0]["certChain"]["certificates"] = chain
    bundle = PRIVATE.attest(STATEMENT)
    stamps(bundle)[0]["signedTimestamp"] = b64(tsa.stamp(signature_of(bundle), MOMENT))
    assert match in refusal(bundle, root_of(root)).message


def test_a_timestamp_authority_is_trusted_for_a_time() -> None:
    root = PRIVATE.root_document()
    root["timestampAuthorities"][0]["validFor"] = {"start": "2026-05-01T12:00:01Z"}
    assert "trusted for" in refusal(PRIVATE.attest(STATEMENT), root_of(root)).message
    root["timestampAuthorities"][0]["validFor"] = {
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-05-01T11:59:59Z",
    }
    assert "trusted for" in refusal(PRIVATE.attest(STATEMENT), root_of(root)).message


def test_a_timestamp_authority_that_the_root_does_not_list() -> None:
    root = PRIVATE.root_document()
    root["timestampAuthorities"] = FakeInstance(name="two").root_document()["timestampAuthorities"]
    assert "names another signer" in refusal(PRIVATE.attest(STATEMENT), root_of(root)).message


@pytest.mark.parametrize(
    "token", [b"", b"0", b"\x30\x00", b"\x30\x84\xff\xff\xff\xff", b"x" * 5000]
)
def test_a_timestamp_that_is_none(token: bytes) -> None:
    bundle = stamped(token)
    assert refusal(bundle, PRIVATE.trust_root()).rejection is Rejection.UNREADABLE


@pytest.mark.parametrize("late", [timedelta(minutes=10), -timedelta(minutes=2)])
def test_a_certificate_is_judged_at_the_signed_time(late: timedelta) -> None:
    bundle = GITHUB.attest(STATEMENT, moment=MOMENT + late)
    assert "not at the signed time" in refusal(bundle, GITHUB.trust_root()).message


def test_every_time_lies_within_the_certificate() -> None:
    """The log promises a time within, the timestamp is from later: one of the two is a lie."""
    bundle = PUBLIC.attest(STATEMENT)
    late = PUBLIC.tsa.stamp(signature_of(bundle), MOMENT + timedelta(hours=1))
    stamps(bundle)[0]["signedTimestamp"] = b64(late)
    assert "not at the signed time" in refusal(bundle, PUBLIC.trust_root()).message


def test_a_certificate_authority_is_trusted_for_a_time() -> None:
    root = PRIVATE.root_document()
    root["certificateAuthorities"][0]["validFor"]["end"] = "2026-05-01T11:00:00Z"
    error = refusal(PRIVATE.attest(STATEMENT), root_of(root))
    assert "is trusted for" in error.message


def test_the_key_of_a_log_is_trusted_for_a_time() -> None:
    for window in ({"end": "2026-05-01T11:00:00Z"}, {"start": "2026-05-01T13:00:00Z"}):
        root = PRIVATE.root_document()
        root["tlogs"][0]["publicKey"]["validFor"] = window
        error = refusal(PRIVATE.attest(STATEMENT), root_of(root))
        assert "the key of https://rekor.instance.test is trusted for" in error.message


def test_the_key_of_a_certificate_log_is_trusted_for_a_time() -> None:
    root = PRIVATE.root_document()
    root["ctlogs"][0]["publicKey"]["validFor"] = {"end": "2026-05-01T11:00:00Z"}
    error = refusal(PRIVATE.attest(STATEMENT), root_of(root))
    assert "certificate was seen at" in error.message


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"purposes": ()}, "not for signing code"),
        ({"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "not for signing code"),
        ({"signs": False}, "not for digital signatures"),
        ({"authority": True}, "one of an authority"),
        ({"signs_certificates": True}, "one of an authority"),
        ({"seen": False}, "0 signed certificate timestamps"),
        ({"copies": 2}, "2 signed certificate timestamps"),
        ({"log_key": ec_key("another ct log")}, "which the trusted root does not list"),
        ({"key": ec_key("k1", "K1")}, "a kind that is not accepted"),
    ],
)
def test_a_certificate_that_may_not_sign(options: dict[str, Any], match: str) -> None:
    leaf = PRIVATE.issue(**options)
    assert match in refusal(PRIVATE.attest(STATEMENT, leaf=leaf), PRIVATE.trust_root()).message


@pytest.mark.parametrize(
    "options",
    [
        {"names": ()},
        {"names": (x509.DNSName("example.org"),)},
        {"names": (x509.RFC822Name("a@example.org"), x509.RFC822Name("b@example.org"))},
        {"old": dict(OLD_CLAIMS) | {1: "https://accounts.example.org"}},
        {"old": dict(OLD_CLAIMS) | {6: "refs/heads/main"}},
        {"claims": dict(CLAIMS) | {9: f"{WORKFLOW}\n"}},
        {"claims": dict(CLAIMS) | {14: "refs/tags/v1\x1b[2K"}, "old": {}},
        {
            "extensions": {"1.3.6.1.4.1.57264.1.8": b"plain text"},
        },
        {"extensions": {"1.2.3.4": b"x"}, "critical": frozenset({"1.2.3.4"})},
        {
            "extensions": {"1.3.6.1.4.1.11129.2.4.3": b"\x05\x00"},
            "critical": frozenset({"1.3.6.1.4.1.11129.2.4.3"}),
        },
    ],
)
def test_a_certificate_that_says_who_in_an_unclear_way(options: dict[str, Any]) -> None:
    leaf = PRIVATE.issue(**options)
    error = refusal(PRIVATE.attest(STATEMENT, leaf=leaf), PRIVATE.trust_root())
    assert error.rejection is Rejection.UNREADABLE


def test_a_certificate_of_somebody_else_with_the_same_names() -> None:
    """The names of an authority are anybody's; its key is not."""
    impostor = FakeInstance()
    fake_key = ec_key("an impostor's")
    plan = root_plan("one intermediate", "instance.test", key=fake_key)
    object.__setattr__(impostor, "intermediate", plan)
    bundle = PRIVATE.attest(STATEMENT, leaf=impostor.issue())
    error = refusal(bundle, PRIVATE.trust_root())
    assert "whom the trusted root does not list" in error.message


def test_the_authoritys_own_key_signs_nothing_but_certificates() -> None:
    leaf = Leaf(PRIVATE.intermediate.key, PRIVATE.chain[0])
    error = refusal(PRIVATE.attest(STATEMENT, leaf=leaf), PRIVATE.trust_root())
    assert "not for digital signatures" in error.message or "one of an authority" in error.message


@pytest.mark.parametrize(
    ("root_changes", "intermediate_changes", "match"),
    [
        ({"end": MOMENT - timedelta(days=1)}, {}, "one root"),
        ({}, {"end": MOMENT - timedelta(days=1)}, "one intermediate"),
        ({}, {"authority": False}, "is no authority"),
        ({}, {"signs_certificates": False}, "may not sign certificates"),
        ({"path_length": 0}, {}, "may have 0 authorities below it"),
        ({}, {"purposes": (TIME_STAMPING,)}, "may not issue for signing code"),
    ],
)
def test_a_path_that_does_not_hold(
    root_changes: dict[str, Any], intermediate_changes: dict[str, Any], match: str
) -> None:
    instance = FakeInstance(certificate_log=False)
    root = root_plan("one root", "instance.test", **root_changes)
    given = {"path_length": 0} | intermediate_changes
    intermediate = root_plan("one intermediate", "instance.test", **given)
    chain = (intermediate.issue(root.subject, root.key), root.issue())
    document = instance.root_document()
    document["certificateAuthorities"][0]["certChain"]["certificates"] = [
        {"rawBytes": b64(der(one))} for one in chain
    ]
    assert match in refusal(instance.attest(STATEMENT), root_of(document)).message


def test_a_chain_whose_links_are_not_each_others() -> None:
    document = PRIVATE.root_document()
    foreign = FakeInstance("instance.test", name="foreign").chain[1]
    certificates = document["certificateAuthorities"][0]["certChain"]["certificates"]
    certificates[1] = {"rawBytes": b64(der(foreign))}
    assert "was not issued by" in refusal(PRIVATE.attest(STATEMENT), root_of(document)).message


def test_every_kind_of_entry_that_logs_hold_is_read() -> None:
    leaf = PRIVATE.issue()
    bundle = PRIVATE.attest(STATEMENT, leaf=leaf)
    signature = signature_of(bundle)
    bodies = [dsse_body(leaf, STATEMENT, signature), intoto_body(leaf, STATEMENT, signature)]
    bodies.append(rekord_v2_body(leaf, pae(PAYLOAD_TYPE, STATEMENT), signature))
    for body in bodies:
        material(bundle)["tlogEntries"] = [PRIVATE.log.entry(body, MOMENT)]
        verify(bundle, PRIVATE.trust_root())


def test_an_entry_of_another_kind_says_nothing_about_this() -> None:
    leaf = PRIVATE.issue()
    signature = signature_of(PRIVATE.attest(STATEMENT, leaf=leaf))
    body = rekord_body(leaf, STATEMENT, signature)
    bundle = PRIVATE.attest(STATEMENT, leaf=leaf)
    material(bundle)["tlogEntries"] = [PRIVATE.log.entry(body, MOMENT)]
    assert "which no log holds for an attestation" in refusal(bundle, PRIVATE.trust_root()).message
    for kind, version in (("dsse", "0.0.2"), ("intoto", "0.0.1"), ("rekord", "0.0.1")):
        body = dsse_body(leaf, STATEMENT, signature) | {"kind": kind, "apiVersion": version}
        material(bundle)["tlogEntries"] = [PRIVATE.log.entry(body, MOMENT)]
        assert refusal(bundle, PRIVATE.trust_root()).rejection is Rejection.UNREADABLE


ENTRY_CHANGES: dict[str, tuple[Change, str]] = {
    "kind": (lambda e: e["kindVersion"].update(kind="intoto"), "is said to be"),
    "version": (lambda e: e["kindVersion"].update(version="0.0.2"), "is said to be"),
    "index": (lambda e: e.update(logIndex="77"), "promise in its log entry is not signed"),
    "time": (lambda e: e.update(integratedTime="1777636801"), "promise in its log entry is not"),
    "no time": (lambda e: e.pop("integratedTime"), "without the time"),
    "no promise": (lambda e: e.pop("inclusionPromise"), "without the log's promise"),
    "no proof": (lambda e: e.pop("inclusionProof"), "no inclusion proof"),
    "no checkpoint": (lambda e: e["inclusionProof"].pop("checkpoint"), "no checkpoint"),
    "log": (lambda e: e["logId"].update(keyId=b64(b"x" * 32)), "does not list"),
    "proof index": (lambda e: e["inclusionProof"].update(logIndex="2"), "another root"),
    "proof size": (lambda e: e["inclusionProof"].update(treeSize="7"), "inclusion proof"),
    "proof root": (lambda e: e["inclusionProof"].update(rootHash=b64(bytes(32))), "another root"),
    "hashes": (lambda e: e["inclusionProof"]["hashes"].reverse(), "another root"),
    "fewer hashes": (lambda e: e["inclusionProof"]["hashes"].pop(), "hashes, not"),
}


@pytest.mark.parametrize("name", ENTRY_CHANGES)
def test_no_field_of_a_log_entry_can_be_changed(name: str) -> None:
    change, match = ENTRY_CHANGES[name]
    bundle = PRIVATE.attest(STATEMENT)
    change(entry(bundle))
    assert match in refusal(bundle, PRIVATE.trust_root()).message


def test_the_number_of_an_entry_is_proved_where_it_is_not_promised() -> None:
    bundle = TILED.attest(STATEMENT)
    entry(bundle)["logIndex"] = "4"
    assert (
        "said to be number 4, and is proved to be 3" in refusal(bundle, TILED.trust_root()).message
    )


def test_a_time_without_the_logs_promise_is_nobodys_word() -> None:
    bundle = TILED.attest(STATEMENT)
    entry(bundle)["integratedTime"] = str(int(MOMENT.timestamp()))
    assert "without the log's promise" in refusal(bundle, TILED.trust_root()).message


def with_note(instance: FakeInstance, make: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    bundle = instance.attest(STATEMENT)
    proof = entry(bundle)["inclusionProof"]
    proof["checkpoint"]["envelope"] = make(proof)
    return bundle


def test_a_checkpoint_is_about_the_state_that_is_proved() -> None:
    log = PRIVATE.log
    assert isinstance(log, ClassicLog)
    origin, name = "rekor.instance.test - 1", "rekor.instance.test"
    larger = with_note(PRIVATE, lambda p: log.note(origin, p | {"treeSize": "8"}, name))
    assert "another state of the log" in refusal(larger, PRIVATE.trust_root()).message
    other = with_note(PRIVATE, lambda p: log.note(origin, p | {"rootHash": b64(bytes(32))}, name))
    assert "another state of the log" in refusal(other, PRIVATE.trust_root()).message


def test_a_checkpoint_is_signed_by_the_log_under_its_name() -> None:
    log = PRIVATE.log
    assert isinstance(log, ClassicLog)
    forger = ClassicLog(ec_key("a forger's"))
    origin, name = "rekor.instance.test - 1", "rekor.instance.test"

    def forged(proof: dict[str, Any]) -> str:
        note = forger.note(origin, proof, name)
        return note.replace(b64(forger.log_id[:4])[:5], b64(log.log_id[:4])[:5])

    assert (
        "signatures of the log, expected exactly 1"
        in refusal(
            with_note(PRIVATE, lambda p: forger.note(origin, p, name)), PRIVATE.trust_root()
        ).message
    )
    assert refusal(with_note(PRIVATE, forged), PRIVATE.trust_root()).rejection in (
        Rejection.UNTRUSTED,
        Rejection.UNREADABLE,
    )
    renamed = with_note(PRIVATE, lambda p: log.note("other.test - 1", p, name))
    assert "not of the log at" in refusal(renamed, PRIVATE.trust_root()).message
    tiled = TILED.log
    foreign = with_note(TILED, lambda p: tiled.note("other.test", p, "other.test"))
    assert "not of the log at" in refusal(foreign, TILED.trust_root()).message
    twice = with_note(PRIVATE, lambda p: (n := log.note(origin, p, name)) + n.partition("\n\n")[2])
    assert "2 signatures of the log" in refusal(twice, PRIVATE.trust_root()).message


def test_the_word_of_a_witness_beside_the_logs_own_is_allowed() -> None:
    log = TILED.log
    more = f"\u2014 witness.test {b64(b'abcd' + bytes(64))}\n"
    bundle = with_note(TILED, lambda p: log.note(TILED.log.host, p, TILED.log.host) + more)  # type: ignore[union-attr]
    verify(bundle, TILED.trust_root())


def test_a_checkpoints_signature_has_one_spelling() -> None:
    """Base64 with padding has bits that nobody reads: a changed byte must not go unseen there."""
    log = TILED.log

    def respelled(proof: dict[str, Any]) -> str:
        note = log.note(TILED.log.host, proof, TILED.log.host)  # type: ignore[union-attr]
        last = note.removesuffix("=\n")[-1]
        return f"{note.removesuffix(f'{last}=' + chr(10))}{chr(ord(last) + 1)}=\n"

    bundle = with_note(TILED, respelled)
    assert "checkpoint's signature is not canonical" in refusal(bundle, TILED.trust_root()).message


@pytest.mark.parametrize(
    "note",
    [
        "",
        "x",
        "a\nb\nc\n\n",
        "a\n1\nAAAA\n\n\u2014 a AAAA\n",
        "\n\n",
        "a\n-1\nAA==\n\nx",
        f"a\n{'9' * 5000}\n{b64(bytes(32))}\n\n\u2014 a AAAA\n",
    ],
)
def test_a_checkpoint_that_is_none(note: str) -> None:
    bundle = with_note(PRIVATE, lambda proof: note)
    assert refusal(bundle, PRIVATE.trust_root()).rejection is Rejection.UNREADABLE


def test_two_signatures_in_an_envelope_are_one_too_many() -> None:
    bundle = PRIVATE.attest(STATEMENT)
    bundle["dsseEnvelope"]["signatures"] *= 2
    assert "2 signatures" in refusal(bundle, PRIVATE.trust_root()).message


def test_a_key_beside_a_certificate_is_one_signer_too_many() -> None:
    bundle = PRIVATE.attest(STATEMENT)
    material(bundle)["publicKey"] = {"hint": "x"}
    assert "exactly one of" in refusal(bundle, PRIVATE.trust_root()).message


def test_a_key_is_no_identity() -> None:
    bundle = PRIVATE.attest(STATEMENT)
    del material(bundle)["certificate"]
    material(bundle)["publicKey"] = {"hint": ""}
    error = refusal(bundle, PRIVATE.trust_root())
    assert error.rejection is Rejection.WRONG_IDENTITY
    assert error.got == "a key"


def test_another_payload_type_is_no_statement() -> None:
    bundle = PRIVATE.attest(STATEMENT)
    bundle["dsseEnvelope"]["payloadType"] = "application/json"
    assert "no in-toto statement" in refusal(bundle, PRIVATE.trust_root()).message


def test_a_refused_bundle_says_what_it_claims() -> None:
    bundle = PRIVATE.attest(STATEMENT)
    NO_ENTRY(bundle)
    assert refusal(bundle, PRIVATE.trust_root()).claims == "https://example.test/p"


def test_what_was_signed_with_a_larger_curve_is_genuine_too() -> None:
    key = ec_key("p384 leaf", "P384")
    leaf = GITHUB.issue(key=key)
    bundle = GITHUB.attest(STATEMENT, leaf=leaf)
    signature = key.sign(pae(PAYLOAD_TYPE, STATEMENT), ec.ECDSA(hashes.SHA384()))
    bundle["dsseEnvelope"]["signatures"] = [{"sig": b64(signature)}]
    stamps(bundle)[0]["signedTimestamp"] = b64(GITHUB.tsa.stamp(signature, MOMENT))
    verify(bundle, GITHUB.trust_root())
    # The hash belongs to the curve: the same key over another hash is another signature scheme.
    assert (
        "signature does not match"
        in refusal(GITHUB.attest(STATEMENT, leaf=leaf), GITHUB.trust_root()).message
    )


def test_the_trail_names_each_step() -> None:
    trail = Trail()
    trust = IdentityTrust([WHO], PRIVATE.trust_root())
    trust.verify_parsed(parse_bundle(raw_of(PRIVATE.attest(STATEMENT))), trail)
    numbers = [step.number for step in trail.steps]
    assert numbers == ["4a", "4b", "4c", "4d", "4e", "4f", "4g", "4h", "4i", "5"]


def test_the_same_authority_in_two_lines_may_have_two_kinds_of_bundle() -> None:
    """Each line is an instance of its own; a bundle is genuine when it satisfies one of them in full."""
    stamping = PRIVATE.but(logged=False).root_document()
    root = root_of(PRIVATE.root_document(), stamping)
    bundle = PRIVATE.attest(STATEMENT)
    NO_ENTRY(bundle)
    verify(bundle, root)
    NO_STAMP(bundle)
    assert "no log entry" in refusal(bundle, root).message
