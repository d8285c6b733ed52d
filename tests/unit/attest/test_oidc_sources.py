"""Where identity tokens come from: files, variables, jobs, people."""

import gc
import io
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scripts.sigstack.issuer import Issuer
from shipseal._internal.clock import SystemClock
from shipseal.attest.oidc import AUDIENCE
from shipseal.attest.oidc_sources import (
    ActionsTokens,
    AmbientTokens,
    FileTokens,
    FixedTokens,
    InteractiveTokens,
    ambient_detector,
    log_in,
    standard_input_token,
)
from shipseal.attest.web import Patience, Web
from shipseal.errors import AttestError, Code, ConfigError
from shipseal.testing.http_server import Exchange, HttpServer

CLOCK = SystemClock()


class _Later(SystemClock):
    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


def jobs() -> tuple[HttpServer, Issuer]:
    """Serve an issuer; the caller closes the server."""
    issuer = Issuer()
    server = HttpServer(issuer)
    issuer.url = server.url
    return server, issuer


def web() -> Web:
    return Web(CLOCK, Patience(answer=2.0, deadline=2.0))


def test_a_job_of_github_is_given_its_token_for_our_audience() -> None:
    server, issuer = jobs()
    with server:
        source = ActionsTokens(issuer.actions_environment(), web(), CLOCK)
        first = source.token()
        assert source.token() is first
    assert first.repository == "octo-org/demo"
    assert AUDIENCE == "sigstore"


def test_a_token_is_renewed_when_it_ends() -> None:
    server, issuer = jobs()
    clock = _Later()
    with server:
        source = ActionsTokens(issuer.actions_environment(), web(), clock)
        issuer.life = 60
        first = source.token()
        issuer.life = 600
        clock.ahead = timedelta(seconds=55)
        assert source.token().expires > first.expires


@pytest.mark.parametrize("name", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
def test_a_job_without_permission_is_shown_the_lines_that_give_it(name: str) -> None:
    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://example.org",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret",
    }
    del environment[name]
    with pytest.raises(AttestError, match=f"{name} is not set") as caught:
        ActionsTokens(environment, web(), CLOCK)
    assert caught.value.code is Code.OIDC_PERMISSION
    assert "    permissions:\n      id-token: write\n" in caught.value.hint


def test_a_bearer_is_not_sent_in_the_clear() -> None:
    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "http://token.example.org/",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret",
    }
    with pytest.raises(ConfigError, match="no https:// address"):
        ActionsTokens(environment, web(), CLOCK)


def test_a_service_that_refuses_the_bearer_does_not_show_it() -> None:
    server, issuer = jobs()
    environment = issuer.actions_environment() | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "wrong-bearer"}
    with server, pytest.raises(AttestError, match="401 Unauthorized") as caught:
        ActionsTokens(environment, web(), CLOCK).token()
    assert caught.value.code is Code.OIDC_PERMISSION
    assert "wrong-bearer" not in repr(caught.value.to_json())


@pytest.mark.parametrize("body", [b'{"count": 0}', b'{"value": "\xff"}', b'{"x": ' + b"[" * 5000])
def test_an_answer_without_a_token_is_no_token(body: bytes) -> None:
    def respond(exchange: Exchange) -> None:
        exchange.reply(200, body)

    with HttpServer(respond) as server:
        environment = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": server.url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret",
        }
        with pytest.raises(AttestError, match="no token in it") as caught:
            ActionsTokens(environment, web(), CLOCK).token()
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_a_file_is_read_again_each_time(tmp_path: Path) -> None:
    issuer = Issuer()
    path = tmp_path / "token"
    source = FileTokens(path, CLOCK)
    with pytest.raises(AttestError, match="cannot be read: No such file") as caught:
        source.token()
    assert caught.value.code is Code.OIDC_PERMISSION
    for address in ("a@example.org", "b@example.org"):
        path.write_text(issuer.mail_token(address) + "\n")
        assert source.token().subject == address


