"""Bundles that others signed at the public instances, held against the trusted root that sigstore-python carries."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.shared import shared

pytestmark = pytest.mark.shared

ISSUER = "https://token.actions.githubusercontent.com"
NPM = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main"
NPM_DIGEST = (
    "sha512:90f223f992e4c88dd068cd2a5fc57f9d2b30798343dd6e38f29c240e04ba090e"
    "f831f84490847c4e82b9232c78e8a258463b1e55c0f7469f730265008fa6633f"
)
NPM_FIRST = (
    "sha512:46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1"
    "e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c"
)
WHEEL = "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml@refs/tags/v0.1.2"
WHEEL_DIGEST = "sha256:c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201"
CASES = {
    "npm-sigstore-js-2.1.0.json": (NPM, NPM_DIGEST, 1),
    "npm-sigstore-js-2.1.0-two.jsonl": (NPM, NPM_DIGEST, 2),
    "npm-sigstore-js-2.0.0-provenance.json": (NPM, NPM_FIRST, 1),
    "rfc8785-0.1.2-whl.json": (WHEEL, WHEEL_DIGEST, 1),
}


def verdict(
    path: Path, digest: str, *words: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, Any]:
    status = main(
        ["verify", "bundle", str(path), "--digest", digest, "--offline", "--json", *words]
    )
    return status, json.loads(capsys.readouterr().out)


def who(subject: str, issuer: str = ISSUER) -> list[str]:
    return ["--certificate-identity", subject, "--certificate-oidc-issuer", issuer]


@pytest.mark.parametrize("name", CASES)
def test_a_public_bundle_is_genuine(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    subject, digest, count = CASES[name]
    path = shared(f"bundles/{name}")
    status, value = verdict(path, digest, *who(subject), capsys=capsys)
    assert status == Exit.OK, value
    assert [one["status"] for one in value["bundles"]] == ["genuine"] * count
    assert value["trustRoot"]["origin"] == "embedded"
    assert value["trustRoot"]["ageDays"] > 0


@pytest.mark.parametrize("name", CASES)
def test_it_is_nobody_elses_and_about_nothing_else(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    subject, digest, _ = CASES[name]
    path = shared(f"bundles/{name}")
    wrong_issuer = who(subject, "https://accounts.google.com")
    status, value = verdict(path, digest, *wrong_issuer, capsys=capsys)
    assert (status, value["bundles"][0]["status"]) == (Exit.EVIDENCE, "wrong-identity")
    assert [one["field"] for one in value["bundles"][0]["mismatches"]] == ["issuer"]
    status, value = verdict(path, digest, *who(f"{subject}x"), capsys=capsys)
    assert (status, value["bundles"][0]["status"]) == (Exit.EVIDENCE, "wrong-identity")
    other = f"sha256:{'0' * 64}"
    status, value = verdict(path, other, *who(subject), capsys=capsys)
    assert (status, value["bundles"][0]["status"]) == (Exit.EVIDENCE, "wrong-subject")


def test_by_repository_as_with_gh(capsys: pytest.CaptureFixture[str]) -> None:
    path = shared("bundles/npm-sigstore-js-2.1.0.json")
    for repository in ("sigstore/sigstore-js", "Sigstore/Sigstore-JS"):
        assert verdict(path, NPM_DIGEST, "-R", repository, capsys=capsys)[0] == Exit.OK
    for words in (
        ["-R", "sigstore/sigstore"],
        ["-R", "sigstore/sigstore-js", "--source-ref", "refs/tags/v1"],
        ["-R", "sigstore/sigstore-js", "--certificate-github-workflow-trigger", "pull_request"],
        [
            "-R",
            "sigstore/sigstore-js",
            "--signer-workflow",
            "sigstore/sigstore-js/.github/workflows/rel",
        ],
    ):
        assert verdict(path, NPM_DIGEST, *words, capsys=capsys)[0] == Exit.EVIDENCE, words


def test_the_bundle_of_a_private_repository_needs_githubs_own_root(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = shared("bundles/github-demo-whl.jsonl")
    digest = "sha256:ae57936def59bc4c75edd3a837d89bcefc6d3a5e31d55a6fa7a71624f92c3c3b"
    status, value = verdict(path, digest, "-R", "actions/attest-demo", capsys=capsys)
    assert (status, value["bundles"][0]["status"]) == (Exit.EVIDENCE, "untrusted")
    assert "GitHub" in value["bundles"][0]["got"]


@pytest.mark.parametrize("name", CASES)
def test_nothing_can_be_taken_out_of_it(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject, digest, _ = CASES[name]
    lines = shared(f"bundles/{name}").read_bytes()
    parts = ["inclusionPromise", "integratedTime"]
    if "2.0.0" not in name:
        # A bundle v0.1 rests on the promise: its proof may be absent, as the specification has it.
        parts.append("inclusionProof")
    for part in parts:
        document = json.loads(lines if name.endswith(".json") else lines.splitlines()[0])
        del document["verificationMaterial"]["tlogEntries"][0][part]
        path = tmp_path / "bundle.json"
        path.write_text(json.dumps(document))
        status, value = verdict(path, digest, *who(subject), capsys=capsys)
        assert (status, value["bundles"][0]["status"]) == (Exit.EVIDENCE, "untrusted"), part
