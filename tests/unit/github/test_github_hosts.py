"""Where GitHub's API is, and which token goes there."""

import pytest

from shipseal._internal.redact import redact
from shipseal.errors import Code, ConfigError
from shipseal.github.hosts import GitHubHost, Repository, github_host, parse_repository

TOKENS = {
    "GH_TOKEN": "of-cloud-1",
    "GITHUB_TOKEN": "of-cloud-2",
    "GH_ENTERPRISE_TOKEN": "of-server-1",
    "GITHUB_ENTERPRISE_TOKEN": "of-server-2",
}


@pytest.mark.parametrize(
    ("env", "hostname", "api", "token"),
    [
        ({}, "", "https://api.github.com", "of-cloud-1"),
        ({"GH_HOST": "git.example.org"}, "", "https://git.example.org/api/v3", "of-server-1"),
        ({"GH_HOST": "git.example.org"}, "github.com", "https://api.github.com", "of-cloud-1"),
        ({}, "acme.ghe.com", "https://api.acme.ghe.com", "of-cloud-1"),
        ({}, "ghe.com.example.org", "https://ghe.com.example.org/api/v3", "of-server-1"),
        (
            {"GITHUB_API_URL": "https://git.example.org/api/v3/", "GITHUB_SERVER_URL": "https://git.example.org"},
            "",
            "https://git.example.org/api/v3",
            "of-cloud-1",
        ),
        ({"GITHUB_API_URL": "https://git.example.org/api/v3"}, "github.com", "https://api.github.com", "of-cloud-1"),
    ],
)  # fmt: skip
def test_each_host_has_its_api_and_its_token(
    env: dict[str, str], hostname: str, api: str, token: str
) -> None:
    host = github_host(TOKENS | env, hostname)
    assert (host.api, host.token) == (api, token)


def test_a_token_of_the_cloud_never_goes_to_a_server() -> None:
    assert github_host({"GITHUB_TOKEN": "of-cloud"}, "git.example.org").token == ""


def test_nobody_is_somebody_too() -> None:
    assert github_host({}) == GitHubHost(
        "github.com", "https://api.github.com", "https://github.com"
    )


def test_a_token_is_shown_nowhere() -> None:
    host = github_host({"GH_TOKEN": "my-very-own-secret"})
    assert "my-very-own-secret" not in repr(host)
    assert "my-very-own-secret" not in redact("said my-very-own-secret aloud")


@pytest.mark.parametrize(
    ("env", "hostname", "match"),
    [
        ({"GITHUB_API_URL": "http://api.example.org"}, "", "no https:// address"),
        ({"GITHUB_API_URL": "https://a:b@api.example.org"}, "", "no https:// address"),
        ({}, "https://github.com", "no host of a GitHub"),
        ({}, "a/b", "no host of a GitHub"),
        ({"GH_TOKEN": "one\ntwo"}, "", "cannot be a token"),
    ],
)
def test_what_cannot_be_used_is_refused(env: dict[str, str], hostname: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        github_host(env, hostname)
    assert caught.value.code is Code.CONFIG_INVALID
    assert "two" not in caught.value.message


def test_a_repository_is_owner_and_name() -> None:
    assert parse_repository("org/app.js") == Repository("org", "app.js")
    assert str(parse_repository("org/app")) == "org/app"


@pytest.mark.parametrize(
    "text", ["", "org", "org/", "/app", "a/b/c", "org/..", "o rg/app", "org/app?x=1"]
)
def test_other_words_are_no_repository(text: str) -> None:
    with pytest.raises(ConfigError, match="no repository of GitHub"):
        parse_repository(text)
