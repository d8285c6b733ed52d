"""Plans of faults and the proxies do what they promise: other people's tests stand on them."""

import http.client
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shipseal.testing import fault_kinds as kinds
from shipseal.testing.certificates import CertificateAuthority
from shipseal.testing.faults import Fault, Faults
from shipseal.testing.forward_proxy import ForwardProxy
from shipseal.testing.http_server import Exchange, HttpServer
from shipseal.testing.reverse_proxy import ReverseProxy

PAGE = b"0123456789" * 10


def respond(exchange: Exchange) -> None:
    body = b"".join(exchange.chunks())
    exchange.reply(200, body or PAGE, {"X-Method": exchange.method, "X-Target": exchange.target})


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(respond) as made:
        yield made


@pytest.fixture
def proxy(server: HttpServer) -> Iterator[ReverseProxy]:
    with ReverseProxy(server.url) as made:
        yield made


def ask(proxy: ReverseProxy, fault: Fault, **knobs: object) -> httpx.Response:
    """Ask the server through the proxy with one fault."""
    faults = Faults()
    faults.add(fault)
    proxy.before = faults
    method, content = ("PUT", knobs["content"]) if "content" in knobs else ("GET", None)
    with httpx.Client(trust_env=False, timeout=5) as client:
        return client.request(method, f"{proxy.url}/v2/x?y=z", content=content)  # type: ignore[arg-type]


def test_a_rule_strikes_what_it_names_as_often_as_it_says(proxy: ReverseProxy) -> None:
    faults = Faults()
    rule = faults.add(kinds.refuse(503), "GET", "/x$", skip=1, times=2)
    proxy.before = faults
    with httpx.Client(trust_env=False) as client:
        seen = [client.get(f"{proxy.url}/x").status_code for _ in range(4)]
        other = [client.get(f"{proxy.url}/y"), client.put(f"{proxy.url}/x")]
        rule.active, rule.times = False, None
        quiet = client.get(f"{proxy.url}/x")
        faults.clear()
    assert seen == [200, 503, 503, 200]
    assert [one.status_code for one in (*other, quiet)] == [200, 200, 200]
    assert rule.struck == ["GET /x", "GET /x"]


def test_without_faults_everything_is_passed_on(proxy: ReverseProxy) -> None:
    with httpx.Client(trust_env=False) as client:
        put = client.put(f"{proxy.url}/v2/a?b=c%3Ad", content=b"sent")
        head = client.head(f"{proxy.url}/v2/a")
    assert (put.content, put.headers["X-Target"]) == (b"sent", "/v2/a?b=c%3Ad")
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(PAGE)))
    assert proxy.requests == ["PUT /v2/a?b=c%3Ad", "HEAD /v2/a"]
    assert (proxy.count("HEAD"), proxy.count("PUT", "b=c")) == (1, 1)


def test_a_server_that_is_not_there_is_a_bad_gateway() -> None:
    with HttpServer(respond) as gone:
        url = gone.url
    with ReverseProxy(url) as proxy:
        assert ask(proxy, lambda _: False).status_code == 502


@pytest.mark.parametrize(
    ("fault", "status", "content", "header"),
    [
        (
            kinds.refuse(429, "TOOMANYREQUESTS", "slow", retry_after="7"),
            429,
            b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow"}]}',
            ("Retry-After", "7"),
        ),
        (kinds.refuse(404), 404, b"", ("Content-Type", "application/json")),
        (
            kinds.challenge("https://t.example/token", "s", "repository:a:pull"),
            401,
            b'{"errors": [{"code": "UNAUTHORIZED", "message": "the fault says so"}]}',
            (
                "WWW-Authenticate",
                'Bearer realm="https://t.example/token",service="s",scope="repository:a:pull",'
                'error="invalid_token"',
            ),
        ),
        (kinds.redirect("http://b.example", 308), 308, b"", ("Location", "http://b.example/v2/x?y=z")),
        (kinds.header("X-Method", "LIE"), 200, PAGE, ("X-Method", "LIE")),
        (kinds.corrupt(), 200, b"1" + PAGE[1:], ("X-Method", "GET")),
    ],
)  # fmt: skip
def test_answers_that_are_given_or_changed(
    proxy: ReverseProxy, fault: Fault, status: int, content: bytes, header: tuple[str, str]
) -> None:
    answer = ask(proxy, fault)
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get_list(header[0]) == [header[1]]


def test_a_page_and_garbage_are_no_json(proxy: ReverseProxy) -> None:
    page = ask(proxy, kinds.gateway_page())
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html")
    garbage = ask(proxy, kinds.garbage())
    assert garbage.status_code == 200
    with pytest.raises(UnicodeDecodeError):
        garbage.json()


@pytest.mark.parametrize(
    "fault",
    [
        kinds.drop(),
        kinds.silence(0.01),
        kinds.lose_answer(),
        kinds.cut_answer(10),
        kinds.announce(1),
    ],
)
def test_connections_that_break(proxy: ReverseProxy, fault: Fault) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        ask(proxy, fault)


