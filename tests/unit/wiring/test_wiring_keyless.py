"""Who signs, from the configuration and the job: decided before anything is asked, and never something weaker."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.sigstack.issuer import Issuer, Job
from shipseal._internal.clock import SystemClock
from shipseal._internal.progress import SilentReporter
from shipseal.attest.key_files import encrypt_key
from shipseal.attest.keys import LocalKey
from shipseal.attest.oidc import IdentityToken, read_token
from shipseal.attest.oidc_sources import (
    ActionsTokens,
    AmbientTokens,
    FileTokens,
    FixedTokens,
    InteractiveTokens,
)
from shipseal.attest.web import Web
from shipseal.config.load import LoadedConfig, load
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.wiring.keyless import KeylessWorld, keyless_signer, situation_of, token_source
from shipseal.wiring.keys import release_keys, signing_mode
from shipseal.wiring.surroundings import Surroundings

KEY = LocalKey.generate()
WHO = {"issuer": "https://token.actions.githubusercontent.com", "repository": "octo-org/app"}
ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://example.org",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret",
}
CLOCK = SystemClock()


def configured(folder: Path, **extra: Any) -> LoadedConfig:
    (folder / "cosign.key").write_bytes(encrypt_key(KEY, "password"))
    (folder / "cosign.pub").write_bytes(KEY.public.pem())
    document = {
        "image": "app",
        "build": {"builder": "prebuilt", "layout": "./image"},
        "targets": ["oci:./a"],
        **extra,
    }
    path = folder / "shipseal.yaml"
    path.write_text(json.dumps(document))
    return load(path, env={}, overrides={})


def world(env: Mapping[str, str], *, terminal: bool = False) -> KeylessWorld:
    return KeylessWorld(env, CLOCK, SilentReporter(), terminal=terminal)


def around(env: Mapping[str, str]) -> Surroundings:
    return Surroundings(env, CLOCK, SilentReporter(), lambda: "password")


@pytest.mark.parametrize(
    ("sign", "verify", "mode"),
    [
        ({}, {}, "key"),
        ({"key": "./cosign.key"}, {}, "key"),
        ({}, {"keys": ["./cosign.pub"]}, "key"),
        ({}, {"identities": [WHO]}, "keyless"),
        ({"key": "./cosign.key"}, {"identities": [WHO]}, "keyless"),
        ({}, {"identities": [WHO], "keys": ["./cosign.pub"]}, "keyless"),
        ({"key": "./cosign.key"}, {"identities": [WHO], "keys": ["./cosign.pub"]}, "key"),
        ({"mode": "keyless"}, {}, "keyless"),
        ({"mode": "key", "key": "./cosign.key"}, {"identities": [WHO]}, "key"),
    ],
)
def test_what_signs_follows_from_the_configuration_alone(
    tmp_path: Path, sign: dict[str, Any], verify: dict[str, Any], mode: str
) -> None:
    assert signing_mode(configured(tmp_path, sign=sign, verify=verify)) == mode


def test_keyless_without_identities_is_refused(tmp_path: Path) -> None:
    loaded = configured(tmp_path, sign={"mode": "keyless"})
    with pytest.raises(ConfigError, match=r"verify\.identities: sign\.mode is keyless"):
        release_keys(loaded, around(ACTIONS))


def test_a_key_that_verify_would_not_accept_is_refused(tmp_path: Path) -> None:
    sign = {"mode": "key", "key": "./cosign.key"}
    loaded = configured(tmp_path, sign=sign, verify={"identities": [WHO]})
    with pytest.raises(ConfigError, match="verify accepts identities alone"):
        release_keys(loaded, around({}))


def test_without_permission_a_key_that_is_there_is_not_used(tmp_path: Path) -> None:
    loaded = configured(tmp_path, sign={"key": "./cosign.key"}, verify={"identities": [WHO]})
    with pytest.raises(AttestError, match="ACTIONS_ID_TOKEN_REQUEST_URL is not set") as caught:
        release_keys(loaded, around({"GITHUB_ACTIONS": "true", "SHIPSEAL_CACHE": str(tmp_path)}))
    assert caught.value.code is Code.OIDC_PERMISSION


@pytest.mark.parametrize(
    ("env", "terminal", "kind"),
    [
        (ACTIONS | {"SIGSTORE_ID_TOKEN": "x"}, False, FixedTokens),
        (ACTIONS, True, ActionsTokens),
        ({"BUILDKITE": "true"}, True, AmbientTokens),
        ({"CIRCLECI": "true"}, False, AmbientTokens),
        ({}, False, AmbientTokens),
        ({"CI": "true"}, True, AmbientTokens),
        ({}, True, InteractiveTokens),
    ],
)
def test_where_the_token_comes_from(
    tmp_path: Path, env: dict[str, str], terminal: bool, kind: type
) -> None:
    config = configured(tmp_path).config
    assert isinstance(token_source(config, Web(CLOCK), world(env, terminal=terminal)), kind)


def test_a_file_that_is_named_comes_before_everything(tmp_path: Path) -> None:
    config = configured(tmp_path, sign={"token_file": "./token"}).config
    source = token_source(config, Web(CLOCK), world(ACTIONS | {"SIGSTORE_ID_TOKEN": "x"}))
    assert isinstance(source, FileTokens)


def test_a_job_of_gitlab_is_shown_the_lines_that_give_it_a_token(tmp_path: Path) -> None:
    with pytest.raises(AttestError, match="SIGSTORE_ID_TOKEN is not set") as caught:
        token_source(configured(tmp_path).config, Web(CLOCK), world({"GITLAB_CI": "true"}))
    assert caught.value.code is Code.OIDC_PERMISSION
    assert "id_tokens:\n      SIGSTORE_ID_TOKEN:\n        aud: sigstore" in caught.value.hint


def _token(job: Job) -> IdentityToken:
    issuer = Issuer()
    issuer.url = WHO["issuer"]
    return read_token(issuer.job_token(job), now=CLOCK.now(), what="test")


@pytest.mark.parametrize(
    ("said", "event", "private"),
    [
        ("public", None, False),
        ("private", None, True),
        ("internal", False, True),
        ("public", True, True),
        ("", True, True),
        ("", False, False),
        ("", None, None),
    ],
)
def test_a_repository_is_private_as_soon_as_anybody_says_so(
    tmp_path: Path, said: str, event: bool | None, private: bool | None
) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({} if event is None else {"repository": {"private": event}}))
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path)}
    sign = configured(tmp_path).config.sign
    assert situation_of(sign, _token(Job(visibility=said)), env).private is private


def test_githubs_instance_wants_the_root_that_its_evidence_is_verified_with(tmp_path: Path) -> None:
    config = configured(tmp_path).config
    issuer = Issuer()
    issuer.url = WHO["issuer"]
    env = {"SIGSTORE_ID_TOKEN": issuer.job_token(Job(visibility="private"))}
    with pytest.raises(ConfigError, match=r"verify\.trusted_root: GitHub's instance"):
        keyless_signer(config, world(env))


def test_a_private_repository_is_signed_for_by_githubs_instance(tmp_path: Path) -> None:
    (tmp_path / "root.jsonl").write_text("{}")
    config = configured(tmp_path, verify={"trusted_root": "./root.jsonl"}).config
    issuer = Issuer()
    issuer.url = WHO["issuer"]
    env = {"SIGSTORE_ID_TOKEN": issuer.job_token(Job(visibility="private"))}
    instance = keyless_signer(config, world(env)).instance
    assert (instance.name, instance.services.log) == ("github", None)
    assert instance.services.authority == "https://fulcio.githubapp.com"


@pytest.mark.parametrize(
    ("sign", "problem"),
    [
        ({"signing_config": "./s.json"}, "sign.signing_config needs verify.trusted_root"),
        ({"instance": "github"}, "sign.instance: github needs verify.trusted_root"),
        (
            {"instance": "public-good", "signing_config": "./s.json"},
            "leaves no use for signing_config",
        ),
    ],
)
def test_an_instance_whose_signatures_cannot_be_verified_is_no_configuration(
    tmp_path: Path, sign: dict[str, str], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        configured(tmp_path, sign=sign)