def test_a_file_that_is_no_token_is_refused_whatever_its_size(tmp_path: Path) -> None:
    path = tmp_path / "token"
    for content in (b"", b"\xff\xfe", b"a" * 70_000):
        path.write_bytes(content)
        with pytest.raises(AttestError if len(content) < 100 else Exception) as caught:
            FileTokens(path, CLOCK).token()
        assert caught.value.code is Code.OIDC_PERMISSION  # type: ignore[attr-defined]


def test_standard_input_may_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Issuer().mail_token("dev@example.org")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{raw}\n".encode())))
    assert standard_input_token(CLOCK).token().subject == "dev@example.org"


def test_what_was_handed_over_is_not_renewed() -> None:
    clock = _Later()
    source = FixedTokens(
        Issuer().mail_token("dev@example.org", life=60), "SIGSTORE_ID_TOKEN", clock
    )
    source.token()
    clock.ahead = timedelta(minutes=2)
    with pytest.raises(AttestError, match="SIGSTORE_ID_TOKEN: it ended at"):
        source.token()


def test_buildkite_is_asked_by_its_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Issuer().mail_token("agent@example.org")
    agent = tmp_path / "buildkite-agent"
    agent.write_text(f'#!/bin/sh\n[ "$1 $2 $4" = "oidc request-token sigstore" ] && echo {raw}\n')
    agent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("BUILDKITE", "true")
    source = AmbientTokens(ambient_detector(), CLOCK, deadline=10.0)
    assert source.token().subject == "agent@example.org"


def test_an_agent_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = tmp_path / "buildkite-agent"
    agent.write_text("#!/bin/sh\necho no oidc here; exit 1\n")
    agent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("BUILDKITE", "true")
    with pytest.raises(AttestError, match="no oidc here") as caught:
        AmbientTokens(ambient_detector(), CLOCK, deadline=10.0).token()
    assert caught.value.code is Code.OIDC_PERMISSION


def test_nothing_around_is_told_with_what_to_do() -> None:
    with pytest.raises(AttestError, match="no identity token: none was given") as caught:
        AmbientTokens(lambda _: None, CLOCK, deadline=1.0).token()
    assert "SIGSTORE_ID_TOKEN" in caught.value.hint


def test_detection_that_hangs_ends() -> None:
    over = threading.Event()

    def hang(audience: str) -> str | None:
        over.wait(60)
        return None

    began = time.monotonic()
    with pytest.raises(AttestError, match=r"did not come within 0\.2 s") as caught:
        AmbientTokens(hang, CLOCK, deadline=0.2).token()
    over.set()
    assert time.monotonic() - began < 30
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)


def test_a_person_is_asked_once() -> None:
    raw, asked = Issuer().mail_token("dev@example.org"), []

    def ask() -> str:
        asked.append(1)
        return raw

    source = InteractiveTokens(ask, CLOCK)
    assert source.token() is source.token()
    assert asked == [1]


def test_a_login_where_the_instance_has_none_or_does_not_answer_is_told() -> None:
    with pytest.raises(AttestError, match="names no issuer"):
        log_in("")
    server, _ = jobs()
    server.close()
    with pytest.raises(AttestError, match="identity token from the login") as caught:
        log_in(server.url)
    assert caught.value.code is Code.OIDC_PERMISSION


# sigstore-python leaves the socket that waits for a browser to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("typed", ["", "a code that this issuer does not know\n"])
def test_a_login_that_is_broken_off_is_told_and_leaves_standard_output_alone(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control-D at the question is a person who does not want to, and no defect."""
    monkeypatch.setattr("webbrowser.open", lambda _url: False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    server, _ = jobs()
    with server, pytest.raises(AttestError, match="identity token from the login") as caught:
        log_in(server.url)
    assert caught.value.code is Code.OIDC_PERMISSION
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{server.url}/authorize" in told.err
    assert "Enter verification code" in told.err
    del caught
    gc.collect()