def test_a_length_that_is_too_short_hides_the_rest(proxy: ReverseProxy) -> None:
    assert ask(proxy, kinds.announce(-30)).content == PAGE[:-30]


def test_only_the_beginning_of_a_request_arrives(server: HttpServer) -> None:
    arrived: list[bytes] = []

    def note(exchange: Exchange) -> None:
        arrived.append(exchange.read())
        exchange.reply(200)

    with HttpServer(note) as real, ReverseProxy(real.url) as proxy:
        with pytest.raises(httpx.TransportError):
            ask(proxy, kinds.cut_request(1000), content=b"x" * 5_000_000)
        deadline = time.monotonic() + 5
        while not arrived and time.monotonic() < deadline:
            time.sleep(0.01)
    assert [len(one) for one in arrived] == [1000]


def test_what_happens_meanwhile_and_afterwards_has_its_place(server: HttpServer) -> None:
    order: list[str] = []

    def note(exchange: Exchange) -> None:
        order.append("server")
        exchange.reply(200)

    faults = Faults()
    faults.add(kinds.meanwhile(lambda: order.append("before")))
    faults.add(kinds.afterwards(lambda: order.append("after")))
    with HttpServer(note) as real, ReverseProxy(real.url) as proxy:
        proxy.before = faults
        httpx.get(proxy.url, trust_env=False)
    assert order == ["before", "server", "after"]


def test_a_body_drips_piece_by_piece(proxy: ReverseProxy) -> None:
    pauses: list[int] = []
    answer = ask(proxy, kinds.drip(lambda: pauses.append(1), piece=7))
    assert answer.content == PAGE
    assert len(pauses) == 15


def test_a_header_drips_byte_by_byte(proxy: ReverseProxy) -> None:
    pauses: list[int] = []
    answer = ask(proxy, kinds.drip_header(lambda: pauses.append(1)))
    assert (answer.status_code, answer.content) == (200, PAGE)
    length = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
    assert len(pauses) == len("HTTP/1.1 200 OK\r\n") + length + len("\r\n")


def test_a_request_is_taken_in_pieces(proxy: ReverseProxy) -> None:
    pauses: list[int] = []
    answer = ask(proxy, kinds.sip(lambda: pauses.append(1), piece=7), content=b"x" * 100)
    assert answer.status_code == 200
    assert len(pauses) == 15


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_proxy_speaks_tls_on_both_sides(tmp_path: Path, host: str) -> None:
    authority = CertificateAuthority(tmp_path)
    pair = authority.issue("server")
    trusted = ssl.create_default_context(cafile=authority.certificate)
    with (
        HttpServer(respond, tls=pair.server_context(), host=host) as server,
        ReverseProxy(
            server.url, ca=authority.certificate, tls=pair.server_context(), host=host
        ) as proxy,
    ):
        assert proxy.url == f"https://{proxy.host}"
        assert httpx.get(proxy.url, verify=trusted, trust_env=False).content == PAGE


def through(proxy_url: str, url: str, verify: ssl.SSLContext | bool = True) -> httpx.Response:
    return httpx.get(url, proxy=proxy_url, verify=verify, trust_env=False)


def test_a_forward_proxy_gives_names_to_servers_of_this_machine(server: HttpServer) -> None:
    with ForwardProxy({"registry.test": server.netloc}) as proxy:
        answer = through(proxy.url, "http://registry.test/v2/?a=b")
        unknown = through(proxy.url, "http://other.test/v2/")
    assert (answer.content, answer.headers["X-Target"]) == (PAGE, "/v2/?a=b")
    assert unknown.status_code == 502
    assert proxy.requests[0] == "GET http://registry.test/v2/?a=b"


def test_a_tunnel_carries_tls_and_can_be_cut(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    pair = authority.issue("server", "registry.test")
    trusted = ssl.create_default_context(cafile=authority.certificate)
    with (
        HttpServer(respond, tls=pair.server_context()) as server,
        ForwardProxy({"registry.test:443": server.netloc}) as proxy,
    ):
        assert through(proxy.url, "https://registry.test/v2/", trusted).content == PAGE
        proxy.cut_tunnels = [100]
        with pytest.raises(httpx.TransportError):
            through(proxy.url, "https://registry.test/v2/", trusted)
        with pytest.raises(httpx.ProxyError, match="502"):
            through(proxy.url, "https://other.test/v2/", trusted)
        faults = Faults()
        faults.add(kinds.refuse(503), "CONNECT", "registry.test")
        proxy.before = faults
        with pytest.raises(httpx.ProxyError, match="503"):
            through(proxy.url, "https://registry.test/v2/", trusted)


def test_a_proxy_that_wants_a_login_lets_nobody_else_pass(server: HttpServer) -> None:
    with ForwardProxy({"registry.test": server.netloc}, login=("me", "secret")) as proxy:
        assert through(proxy.url, "http://registry.test/").status_code == 407
        assert through(proxy.url_with_login, "http://registry.test/").content == PAGE
        connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"))
        connection.request("CONNECT", "registry.test:443")
        assert connection.getresponse().status == 407
        connection.close()
