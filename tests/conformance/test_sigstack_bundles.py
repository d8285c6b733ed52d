"""Bundles that real tools sign at a real instance: cosign and sigstore-python, and what the verdict is over each."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.sigstack.issuer import Job
from scripts.sigstack.stack import SigstoreStack
from shipseal._internal.clock import SystemClock
from shipseal.attest.keyless_signer import KeylessSigner
from shipseal.attest.oidc_sources import FixedTokens
from shipseal.attest.sigstore_instance import instance_from_files
from shipseal.attest.trust_root import parse_trust_root
from shipseal.attest.web import Patience, Web
from shipseal.cli.identity_equivalent import identified
from shipseal.cli.main import main
from shipseal.cli.root_words import root_words
from shipseal.errors import Exit
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import digest_of
from shipseal.wiring.identity_named import identity_of
from shipseal.wiring.identity_words import IdentityWords
from tests.support.tools import need

pytestmark = pytest.mark.tools

CONTENT = b"the artifact\n"
TYPE = "https://slsa.dev/provenance/v1"


def signed(stack: SigstoreStack, folder: Path, *words: str, token: str = "") -> Path:
    """Let cosign sign at an instance, by default as a job of GitHub Actions, and return the bundle."""
    (folder / "artifact").write_bytes(CONTENT)
    (folder / "predicate.json").write_text('{"buildDefinition": {}, "runDetails": {}}')
    (folder / "token").write_text(token or stack.issuer.job_token())
    bundle = folder / "bundle.json"
    command = [
        str(need("cosign")),
        *words,
        "--signing-config",
        str(stack.files.signing_config),
        "--trusted-root",
        str(stack.files.trusted_root),
        "--identity-token",
        str(folder / "token"),
        "--bundle",
        str(bundle),
        "--yes",
        str(folder / "artifact"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return bundle


def attested(stack: SigstoreStack, folder: Path, *, token: str = "") -> Path:
    predicate = str(folder / "predicate.json")
    words = ("attest-blob", "--predicate", predicate, "--type", TYPE)
    return signed(stack, folder, *words, token=token)


def attested_by_shipseal(stack: SigstoreStack, folder: Path) -> Path:
    """Sign as shipseal does: cosign has no words for an instance without a log."""
    (folder / "artifact").write_bytes(CONTENT)
    statement = encode_statement([Subject("artifact", digest_of(CONTENT))], TYPE, {})
    bundle = folder / "bundle.json"
    clock = SystemClock()
    web = Web(clock, Patience(answer=5.0, deadline=10.0))
    tokens = FixedTokens(stack.issuer.job_token(), "test", clock)
    instance = instance_from_files(stack.files.client_config, None, now=clock.now())
    bundle.write_bytes(KeylessSigner(instance, tokens, web, clock).sign(statement).raw)
    return bundle


def verdict(bundle: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    about = ["--artifact", str(bundle.with_name("artifact"))]
    status = main(["verify", "bundle", str(bundle), *about, "--json", "--explain", *words])
    return status, json.loads(capsys.readouterr().out)


def trust(stack: SigstoreStack) -> list[str]:
    return [
        "--trusted-root",
        str(stack.files.trusted_root),
        "--cert-oidc-issuer",
        stack.issuer.url,
        "--repo",
        stack.issuer.job.repository,
    ]


def test_what_cosign_attests_is_genuine(
    sigstack: SigstoreStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, value = verdict(attested(sigstack, tmp_path), *trust(sigstack), capsys=capsys)
    assert status == Exit.OK, json.dumps(value, indent=1)
    assert value["bundles"][0]["predicateType"] == TYPE
    steps = {one["step"]: one["got"] for one in value["bundles"][0]["checks"]}
    assert steps["4j"] == "sigstore-python accepts it too"
    assert value["trustRoot"]["digest"] == digest_of(sigstack.files.trusted_root.read_bytes())


def test_what_cosign_signs_is_genuine(
    public_sigstack: SigstoreStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = signed(public_sigstack, tmp_path, "sign-blob")
    status, value = verdict(bundle, *trust(public_sigstack), capsys=capsys)
    assert status == Exit.OK, json.dumps(value, indent=1)
    (tmp_path / "artifact").write_bytes(b"another artifact\n")
    status, value = verdict(bundle, *trust(public_sigstack), capsys=capsys)
    assert (status, value["bundles"][0]["status"]) == (Exit.EVIDENCE, "wrong-subject")


def test_a_timestamp_alone_is_enough_at_githubs_instance_and_nowhere_else(
    github_sigstack: SigstoreStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = attested_by_shipseal(github_sigstack, tmp_path)
    status, value = verdict(bundle, *trust(github_sigstack), capsys=capsys)
    assert status == Exit.OK, json.dumps(value, indent=1)
    document = json.loads(bundle.read_text())
    assert "tlogEntries" not in document["verificationMaterial"]
    del document["verificationMaterial"]["timestampVerificationData"]
    bundle.write_text(json.dumps(document))
    status, value = verdict(bundle, *trust(github_sigstack), capsys=capsys)
    assert status == Exit.EVIDENCE
    assert "no signed timestamp" in value["bundles"][0]["reason"]


@pytest.mark.parametrize("part", ["tlogEntries", "timestampVerificationData"])
def test_what_is_taken_out_of_a_real_bundle_is_missed(
    sigstack: SigstoreStack, tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    bundle = attested(sigstack, tmp_path)
    document = json.loads(bundle.read_text())
    del document["verificationMaterial"][part]
    bundle.write_text(json.dumps(document))
    status, value = verdict(bundle, *trust(sigstack), capsys=capsys)
    assert (status, value["bundles"][0]["status"]) == (Exit.EVIDENCE, "untrusted")
    assert "which its instance requires" in value["bundles"][0]["reason"]


def test_a_bundle_of_another_instance_is_untrusted(
    sigstack: SigstoreStack,
    public_sigstack: SigstoreStack,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, value = verdict(attested(sigstack, tmp_path), *trust(public_sigstack), capsys=capsys)
    assert (status, value["bundles"][0]["status"]) == (Exit.EVIDENCE, "untrusted")
    assert "whom the trusted root does not list" in value["bundles"][0]["reason"]


def test_a_reusable_workflow_must_be_named(
    sigstack: SigstoreStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signer = "octo-org/ci/.github/workflows/publish.yml@refs/heads/main"
    sigstack.issuer.job = Job(signer=signer)
    bundle = attested(sigstack, tmp_path)
    status, value = verdict(bundle, *trust(sigstack), capsys=capsys)
    assert status == Exit.EVIDENCE
    assert [one["field"] for one in value["bundles"][0]["mismatches"]] == ["signer"]
    for named in (signer, signer.partition("@")[0], f"https://github.com/{signer}"):
        words = [*trust(sigstack), "--signer-workflow", named]
        assert verdict(bundle, *words, capsys=capsys)[0] == Exit.OK, named
    other = [*trust(sigstack), "--signer-workflow", signer.replace("publish", "pub")]
    assert verdict(bundle, *other, capsys=capsys)[0] == Exit.EVIDENCE


def test_an_address_is_an_identity_too(
    sigstack: SigstoreStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = attested(sigstack, tmp_path, token=sigstack.mail.mail_token("release@example.org"))
    root = ["--trusted-root", str(sigstack.files.trusted_root)]
    who = ["--certificate-identity", "release@example.org"]
    issuer = ["--certificate-oidc-issuer", sigstack.mail.url]
    assert verdict(bundle, *root, *who, *issuer, capsys=capsys)[0] == Exit.OK
    wrong = ["--certificate-oidc-issuer", sigstack.issuer.url]
    status, value = verdict(bundle, *root, *who, *wrong, capsys=capsys)
    assert (status, value["bundles"][0]["code"]) == (Exit.EVIDENCE, "attest.identity-mismatch")
    assert value["bundles"][0]["mismatches"] == [
        {"field": "issuer", "expected": sigstack.issuer.url, "got": sigstack.mail.url}
    ]


def test_cosign_is_asked_the_same_in_its_own_words(sigstack: SigstoreStack, tmp_path: Path) -> None:
    bundle = attested(sigstack, tmp_path)
    words = IdentityWords(
        repo=sigstack.issuer.job.repository,
        certificate_oidc_issuer=sigstack.issuer.url,
        source_ref=sigstack.issuer.job.ref,
        workflow_trigger="push",
    )

    def cosign_says(asked: IdentityWords) -> int:
        root = parse_trust_root(sigstack.files.trusted_root.read_bytes(), what="root")
        told = identified(identity_of(asked), root_words(sigstack.files.trusted_root, root))[0]
        artifact = str(bundle.with_name("artifact"))
        command = [str(need("cosign")), "verify-blob-attestation", *told.cosign]
        command += ["--bundle", str(bundle), "--type", TYPE, artifact]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode

    assert cosign_says(words) == 0
    for name in ("repo", "source_ref", "workflow_trigger"):
        assert cosign_says(replace(words, **{name: "org/other"})) != 0, name  # type: ignore[arg-type]
