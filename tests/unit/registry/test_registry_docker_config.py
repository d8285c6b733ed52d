"""Credentials from the files of Docker and Podman, and from real helper programs."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal import redact as redaction
from shipseal._internal.redact import redact
from shipseal.errors import Code, ConfigError, RegistryError, ShipsealError, ToolError
from shipseal.registry.credentials import Anonymous, Credentials
from shipseal.registry.docker_config import DockerCredentials
from shipseal.testing.credentials import FixedCredentials


def _auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def _write(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), "utf-8")
    return path


def _pair(found: Credentials | None) -> tuple[str, str] | None:
    return (found.username, found.password) if found else None


def _entries(home: Path, auths: Mapping[str, object]) -> DockerCredentials:
    _write(home / ".docker" / "config.json", {"auths": auths})
    return DockerCredentials({"HOME": str(home)})


def test_nothing_found_is_anonymous(tmp_path: Path) -> None:
    source = DockerCredentials({"HOME": str(tmp_path)})
    assert source.find("ghcr.io", "org/app") is None
    assert str(tmp_path / ".docker" / "config.json") in source.places()
    assert DockerCredentials({}).find("ghcr.io", "org/app") is None


def test_files_are_looked_through_in_order(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path / "home"),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "REGISTRY_AUTH_FILE": str(tmp_path / "auth-file.json"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
    }
    places = [
        tmp_path / "docker" / "config.json",
        tmp_path / "auth-file.json",
        tmp_path / "run" / "containers" / "auth.json",
        tmp_path / "home" / ".config" / "containers" / "auth.json",
    ]
    for number, path in reversed(list(enumerate(places))):
        _write(path, {"auths": {"ghcr.io": _auth(f"user{number}", "pw-of-files")}})
        found = DockerCredentials(environ).find("ghcr.io", "org/app")
        assert found is not None
        assert (found.username, found.source) == (f"user{number}", f"{path} (auths, ghcr.io)")


def test_a_file_without_an_entry_leaves_the_question_to_the_next(tmp_path: Path) -> None:
    _write(tmp_path / ".docker" / "config.json", {"auths": {"quay.io": _auth("q", "pw-of-files")}})
    _write(
        tmp_path / "xdg" / "containers" / "auth.json",
        {"auths": {"ghcr.io": _auth("g", "pw-of-files")}},
    )
    source = DockerCredentials({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert _pair(source.find("ghcr.io", "a")) == ("g", "pw-of-files")


def test_docker_config_takes_the_place_of_the_home_folder(tmp_path: Path) -> None:
    _entries(tmp_path, {"ghcr.io": _auth("home", "pw-of-files")})
    environ = {"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "empty")}
    assert DockerCredentials(environ).find("ghcr.io", "a") is None


def test_the_most_particular_key_wins(tmp_path: Path) -> None:
    source = _entries(
        tmp_path,
        {
            "quay.io": _auth("registry", "pw-of-files"),
            "quay.io/org": _auth("folder", "pw-of-files"),
            "quay.io/org/app": _auth("repository", "pw-of-files"),
        },
    )
    names = {
        repository: found.username
        for repository in ("org/app", "org/other", "org", "organ/app")
        if (found := source.find("quay.io", repository))
    }
    assert names == {
        "org/app": "repository",
        "org/other": "folder",
        "org": "folder",
        "organ/app": "registry",
    }


@pytest.mark.parametrize(
    "key",
    ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"],
)
def test_docker_hub_has_many_names(tmp_path: Path, key: str) -> None:
    source = _entries(tmp_path, {key: _auth("hub", "pw-of-files")})
    assert _pair(source.find("docker.io", "library/debian")) == ("hub", "pw-of-files")
    assert source.find("ghcr.io", "library/debian") is None


@pytest.mark.parametrize(
    "key", ["https://r.example.org:5000", "http://R.example.org:5000/v2/", "r.example.org:5000"]
)
def test_keys_are_read_whatever_is_around_the_host(tmp_path: Path, key: str) -> None:
    source = _entries(tmp_path, {key: _auth("u", "pw-of-files")})
    assert _pair(source.find("r.example.org:5000", "a")) == ("u", "pw-of-files")
    assert source.find("r.example.org", "a") is None


@given(
    st.text(st.characters(exclude_characters=":", codec="utf-8"), max_size=12),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_a_password_may_hold_anything(
    tmp_path_factory: pytest.TempPathFactory, user: str, password: str
) -> None:
    home = tmp_path_factory.mktemp("home")
    found = _entries(home, {"r.example.org": _auth(user, password)}).find("r.example.org", "a")
    assert _pair(found) == (user, password)


def test_identity_and_registry_tokens_are_read(tmp_path: Path) -> None:
    source = _entries(
        tmp_path,
        {
            "a.example.org": _auth("00000000", "") | {"identitytoken": "identity-secret"},
            "b.example.org": {"registrytoken": "registry-secret"},
            "c.example.org": {"username": "plain", "password": "plain-secret"},
            "d.example.org": {},
        },
    )
    first = source.find("a.example.org", "x")
    assert first is not None
    assert (first.username, first.identity_token, first.secret) == (
        "00000000",
        "identity-secret",
        "identity-secret",
    )
    second = source.find("b.example.org", "x")
    assert second is not None
    assert second.registry_token == "registry-secret"
    assert _pair(source.find("c.example.org", "x")) == ("plain", "plain-secret")
    assert source.find("d.example.org", "x") is None


def test_what_was_read_is_never_shown(tmp_path: Path) -> None:
    source = _entries(tmp_path, {"r.example.org": _auth("known-user", "very-secret-word")})
    found = source.find("r.example.org", "a")
    assert found is not None
    assert "very-secret-word" not in repr(found)
    assert redact(f"x very-secret-word {found.basic()} y").count("[redacted]") == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "config.json"),
        ('{"auths": []}', "auths"),
        ('{"auths": {"ghcr.io": {"auth": 5}}}', "auth"),
        ('{"auths": {"ghcr.io": {"auth": "§"}}}', "'ghcr.io' is not base64"),
        ('{"auths": {"ghcr.io": {"auth": "bm9jb2xvbg=="}}}', "no colon"),
        ('{"credsStore": "../evil"}', "not the name of a credential helper"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=problem) as caught:
        DockerCredentials({"HOME": str(tmp_path)}).find("ghcr.io", "a")
    assert caught.value.code is Code.CONFIG_INVALID
    assert str(path) in caught.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / ".docker" / "config.json"
    path.mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"config\.json: it cannot be read"):
        DockerCredentials({"HOME": str(tmp_path)}).find("ghcr.io", "a")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text("\n", "utf-8")
    assert DockerCredentials({"HOME": str(tmp_path)}).find("ghcr.io", "a") is None


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_bytes(b" " * (2 << 20))
    with pytest.raises(ShipsealError, match="limit") as caught:
        DockerCredentials({"HOME": str(tmp_path)}).find("ghcr.io", "a")
    assert caught.value.code is Code.CONFIG_INVALID


def _helper(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_helper_is_asked_with_the_server_on_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        f'read -r server || true; echo "$1 $server" >> {tmp_path}/asked\n'
        """echo '{"ServerURL":"x","Username":"helped","Secret":"from-the-helper"}'"""
    )
    _helper(monkeypatch, tmp_path / "bin", "test", script)
    _write(
        tmp_path / ".docker" / "config.json",
        {
            "credHelpers": {"ghcr.io": "test"},
            "auths": {"ghcr.io": _auth("file", "from-the-file")},
        },
    )
    source = DockerCredentials({"HOME": str(tmp_path)})
    found = source.find("ghcr.io", "org/app")
    assert _pair(found) == ("helped", "from-the-helper")
    assert found is not None
    assert "docker-credential-test" in found.source
    assert (tmp_path / "asked").read_text("utf-8") == "get ghcr.io\n"


def test_a_store_is_asked_for_hub_by_its_old_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        'read -r server || true; [ "$server" = https://index.docker.io/v1/ ] || exit 3\n'
        """echo '{"Username":"<token>","Secret":"identity-from-helper"}'"""
    )
    _helper(monkeypatch, tmp_path / "bin", "store", script)
    _write(tmp_path / ".docker" / "config.json", {"credsStore": "store"})
    found = DockerCredentials({"HOME": str(tmp_path)}).find("docker.io", "library/debian")
    assert found is not None
    assert (found.username, found.identity_token) == ("", "identity-from-helper")


def test_the_helper_of_a_host_comes_before_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        answer = json.dumps({"Username": name, "Secret": "helper-secret"})
        _helper(monkeypatch, tmp_path / "bin", name, f"cat > /dev/null; echo '{answer}'")
    config = {"credsStore": "one", "credHelpers": {"ghcr.io": "two"}}
    _write(tmp_path / ".docker" / "config.json", config)
    source = DockerCredentials({"HOME": str(tmp_path)})
    assert _pair(source.find("ghcr.io", "a")) == ("two", "helper-secret")
    assert _pair(source.find("quay.io", "a")) == ("one", "helper-secret")


@pytest.mark.parametrize(
    "says",
    [
        "cat > /dev/null; echo 'credentials not found in native keychain'; exit 1",
        """cat > /dev/null; echo '{"Username":"","Secret":""}'""",
    ],
)
def test_a_helper_without_an_entry_leaves_the_question_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    _helper(monkeypatch, tmp_path / "bin", "none", says)
    _write(
        tmp_path / ".docker" / "config.json",
        {"credsStore": "none", "auths": {"ghcr.io": _auth("file", "pw-of-files")}},
    )
    source = DockerCredentials({"HOME": str(tmp_path)})
    assert _pair(source.find("ghcr.io", "a")) == ("file", "pw-of-files")
    assert source.find("quay.io", "a") is None


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("cat > /dev/null; echo 'session expired' >&2; exit 1", "session expired"),
        ("cat > /dev/null; echo not-json", "not the JSON"),
    ],
)
def test_a_helper_that_fails_is_named_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    _helper(monkeypatch, tmp_path / "bin", "broken", script)
    _write(tmp_path / ".docker" / "config.json", {"credsStore": "broken"})
    with pytest.raises(RegistryError, match=said) as caught:
        DockerCredentials({"HOME": str(tmp_path)}).find("ghcr.io", "a")
    assert caught.value.code is Code.REGISTRY_UNAUTHORIZED
    assert "docker-credential-broken" in caught.value.message


@pytest.mark.parametrize("end", ["}", ""])
def test_a_helper_that_fails_with_its_secret_printed_does_not_give_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(redaction, "_known", set())
    answer = r'{"Username": "u", "Secret": "p\u0061ss-of-\"helper\""' + end
    script = f"cat > /dev/null; cat {tmp_path}/answer; cat {tmp_path}/said >&2; exit 1"
    (tmp_path / "answer").write_text(answer, "utf-8")
    (tmp_path / "said").write_text('boom: pass-of-"helper" has expired', "utf-8")
    _helper(monkeypatch, tmp_path / "bin", "broken", script)
    _write(tmp_path / ".docker" / "config.json", {"credsStore": "broken"})
    with pytest.raises(RegistryError, match=r"status 1: boom: \[redacted\] has expired") as caught:
        DockerCredentials({"HOME": str(tmp_path)}).find("ghcr.io", "a")
    shown = f"{caught.value.message} {caught.value.hint} {caught.value.context}"
    assert "ss-of-" not in shown
    assert redact('later: pass-of-"helper"') == "later: [redacted]"


def test_what_a_failed_helper_prints_is_not_shown_even_in_another_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _helper(monkeypatch, tmp_path / "bin", "broken", "cat > /dev/null; echo bare-pass; exit 1")
    _write(tmp_path / ".docker" / "config.json", {"credsStore": "broken"})
    with pytest.raises(RegistryError, match="it said nothing on standard error") as caught:
        DockerCredentials({"HOME": str(tmp_path)}).find("ghcr.io", "a")
    assert "bare-pass" not in caught.value.message


def test_a_helper_that_is_not_installed_is_named_with_its_file(tmp_path: Path) -> None:
    path = _write(tmp_path / ".docker" / "config.json", {"credsStore": "not-installed-here"})
    with pytest.raises(ToolError, match="docker-credential-not-installed-here") as caught:
        DockerCredentials({"HOME": str(tmp_path)}).find("ghcr.io", "a")
    assert caught.value.code is Code.TOOL_MISSING
    assert str(path) in caught.value.hint


def test_other_sources_say_what_they_know() -> None:
    known = Credentials("here", "user", "pw-of-files")
    fixed = FixedCredentials({"ghcr.io": known})
    assert fixed.find("ghcr.io", "any/thing") is known
    assert fixed.find("quay.io", "any/thing") is None
    assert "ghcr.io" in fixed.places()
    assert Anonymous().find("ghcr.io", "any/thing") is None
