"""`shipseal admission`: what is written, what is said to be missing, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from shipseal.cli.main import main
from shipseal.errors import Exit
from tests.support.evidence import key
from tests.support.schemas import check_shape

IMAGES = ("--image", "ghcr.io/org/app*")
WHO = {
    "issuer": "https://token.actions.githubusercontent.com",
    "repository": "org/app",
    "ref": "refs/tags/v*",
    "runner": "github-hosted",
}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "key.pub").write_bytes(key().public.pem())
    return tmp_path / "policy.yaml"


def documents(text: str) -> list[Any]:
    return list(YAML(typ="safe").load_all(text))


@pytest.mark.parametrize("controller", ["kyverno", "policy-controller"])
def test_what_is_left_out_is_said_twice(
    policy: Path, controller: str, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.write_text(json.dumps({"identities": [WHO], "scan_max_age": "7d"}))
    assert main(["admission", controller, "--policy", str(policy), *IMAGES]) == Exit.OK
    shown = capsys.readouterr()
    for words in ("verify.identities[0].runner", "verify.scan_max_age", "names the other evidence"):
        assert f"not expressed: {words}" in shown.err or words in shown.err
        assert words in " ".join(shown.out.replace("#", "").split())
    assert len(documents(shown.out)) == 1


@pytest.mark.parametrize("controller", ["kyverno", "policy-controller"])
def test_json_has_its_schema(
    policy: Path, controller: str, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.write_text(json.dumps({"identities": [WHO], "require": ["provenance", "seal"]}))
    assert main(["admission", controller, "--policy", str(policy), *IMAGES, "--json"]) == Exit.OK
    shown = json.loads(capsys.readouterr().out)
    check_shape(shown, "admission")
    assert "PASSED" in json.dumps(shown["documents"])
    assert "spdx.dev" not in json.dumps(shown["documents"])


def test_kyverno_takes_keys_and_says_what_that_means(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.write_text(json.dumps({"keys": ["key.pub"]}))
    assert main(["admission", "kyverno", "--policy", str(policy), *IMAGES]) == Exit.OK
    attestor = documents(capsys.readouterr().out)[0]["spec"]["attestors"][0]
    assert attestor["cosign"]["key"]["data"] == key().public.pem().decode()


def test_policy_controller_refuses_a_policy_with_keys_alone(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.write_text(json.dumps({"keys": ["key.pub"]}))
    assert main(["admission", "policy-controller", "--policy", str(policy), *IMAGES]) == Exit.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "keys alone" in shown.err


def test_an_identity_that_cannot_be_told_is_left_out_and_never_widened(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbered = {"issuer": WHO["issuer"], "repository_id": "17"}
    policy.write_text(json.dumps({"identities": [numbered]}))
    assert main(["admission", "kyverno", "--policy", str(policy), *IMAGES]) == Exit.USAGE
    assert "policy.empty" in capsys.readouterr().err
    policy.write_text(json.dumps({"identities": [numbered, WHO]}))
    assert main(["admission", "kyverno", "--policy", str(policy), *IMAGES]) == Exit.OK
    shown = capsys.readouterr()
    keyless = documents(shown.out)[0]["spec"]["attestors"][0]["cosign"]["keyless"]
    assert len(keyless["identities"]) == 1
    assert "verify.identities[0]: all of it" in shown.err


@pytest.mark.parametrize("words", [[], ["--config", "a.yaml", "--policy", "b.yaml"]])
def test_one_policy_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["admission", "kyverno", *words, *IMAGES]) == Exit.USAGE
    assert "one of --config and --policy" in capsys.readouterr().err


def test_without_images_there_is_no_policy(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.write_text(json.dumps({"keys": ["key.pub"]}))
    assert main(["admission", "kyverno", "--policy", str(policy)]) == Exit.USAGE
    assert "--image" in capsys.readouterr().err
