"""The walls around a test run hold."""

import os
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.support.isolation import (
    NetworkForbiddenError,
    NetworkGuard,
    clean_environment,
    foreign,
    is_loopback,
)
from tests.support.missing import REQUIRE_ALL, UNAVOIDABLE, forbid_skip
from tests.support.shared import shared
from tests.support.tools import need


@pytest.fixture
def guard() -> NetworkGuard:
    """A guard of the same kind whose findings do not fail this test."""
    made = NetworkGuard()
    made.active = True
    return made


@pytest.mark.parametrize("event", ["socket.connect", "socket.sendto", "socket.sendmsg"])
@pytest.mark.parametrize(
    "address", [("192.0.2.1", 443), ("2001:db8::1", 443, 0, 0), ("198.51.100.7", 80)]
)
def test_no_connection_leaves_the_machine(
    guard: NetworkGuard, event: str, address: tuple[object, ...]
) -> None:
    with pytest.raises(NetworkForbiddenError, match="must stay on this machine"):
        guard(event, (None, address))
    assert guard.refused == [f"connection to {address[0]}:{address[1]}"]


def test_no_public_name_is_looked_up(guard: NetworkGuard) -> None:
    with pytest.raises(NetworkForbiddenError):
        guard("socket.getaddrinfo", ("registry.fedoraproject.org", 443, 0, 0, 0))
    assert guard.refused == ["look-up of registry.fedoraproject.org"]


def test_reserved_names_are_unknown_at_once_and_no_violation(guard: NetworkGuard) -> None:
    with pytest.raises(socket.gaierror, match="not known"):
        guard("socket.getaddrinfo", ("registry.invalid", 443, 0, 0, 0))
    assert guard.refused == []


@pytest.mark.parametrize(
    "address", [("127.0.0.1", 1), ("127.9.9.9", 1), ("::1", 1, 0, 0), "/run/x.sock", None]
)
def test_loopback_and_unix_sockets_are_free(guard: NetworkGuard, address: object) -> None:
    guard("socket.connect", (None, address))
    assert guard.refused == []


def test_the_guard_is_in_place_under_real_libraries() -> None:
    with pytest.raises(OSError, match="not known"):
        urllib.request.urlopen("http://registry.invalid/v2/", timeout=2)


def test_loopback_is_told_from_lookalikes() -> None:
    assert is_loopback("app.localhost")
    assert not is_loopback("localhost.example.org")
    assert not is_loopback("127.0.0.1.nip.io")


def test_the_environment_of_the_developer_is_gone(home: Path) -> None:
    assert foreign(os.environ.keys() - {"GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"}) == [
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_NAME",
    ]
    assert Path.home() == home
    assert list(home.iterdir()) == []


def test_what_would_leak_is_known_by_name() -> None:
    leaks = {"GITHUB_TOKEN": "x", "https_proxy": "x", "DOCKER_CONFIG": "x", "SHIPSEAL_STATE": "x"}
    cleaned = clean_environment({**leaks, "PATH": "/bin", REQUIRE_ALL: "1"}, "/home/nobody")
    assert cleaned["PATH"] == "/bin"
    assert cleaned[REQUIRE_ALL] == "1"
    assert cleaned["HOME"] == "/home/nobody"
    assert not leaks.keys() & cleaned.keys()


def test_a_built_tool_wins_over_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built, path = tmp_path / "built", tmp_path / "path"
    for folder in (built, path):
        folder.mkdir()
        (folder / "frobnicate").write_text("#!/bin/sh\n")
        (folder / "frobnicate").chmod(0o755)
    monkeypatch.setattr("tests.support.tools.BUILT", built)
    monkeypatch.setenv("PATH", str(path))
    assert need("frobnicate") == built / "frobnicate"
    (built / "frobnicate").unlink()
    assert need("frobnicate") == path / "frobnicate"


def test_what_is_missing_skips_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRE_ALL, raising=False)
    with pytest.raises(pytest.skip.Exception, match="run `make tools`"):
        need("no-such-program")
    with pytest.raises(pytest.skip.Exception, match=r"\.\./shared/no-such-file"):
        shared("no-such-file")


def test_what_is_missing_fails_where_everything_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    with pytest.raises(pytest.fail.Exception, match="run `make tools`"):
        need("no-such-program")
    with pytest.raises(pytest.fail.Exception, match="no-such-file"):
        shared("no-such-file")


def _skipped(reason: str) -> pytest.TestReport:
    return pytest.TestReport(
        "tests/x.py::x", ("tests/x.py", 1, "x"), {}, "skipped", ("tests/x.py", 1, reason), "setup"
    )


def test_a_skip_of_any_origin_fails_where_everything_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    report = _skipped("Skipped: no docker here")
    forbid_skip(report)
    assert report.outcome == "failed"
    assert "no docker here" in str(report.longrepr)


def test_a_skip_that_nothing_could_prevent_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    report = _skipped(f"Skipped: {UNAVOIDABLE}root may write everywhere")
    forbid_skip(report)
    assert report.outcome == "skipped"


def test_a_skip_is_one_where_nothing_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRE_ALL, raising=False)
    report = _skipped("Skipped: no docker here")
    forbid_skip(report)
    assert report.outcome == "skipped"
