"""The services of signing over HTTP: every answer and every silence has its code, and ends."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from sigstore._internal.rekor import EntryRequestBody

from shipseal._internal.clock import SystemClock
from shipseal.attest.oidc import IdentityToken
from shipseal.attest.signing_services import issue, stamp
from shipseal.attest.sigstore_clients import LogV1, LogV2
from shipseal.attest.web import Ask, Patience, Web, check_safe
from shipseal.attest.web_errors import no_answer, refused
from shipseal.errors import AttestError, Code, ConfigError, ShipsealError
from shipseal.testing.certificates import CertificateAuthority
from shipseal.testing.forward_proxy import ForwardProxy
from shipseal.testing.http_server import Exchange, HttpServer, Reply
from tests.support.authorities import ec_key
from tests.support.clocks import StoppedClock

SECRET = "secret-token-of-mine"
TOKEN = IdentityToken(SECRET, "https://issuer.test", "me", datetime(2030, 1, 1, tzinfo=UTC))


def ask(url: str, *, known: bool = False) -> Ask:
    headers = {"Authorization": f"Bearer {SECRET}"} if known else {}
    return Ask("test service", "POST", f"{url}/x?key={SECRET}", headers, b"{}")


def quick(clock: SystemClock | StoppedClock | None = None) -> Web:
    return Web(clock or SystemClock(), Patience(answer=0.5, deadline=0.0))


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, Code.SERVICE_OUTAGE, False),
        (401, Code.OIDC_PERMISSION, False),
        (403, Code.OIDC_PERMISSION, False),
        (404, Code.SERVICE_OUTAGE, False),
        (407, Code.NETWORK_UNREACHABLE, False),
        (409, Code.SERVICE_OUTAGE, False),
        (418, Code.SERVICE_OUTAGE, False),
        (429, Code.RATE_LIMITED, True),
        (500, Code.SERVICE_OUTAGE, True),
        (501, Code.SERVICE_OUTAGE, False),
        (503, Code.SERVICE_OUTAGE, True),
        (521, Code.SERVICE_OUTAGE, True),
        (302, Code.SERVICE_OUTAGE, False),
    ],
)
def test_every_status_has_its_code(status: int, code: Code, *, retryable: bool) -> None:
    def respond(exchange: Exchange) -> None:
        exchange.reply(status, b'{"code": 1, "message": "the reason"}')

    with HttpServer(respond) as server, pytest.raises(AttestError) as caught:
        quick().ask(ask(server.url, known=True))
    error = caught.value
    assert (error.code, error.retryable) == (code, retryable)
    assert "test service: POST" in error.message
    assert error.message.endswith(": the reason")
    assert SECRET not in repr(error.to_json())


NESTED = b'{"error": {"x": ' + b"[" * 3000
BROKEN_TEXT = b'{"message": "\xff", "value": "\xff", "token": "\xff"}'


@pytest.mark.parametrize("body", [NESTED, BROKEN_TEXT, b"<html>" * 2000, b"\xff\xfe\x00"])
def test_what_nobody_can_read_is_an_outage_and_no_defect_of_ours(body: bytes) -> None:
    with (
        HttpServer(lambda exchange: exchange.reply(500, body)) as server,
        pytest.raises(AttestError) as caught,
    ):
        quick().ask(ask(server.url))
    assert caught.value.code is Code.SERVICE_OUTAGE


@pytest.mark.parametrize("body", [NESTED, BROKEN_TEXT, b"<html>Welcome</html>", b"", b"[]"])
@pytest.mark.parametrize("tiled", [True, False])
def test_a_page_in_place_of_an_answer_is_an_outage(body: bytes, *, tiled: bool) -> None:
    log_body = EntryRequestBody({})
    with HttpServer(lambda exchange: exchange.reply(200, body)) as server:
        log = (LogV2 if tiled else LogV1)(quick(), server.url)
        with pytest.raises(AttestError, match="cannot be used") as logged:
            log.create_entry(log_body)
        with pytest.raises(AttestError, match="cannot be used") as stamped:
            stamp(quick(), server.url, b"signature")
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        with pytest.raises(AttestError, match="cannot be used") as issued:
            issue(quick(), server.url, request.sign(ec_key("leaf"), hashes.SHA256()), TOKEN)
    assert {one.value.code for one in (logged, stamped, issued)} == {Code.SERVICE_OUTAGE}
    assert all(one.value.exit == 5 for one in (logged, stamped, issued))


def test_who_says_nothing_of_himself_is_not_told_that_he_is_not_accepted() -> None:
    with (
        HttpServer(lambda exchange: exchange.reply(403)) as server,
        pytest.raises(AttestError) as caught,
    ):
        quick().ask(ask(server.url))
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_what_is_transient_is_tried_again_and_the_other_side_says_when() -> None:
    tries: list[int] = []

    def respond(exchange: Exchange) -> None:
        tries.append(1)
        if len(tries) < 3:
            exchange.reply(429, headers={"Retry-After": "7"})
        else:
            exchange.reply(201, b"done")

    clock = StoppedClock()
    began = clock.monotonic()
    with HttpServer(respond) as server:
        answer = Web(clock, Patience(answer=5.0, deadline=60.0)).ask(ask(server.url))
    assert (answer.status, answer.body, len(tries)) == (201, b"done", 3)
    assert clock.monotonic() - began == 14


def test_what_is_tried_again_is_told_once_for_all_who_wait() -> None:
    """A dozen signatures are asked for at once: when the log is down, one line says so, and not twelve."""
    told: list[float] = []
    clock = StoppedClock()
    web = Web(
        clock, Patience(answer=5.0, deadline=60.0), told=lambda _error, wait: told.append(wait)
    )
    outage = AttestError(Code.SERVICE_OUTAGE, "log: 503", retryable=True)
    for _ in range(12):
        web._tell(outage, 2.0)
    assert told == [2.0]
    clock.sleep(2.0)
    web._tell(outage, 4.0)
    web._tell(AttestError(Code.SERVICE_OUTAGE, "timestamps: 503"), 1.0)
    assert told == [2.0, 4.0, 1.0]


def test_it_is_told_while_it_is_tried_again() -> None:
    told: list[str] = []
    web = Web(
        StoppedClock(),
        Patience(answer=5.0, deadline=3.0),
        told=lambda error, _wait: told.append(error.message),
    )
    with (
        HttpServer(lambda exchange: exchange.reply(503)) as server,
        pytest.raises(AttestError),
    ):
        web.ask(ask(server.url))
    assert len(told) in (1, 2)
    assert all("503 Service Unavailable" in one for one in told)


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://fulcio.sigstore.dev/api/v2/signingCert", "https://status.sigstore.dev"),
        ("https://timestamp.githubapp.com/api/v1/timestamp", "https://www.githubstatus.com"),
        ("https://pipelines.actions.githubusercontent.com/token", "https://www.githubstatus.com"),
        ("https://fulcio.example.org/", ""),
        ("https://notsigstore.dev/", ""),
        ("http://[", ""),
    ],
)
def test_an_outage_names_the_page_that_says_whether_others_have_it(url: str, page: str) -> None:
    for error in (httpx.ConnectError("refused"), httpx.ReadTimeout("silence")):
        hint = no_answer(error, "service", url).hint
        assert hint.endswith(f"; {page} says how it is") if page else "says how it is" not in hint


def test_a_refusal_is_no_outage_and_names_no_page() -> None:
    request = httpx.Request("POST", "https://fulcio.sigstore.dev/api/v2/signingCert")
    told = refused(httpx.Response(403, request=request), b"", "certificate authority", known=True)
    assert (told.code, "status" in told.hint) == (Code.OIDC_PERMISSION, False)
    told = refused(httpx.Response(503, request=request), b"", "certificate authority", known=True)
    assert told.hint.endswith("; https://status.sigstore.dev says how it is")


def test_all_tries_together_end() -> None:
    clock = StoppedClock()
    began = clock.monotonic()
    web = Web(clock, Patience(answer=5.0, deadline=10.0))
    with HttpServer(lambda exchange: exchange.reply(503)) as server, pytest.raises(AttestError):
        web.ask(ask(server.url))
    assert clock.monotonic() - began <= 10


def test_a_status_that_is_an_answer_is_one() -> None:
    wanted = Ask("log", "POST", "", final=frozenset({409}))
    with HttpServer(lambda exchange: exchange.reply(409, b"there", {"Location": "/y"})) as server:
        answer = quick().ask(Ask("log", "POST", server.url, final=wanted.final))
    assert (answer.status, answer.headers["location"], answer.body) == (409, "/y", b"there")


def test_a_silent_service_is_given_up() -> None:
    began = time.monotonic()
    with HttpServer(lambda _: time.sleep(1.5)) as server, pytest.raises(AttestError) as caught:
        quick().ask(ask(server.url))
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert time.monotonic() - began < 30


def test_an_answer_that_trickles_for_ever_is_given_up() -> None:
    def drops() -> Iterator[bytes]:
        for _ in range(40):
            yield b" "
            time.sleep(0.1)

    def respond(exchange: Exchange) -> None:
        exchange.send(Reply(200, (), drops(), 40))

    began = time.monotonic()
    with HttpServer(respond) as server, pytest.raises(AttestError, match=r"no end after 0\.5 s"):
        quick().ask(ask(server.url))
    assert time.monotonic() - began < 30


def test_an_answer_without_measure_is_cut_off() -> None:
    def respond(exchange: Exchange) -> None:
        exchange.send(Reply(200, (), (b"x" * 2**20 for _ in range(20)), 20 * 2**20))

    web = Web(SystemClock(), Patience(answer=20.0, deadline=0.0))
    with (
        HttpServer(respond) as server,
        pytest.raises(ShipsealError, match="more than 8388608") as caught,
    ):
        web.ask(ask(server.url))
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_a_connection_that_is_cut_and_one_that_is_refused_differ() -> None:
    with HttpServer(lambda exchange: exchange.drop()) as server:
        with pytest.raises(AttestError) as caught:
            quick().ask(ask(server.url))
        assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)
    with pytest.raises(AttestError) as caught:
        quick().ask(ask(server.url))
    assert (caught.value.code, caught.value.retryable) == (Code.NETWORK_UNREACHABLE, True)


def test_a_name_that_nobody_knows_is_the_network() -> None:
    with pytest.raises(AttestError) as caught:
        quick().ask(ask("https://fulcio.test"))
    assert caught.value.code is Code.NETWORK_UNREACHABLE


def test_a_strange_authority_is_not_trusted_until_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = CertificateAuthority(tmp_path)
    context = authority.issue("server").server_context()
    with HttpServer(lambda exchange: exchange.reply(200, b"yes"), tls=context) as server:
        with pytest.raises(AttestError, match="test service") as caught:
            quick().ask(ask(server.url))
        assert (caught.value.code, caught.value.retryable) == (Code.TLS_UNTRUSTED, False)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        assert Web(SystemClock()).ask(ask(server.url)).body == b"yes"


def test_the_proxy_variables_lead_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with ForwardProxy({}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(AttestError):
            quick().ask(ask("https://fulcio.test"))
        assert any("fulcio.test" in str(one) for one in proxy.requests)


def test_proxy_variables_that_cannot_be_used_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy.test")
    with pytest.raises(ConfigError, match="proxy variables cannot be used"):
        quick().ask(ask("https://fulcio.test"))


@pytest.mark.parametrize(
    "url", ["http://fulcio.example.org", "ftp://x.example.org", "fulcio", "", "https://"]
)
def test_nothing_is_sent_in_the_clear(url: str) -> None:
    with pytest.raises(ConfigError, match="no https:// address"):
        check_safe(url, "config")


def test_this_machine_may_be_asked_in_the_clear() -> None:
    assert check_safe("http://127.0.0.1:1/", "config") == "http://127.0.0.1:1"
