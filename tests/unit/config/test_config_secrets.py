"""Secrets in a configuration are found, named by their place, and never repeated."""

import pytest

from shipseal.config.secrets import is_secret_name, secret_kind, secrets_in


@pytest.mark.parametrize(
    "name",
    [
        "password", "PASSWORD", "db_password", "dbPassword", "registry-token", "NPM_TOKEN", "apiKey", "api_key",
        "API_KEY", "AWS_SECRET_ACCESS_KEY", "secret", "client_secret", "passphrase", "GITHUB_TOKEN", "private_key",
        "credentials", "apikey",
    ],
)  # fmt: skip
def test_names_that_are_usually_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "key", "keys", "client_key", "secrets", "tokens", "TOKENIZERS_PARALLELISM", "PASSWORD_FILE", "token_path", "",
        "keyboard", "SECRET_NAME", "fail_on", "PUBLIC_KEY", "retry_deadline",
    ],
)  # fmt: skip
def test_names_that_are_not(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nabc", "a private key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("ghp_" + "a" * 36, "an access token"),
        ("github_pat_" + "a" * 30, "an access token"),
        ("glpat-" + "a" * 20, "an access token"),
        ("dckr_pat_" + "a" * 20, "an access token"),
        ("AKIA" + "A" * 16, "an access token"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln", "an access token"),
        ("https://user:pw@example.org/x", "a user or password in a URL"),
        ("https://token@example.org/x", "a user or password in a URL"),
        ("postgresql://u:p@db/x", "a user or password in a URL"),
        ("see https://u:p@example.org and more", "a user or password in a URL"),
    ],
)
def test_texts_that_hold_secrets(text: str, kind: str) -> None:
    assert secret_kind(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "ssh://git@github.com/org/app", "https://example.org/a@b", "name@sha256:abc", "org/app", "basic auth",
        "-----BEGIN PUBLIC KEY-----", "ghcr.io/org/app", "me@example.org", "https://example.org/?q=@",
    ],
)  # fmt: skip
def test_texts_that_do_not(text: str) -> None:
    assert secret_kind(text) == ""


def found(value: object) -> dict[tuple[str | int, ...], str]:
    return dict(secrets_in(value))


def test_secrets_are_found_at_any_depth() -> None:
    value = {
        "build": {"args": {"NPM_TOKEN": "x"}},
        "targets": ["https://u:p@h/x"],
        "a": {"password": 5},
    }
    assert found(value) == {
        ("build", "args", "NPM_TOKEN"): "the value of NPM_TOKEN",
        ("targets", 0): "a user or password in a URL",
        ("a", "password"): "the value of password",
    }


def test_where_a_secret_is_may_be_said() -> None:
    value = {"build": {"secrets": {"npm_token": {"env": "NPM_TOKEN"}, "token": {"file": "t"}}}}
    assert found(value) == {}


def test_labels_are_no_secrets_but_a_private_key_there_is() -> None:
    assert found({"build": {"labels": {"org.example.token": "yes"}}}) == {}
    key = "-----BEGIN PRIVATE KEY-----"
    assert found({"build": {"labels": {"a": key}}}) == {("build", "labels", "a"): "a private key"}


def test_a_login_before_a_host_is_a_secret_where_a_reference_stands() -> None:
    login = "user:hunter2@host/app"
    value = {
        "targets": [login, "oci:./a@b", "host:5000/app"],
        "build": {"base": login, "reference": "app:1@sha256:00", "labels": {"mail": login}},
    }
    kind = "a user and password before a host"
    assert found(value) == {("targets", 0): kind, ("build", "base"): kind}


def test_an_empty_value_is_no_secret() -> None:
    assert found({"build": {"env": {"NPM_TOKEN": ""}}}) == {}
