"""`shipseal verify bundle`: 0 genuine, 3 not genuine, 64 wrong usage, and nothing else whatever the file holds."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shipseal.attest.bundle import build_key_bundle
from shipseal.attest.dsse import pae
from shipseal.attest.key_signer import KeySigner
from shipseal.attest.keys import LocalKey
from shipseal.cli.main import main
from shipseal.errors import Exit
from shipseal.intoto.statement import PAYLOAD_TYPE, Subject, encode_statement
from shipseal.oci import digest_of
from tests.support.evidence import key
from tests.support.instance import ISSUER, FakeInstance, raw_of
from tests.support.logs import b64
from tests.support.schemas import check_shape

CONTENT = b"the artifact\n"
TYPE = "https://example.test/p"
STATEMENT = encode_statement([Subject("artifact", digest_of(CONTENT))], TYPE, {})
INSTANCE = FakeInstance("sigstore.dev")
KEYLESS = ["--trusted-root", "root.json", "--repo", "org/app"]
BY_KEY = ["--key", "release.pub"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "artifact").write_bytes(CONTENT)
    (tmp_path / "release.pub").write_bytes(key().public.pem())
    (tmp_path / "other.pub").write_bytes(key(1).public.pem())
    (tmp_path / "root.json").write_text(json.dumps(INSTANCE.root_document()))
    (tmp_path / "key.json").write_bytes(KeySigner(key()).sign(STATEMENT).raw)
    (tmp_path / "keyless.json").write_bytes(raw_of(INSTANCE.attest(STATEMENT)))
    (tmp_path / "file.json").write_bytes(raw_of(INSTANCE.sign_file(CONTENT)))
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(
        *words: str, about: tuple[str, ...] = ("--artifact", "artifact")
    ) -> tuple[int, str, str]:
        status = main(["verify", "bundle", *words, *about])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


def value_of(out: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(out)
    check_shape(value, "bundle-verification")
    return value


@pytest.mark.parametrize(
    ("name", "words", "signer"),
    [
        ("key.json", BY_KEY, "key sha256:"),
        ("key.json", ["--key", "other.pub", *BY_KEY], "key sha256:"),
        ("keyless.json", KEYLESS, "https://github.com/org/app/.github/workflows/release.yml@"),
        ("keyless.json", [*KEYLESS, *BY_KEY], "https://github.com/org/app"),
        ("file.json", KEYLESS, "https://github.com/org/app"),
    ],
)
def test_what_is_genuine(run: Run, name: str, words: list[str], signer: str) -> None:
    status, out, err = run(name, *words)
    assert status == Exit.OK, out + err
    assert f"signed by {signer}" in out
    assert out.endswith("genuine\n")
    digest = ("--digest", digest_of(CONTENT))
    assert run(name, *words, about=digest)[0] == Exit.OK
    status, out, _ = run(name, *words, "--json", "--explain")
    value = value_of(out)
    assert (status, value["verdict"]) == (Exit.OK, "genuine")
    assert value["bundles"][0]["checks"]
    assert (value["trustRoot"] is None) == (words == BY_KEY or "other.pub" in words)


def test_a_sha512_digest_is_a_name_too(home: Path, run: Run) -> None:
    digest = f"sha512:{hashlib.sha512(CONTENT).hexdigest()}"
    statement = json.loads(STATEMENT)
    statement["subject"][0]["digest"] = {"sha512": digest.partition(":")[2]}
    raw = json.dumps(statement).encode()
    (home / "key.json").write_bytes(KeySigner(key()).sign(raw).raw)
    assert run("key.json", *BY_KEY)[0] == Exit.OK
    assert run("key.json", *BY_KEY, about=("--digest", digest))[0] == Exit.OK
    # What names the content by one algorithm proves nothing about a digest by another.
    status, out, _ = run("key.json", *BY_KEY, about=("--digest", digest_of(CONTENT)))
    assert status == Exit.EVIDENCE
    assert "wrong-subject" in out
    signed = run("file.json", *KEYLESS, about=("--digest", digest))
    assert signed[0] == Exit.EVIDENCE
    assert "a sha256 digest, or the file itself" in signed[1]


def test_a_subject_with_two_contents_is_about_neither(home: Path, run: Run) -> None:
    statement = json.loads(STATEMENT)
    statement["subject"][0]["digest"]["sha512"] = "0" * 128
    (home / "key.json").write_bytes(KeySigner(key()).sign(json.dumps(statement).encode()).raw)
    status, out, _ = run("key.json", *BY_KEY)
    assert status == Exit.EVIDENCE
    assert "one of which is of another content" in out


def test_a_digest_in_the_materials_is_no_subject(home: Path, run: Run) -> None:
    dependency = {"uri": "x", "digest": {"sha256": digest_of(CONTENT).partition(":")[2]}}
    predicate = {"buildDefinition": {"resolvedDependencies": [dependency]}}
    raw = encode_statement([Subject("other", digest_of(b"other"))], TYPE, predicate)
    (home / "key.json").write_bytes(KeySigner(key()).sign(raw).raw)
    status, out, _ = run("key.json", *BY_KEY)
    assert status == Exit.EVIDENCE
    assert "wrong-subject (attest.wrong-subject)" in out


def edited(change: Callable[[dict[str, Any]], object]) -> bytes:
    bundle = INSTANCE.attest(STATEMENT)
    change(bundle)
    return raw_of(bundle)


def material(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bundle["verificationMaterial"]
    return found


OTHER = INSTANCE.attest(encode_statement([Subject("x", digest_of(b"x"))], TYPE, {}))
GOOD_TEXT = raw_of(INSTANCE.attest(STATEMENT))
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "unreadable"),
    "a line end": (b"\n", "unreadable"),
    "truncated": (GOOD_TEXT[:-100], "unreadable"),
    "no JSON": (b"\x89PNG\r\n\x1a\n" + bytes(100), "unreadable"),
    "not UTF-8": (GOOD_TEXT.replace(b"rekor", b"\xff\xfe\xfd", 1), "unreadable"),
    "deep": (b"[" * 200_000, "unreadable"),
    "deep within": (
        GOOD_TEXT.replace(b'"mediaType":', b'"x":' + b'{"a":' * 100_000, 1),
        "unreadable",
    ),
    "an array": (b"[" + GOOD_TEXT + b"]", "unreadable"),
    "a number": (b"7", "unreadable"),
    "an endless number": (b'{"mediaType":' + b"7" * 100_000 + b"}", "unreadable"),
    "a media type of nothing": (GOOD_TEXT.replace(b"bundle.v0.3", b"bundle.v0.9"), "unreadable"),
    "a member twice": (
        GOOD_TEXT.replace(b'{"mediaType"', b'{"dsseEnvelope":{},"mediaType"', 1),
        "unreadable",
    ),
    "a payload twice": (
        GOOD_TEXT.replace(b'{"payload":', b'{"payload":"e30=","payload":', 1),
        "unreadable",
    ),
    "base64 without padding": (
        edited(lambda b: b["dsseEnvelope"].update(payload="e30")),
        "unreadable",
    ),
    "base64 for URLs": (
        edited(lambda b: b["dsseEnvelope"].update(payload="e30-_w==")),
        "unreadable",
    ),
    "base64 with line ends": (
        edited(lambda b: b["dsseEnvelope"].update(payload=b["dsseEnvelope"]["payload"] + "\n")),
        "unreadable",
    ),
    "base64 with stray bits": (
        edited(lambda b: b["dsseEnvelope"].update(payload="e31=")),
        "unreadable",
    ),
    "two contents": (
        edited(lambda b: b.update(INSTANCE.sign_file(CONTENT) | b)),
        "unreadable",
    ),
    "a payload of another bundle": (
        edited(lambda b: b["dsseEnvelope"].update(payload=OTHER["dsseEnvelope"]["payload"])),
        "untrusted",
    ),
    "a log entry of another bundle": (
        edited(lambda b: material(b).update(tlogEntries=material(OTHER)["tlogEntries"])),
        "untrusted",
    ),
    "no log entry": (edited(lambda b: material(b).pop("tlogEntries")), "untrusted"),
    "an ended certificate without a time": (
        edited(
            lambda b: (
                material(b).pop("timestampVerificationData"),
                material(b)["tlogEntries"][0].pop("inclusionPromise"),
                material(b)["tlogEntries"][0].pop("integratedTime"),
            )
        ),
        "untrusted",
    ),
    "another content": (raw_of(OTHER), "wrong-subject"),
    "signed with a key": (KeySigner(key()).sign(STATEMENT).raw, "wrong-identity"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_bundle_is_3_and_says_in_which_way(home: Path, run: Run, name: str) -> None:
    raw, expected = BAD[name]
    (home / "bad.json").write_bytes(raw)
    status, out, err = run("bad.json", *KEYLESS, "--json")
    assert status == Exit.EVIDENCE, out + err
    value = value_of(out)
    assert value["verdict"] == "not-genuine"
    assert [one["status"] for one in value["bundles"]] == [expected], value
    assert value["bundles"][0]["code"].startswith("attest.")
    status, out, err = run("bad.json", *KEYLESS)
    assert status == Exit.EVIDENCE
    assert "NOT genuine" in out
    assert "Traceback" not in out + err


@pytest.mark.parametrize("order", [("key.json", "bad"), ("bad", "key.json")])
def test_of_two_bundles_each_is_judged_and_one_bad_one_is_no(
    home: Path, run: Run, order: tuple[str, str]
) -> None:
    signature = key(1).sign(pae(PAYLOAD_TYPE, STATEMENT))
    (home / "bad").write_bytes(
        build_key_bundle(PAYLOAD_TYPE, STATEMENT, signature, hint=key().public.hint)
    )
    lines = b"\n".join((home / name).read_bytes() for name in order)
    (home / "two.jsonl").write_bytes(lines + b"\n")
    status, out, _ = run("two.jsonl", *BY_KEY, "--json")
    assert status == Exit.EVIDENCE
    found = [one["status"] for one in value_of(out)["bundles"]]
    assert found == ["untrusted" if name == "bad" else "genuine" for name in order]
    assert "NOT genuine: 1 of 2 bundles" in run("two.jsonl", *BY_KEY)[1]
    (home / "two.jsonl").write_bytes((home / "key.json").read_bytes() + b"\n{}\n")
    assert run("two.jsonl", *BY_KEY)[0] == Exit.EVIDENCE
    good = (home / "key.json").read_bytes()
    (home / "two.jsonl").write_bytes(good + b"\n\n" + good)
    assert "genuine: all 2 bundles" in run("two.jsonl", *BY_KEY)[1]


def test_a_file_of_a_million_lines_is_refused_at_once(home: Path, run: Run) -> None:
    (home / "many.jsonl").write_bytes(b"{}\n" * 1_000_000)
    started = time.monotonic()
    status, out, err = run("many.jsonl", "--key", "release.pub")
    assert (status, "more than 10000 lines" in out + err) == (3, True)
    assert time.monotonic() - started < 30


def test_a_bundle_of_100_megabytes_is_refused_in_seconds(home: Path, run: Run) -> None:
    (home / "large.json").write_bytes(b'{"mediaType": "' + b"a" * 100_000_000 + b'"}')
    assert run("large.json", *BY_KEY)[0] == Exit.EVIDENCE
    member = b'"mediaType":"",'
    (home / "large.json").write_bytes(b"{" + member * 7_000_000 + GOOD_TEXT[1:])
    status, out, _ = run("large.json", *BY_KEY)
    assert status == Exit.EVIDENCE
    assert "besides its payload" in out
    with (home / "large.json").open("wb") as stream:
        stream.truncate(200_000_000)
    status, _, err = run("large.json", *BY_KEY)
    assert status == Exit.EVIDENCE
    assert "attest.invalid" in err


@pytest.mark.parametrize(
    ("words", "about", "match"),
    [
        ([], ("--artifact", "artifact"), "nobody is trusted"),
        (BY_KEY, (), "exactly one of --artifact and --digest"),
        (BY_KEY, ("--artifact", "artifact", "--digest", "x"), "exactly one of"),
        (BY_KEY, ("--digest", "sha1:0"), "not a digest"),
        (BY_KEY, ("--digest", f"sha256:{'A' * 64}"), "not a digest"),
        (BY_KEY, ("--artifact", "nowhere"), "cannot be read"),
        (["--key", "nowhere"], ("--artifact", "artifact"), "cannot be read"),
        (["--key", "artifact"], ("--artifact", "artifact"), "public key"),
        (["--trusted-root", "root.json"], ("--artifact", "artifact"), "nobody is trusted"),
        (
            ["--trusted-root", "artifact", "--repo", "a/b"],
            ("--artifact", "artifact"),
            "no trusted root",
        ),
        (["--repo", "a/b", "--owner", "a"], ("--artifact", "artifact"), "exclude each other"),
        (["--owner", "a"], ("--artifact", "artifact"), "any workflow of any repository"),
        (["--cert-identity", "a@b"], ("--artifact", "artifact"), "names no issuer"),
        (["--cert-oidc-issuer", "a"], ("--artifact", "artifact"), "matches everybody"),
        (
            ["--cert-oidc-issuer", "a", "-i", ".*"],
            ("--artifact", "artifact"),
            "matches everybody",
        ),
        (
            ["--cert-oidc-issuer", "a", "-i", "("],
            ("--artifact", "artifact"),
            "no regular expression",
        ),
        (["--policy", "artifact"], ("--artifact", "artifact"), "artifact"),
    ],
)
def test_wrong_usage_is_64(run: Run, words: list[str], about: tuple[str, ...], match: str) -> None:
    status, out, err = run("key.json", *words, about=about)
    assert status == Exit.USAGE, out + err
    assert match in err
    assert "genuine" not in out


def test_a_policy_says_who_is_trusted(home: Path, run: Run) -> None:
    rule = {"issuer": ISSUER, "repository": "org/app", "workflow": ".github/workflows/release.yml"}
    policy = {"keys": ["release.pub"], "identities": [rule], "trusted_root": "root.json"}
    (home / "policy.yaml").write_text(json.dumps(policy))
    for name in ("key.json", "keyless.json", "file.json"):
        assert run(name, "--policy", "policy.yaml")[0] == Exit.OK, name
    # Who is named on the command line is trusted instead, and nobody besides.
    assert run("key.json", "--policy", "policy.yaml", "--key", "other.pub")[0] == Exit.EVIDENCE
    policy["identities"] = [rule | {"ref": "refs/heads/*"}]
    (home / "policy.yaml").write_text(json.dumps(policy))
    status, out, _ = run("keyless.json", "--policy", "policy.yaml")
    assert status == Exit.EVIDENCE
    assert "refs/heads/*" in out


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("identities: [", "policy.yaml"),
        ("\t", "policy.yaml"),
        ("7", "policy.yaml"),
        ("identities: [{issuer: https://x.test}]", "names nobody"),
        ("identities: [{repository: org/app}]", "names no issuer"),
        ("identities: [{issuer: https://x.test, repository: '**'}]", "matches everybody"),
        ("identities: [{issuer: https://x.test, repository: org/*}]", "any workflow"),
        ("identities: [{issuer: '**', repository: org/app}]", "names no issuer"),
        ("identities: [{issuer: https://x.test, repo: org/app}]", "repo"),
        ("identities: [{issuer: https://x.test, repository_id: 7x}]", "repository_id"),
        ("identities: [{issuer: https://x.test, signer: release.yml}]", "OWNER/REPO"),
        ("{}", "nobody is trusted"),
        ("", "is empty"),
    ],
)
def test_a_policy_that_is_none_is_64(home: Path, run: Run, text: str, match: str) -> None:
    (home / "policy.yaml").write_text(text)
    status, out, err = run("keyless.json", "--policy", "policy.yaml")
    assert status == Exit.USAGE, out + err
    assert match in err


def test_an_ed25519_key_needs_the_file(home: Path, run: Run) -> None:
    signer = LocalKey.of(ed25519.Ed25519PrivateKey.generate(), what="test")
    (home / "ed.pub").write_bytes(signer.public.pem())
    bundle = INSTANCE.sign_file(CONTENT)
    bundle["verificationMaterial"] = {"publicKey": {"hint": signer.public.hint}}
    bundle["messageSignature"]["signature"] = b64(signer.sign(CONTENT))
    (home / "ed.json").write_bytes(raw_of(bundle))
    assert run("ed.json", "--key", "ed.pub")[0] == Exit.OK
    status, _, err = run("ed.json", "--key", "ed.pub", about=("--digest", digest_of(CONTENT)))
    assert status == Exit.USAGE
    assert "name the file with --artifact" in err


def test_a_file_that_a_key_signed(home: Path, run: Run) -> None:
    bundle = INSTANCE.sign_file(CONTENT)
    bundle["verificationMaterial"] = {"publicKey": {"hint": key().public.hint}}
    bundle["messageSignature"]["signature"] = b64(key().sign(CONTENT))
    (home / "signed.json").write_bytes(raw_of(bundle))
    assert run("signed.json", *BY_KEY)[0] == Exit.OK
    assert run("signed.json", *BY_KEY, about=("--digest", digest_of(CONTENT)))[0] == Exit.OK
    assert run("signed.json", "--key", "other.pub")[0] == Exit.EVIDENCE
    (home / "artifact").write_bytes(b"other")
    status, out, _ = run("signed.json", *BY_KEY)
    assert status == Exit.EVIDENCE
    assert "wrong-subject" in out


def test_the_log_entry_of_another_bundle_beside_a_keys_signature(home: Path, run: Run) -> None:
    value = json.loads((home / "key.json").read_text())
    value["verificationMaterial"]["tlogEntries"] = material(OTHER)["tlogEntries"]
    (home / "key.json").write_text(json.dumps(value))
    status, out, _ = run("key.json", *BY_KEY)
    assert status == Exit.EVIDENCE
    assert "log entry is about another" in out


def test_bundle_is_a_word_of_verify(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--key", "release.pub", "bundle", "key.json"]) == Exit.USAGE
    assert "stands right after verify" in capsys.readouterr().err


def test_offline_fetches_nothing_and_says_which_root_it_used(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(*_: object) -> None:
        raise AssertionError("it was fetched")

    monkeypatch.setattr("shipseal.wiring.trust.refresh", fetched)
    status, out, _ = run("keyless.json", "--repo", "org/app", "--offline")
    assert status == Exit.EVIDENCE
    assert "trusted root: embedded sha256:" in out


@given(st.binary(max_size=300))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_are_genuine_and_none_are_a_defect(home: Path, run: Run, raw: bytes) -> None:
    (home / "any.json").write_bytes(raw)
    assert run("any.json", *BY_KEY)[0] == Exit.EVIDENCE
