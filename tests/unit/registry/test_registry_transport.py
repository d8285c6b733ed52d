"""The wire: TLS, proxies, redirects, addresses."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shipseal._internal.web_clients import USER_AGENT
from shipseal.errors import Code, ConfigError, RegistryError
from shipseal.oci.reference import Reference
from shipseal.registry.credentials import Credentials
from shipseal.registry.errors import Caller
from shipseal.registry.hosts import HostSettings
from shipseal.registry.repository import RegistryOptions, RepositoryTarget
from shipseal.registry.transport import Timeouts, resolve_location
from shipseal.testing.certificates import CertificateAuthority
from shipseal.testing.credentials import FixedCredentials
from shipseal.testing.http_server import Exchange, HttpServer
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.guards import demand_basic
from tests.support.simulated import Simulated, simulated, target_at
from tests.support.target_content import Content, staged

CALLER = Caller("ghcr.io/org/app")
BLOB = Content(b"from the storage of a cloud")


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "tls")


@pytest.fixture
def secure(authority: CertificateAuthority) -> Iterator[RegistrySimulator]:
    with RegistrySimulator(tls=authority.issue("server").server_context()) as registry:
        yield registry


def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
    secure: RegistrySimulator, authority: CertificateAuthority
) -> None:
    hosts = {secure.host: HostSettings(ca=authority.certificate)}
    staged(simulated(secure, hosts=hosts).target, "over TLS")


def test_the_environment_can_name_it_too(
    secure: RegistrySimulator, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    hosts = {secure.host: HostSettings(plain_http=False)}
    assert simulated(secure, hosts=hosts).target.resolve("v1") is None


def test_an_unknown_authority_is_refused_at_once(secure: RegistrySimulator) -> None:
    sim = simulated(secure, hosts={secure.host: HostSettings(plain_http=False)})
    with pytest.raises(RegistryError, match="certificate verify failed") as caught:
        sim.target.resolve("v1")
    assert caught.value.code is Code.TLS_UNTRUSTED
    assert not caught.value.retryable
    assert sim.clock.slept == []
    assert "ca" in caught.value.hint


def test_a_certificate_for_another_name_is_refused(authority: CertificateAuthority) -> None:
    context = authority.issue("other", "other.example.org").server_context()
    with RegistrySimulator(tls=context) as registry:
        hosts = {registry.host: HostSettings(ca=authority.certificate)}
        with pytest.raises(RegistryError, match="not valid for") as caught:
            simulated(registry, hosts=hosts).target.resolve("v1")
    assert caught.value.code is Code.TLS_UNTRUSTED


def test_plain_http_where_tls_was_expected_is_explained(sim: Simulated) -> None:
    target = target_at(sim.registry.host, hosts={sim.registry.host: HostSettings(plain_http=False)})
    with pytest.raises(RegistryError) as caught:
        target.resolve("v1")
    assert caught.value.code is Code.TLS_UNTRUSTED
    assert "plain_http" in caught.value.hint


def test_a_client_certificate_is_shown(authority: CertificateAuthority) -> None:
    context = authority.issue("server").server_context(client_ca=authority.certificate)
    client = authority.issue("client")
    with RegistrySimulator(tls=context) as registry:
        settings = HostSettings(
            ca=authority.certificate, client_cert=client.certificate, client_key=client.key
        )
        known = simulated(registry, hosts={registry.host: settings}).target
        assert known.resolve("v1") is None
        unknown = simulated(registry, hosts={registry.host: HostSettings(ca=authority.certificate)})
        with pytest.raises(RegistryError) as caught:
            unknown.target.resolve("v1")
    assert caught.value.code in (Code.SERVICE_OUTAGE, Code.TLS_UNTRUSTED)


@pytest.mark.parametrize("key", ["ca", "client_cert"])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_file_that_cannot_be_used_is_named(
    tmp_path: Path, key: str, content: str | None
) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content, "utf-8")
    settings = HostSettings(ca=path) if key == "ca" else HostSettings(client_cert=path)
    with pytest.raises(ConfigError, match=r"file\.pem: not a ") as caught:
        target_at("localhost:1", hosts={"localhost:1": settings}).resolve("v1")
    assert caught.value.code is Code.CONFIG_INVALID


def test_ipv6_hosts_are_reached() -> None:
    with RegistrySimulator(host="::1") as registry:
        sim = simulated(registry)
        assert sim.target.name == f"{registry.host}/org/app"
        root = staged(sim.target, "six")
        assert sim.target.resolve(root.digest) == root.descriptor()


def test_credentials_do_not_follow_a_redirect_to_another_host(sim: Simulated) -> None:
    seen: list[str | None] = []

    def storage(exchange: Exchange) -> None:
        seen.append(exchange.headers.get("Authorization"))
        exchange.reply(200, BLOB.data)

    with HttpServer(storage) as server:
        demand_basic(sim.registry, "ci", "pw-of-transport")
        guard = sim.registry.before

        def redirect(exchange: Exchange) -> bool:
            if guard(exchange):
                return True
            exchange.reply(307, b"", {"Location": f"{server.url}/bucket/blob?Signature=abc"})
            return True

        sim.registry.before = redirect
        known = FixedCredentials({sim.registry.host: Credentials("file", "ci", "pw-of-transport")})
        target = target_at(sim.registry.host, credentials=known)
        assert b"".join(target.open_blob(BLOB.descriptor)) == BLOB.data
    assert seen == [None]


def test_credentials_do_not_follow_the_address_of_an_upload(sim: Simulated) -> None:
    seen: list[str | None] = []

    def storage(exchange: Exchange) -> None:
        seen.append(exchange.headers.get("Authorization"))
        exchange.reply(201)

    with HttpServer(storage) as server:
        demand_basic(sim.registry, "ci", "pw-of-transport")
        guard = sim.registry.before

        def elsewhere(exchange: Exchange) -> bool:
            if guard(exchange):
                return True
            if exchange.method != "POST":
                return False
            exchange.reply(202, b"", {"Location": f"{server.url}/upload?token=secret"})
            return True

        sim.registry.before = elsewhere
        known = FixedCredentials({sim.registry.host: Credentials("file", "ci", "pw-of-transport")})
        target_at(sim.registry.host, credentials=known).put_blob(BLOB.upload())
    assert seen == [None]


def test_a_401_of_another_host_is_not_answered(sim: Simulated) -> None:
    asked: list[str] = []

    def storage(exchange: Exchange) -> None:
        asked.append(exchange.target)
        exchange.reply(401, b"", {"WWW-Authenticate": 'Basic realm="give me your password"'})

    with HttpServer(storage) as server:

        def redirect(exchange: Exchange) -> bool:
            exchange.reply(307, b"", {"Location": f"{server.url}/blob"})
            return True

        sim.registry.before = redirect
        known = FixedCredentials({sim.registry.host: Credentials("file", "ci", "pw-of-transport")})
        target = target_at(sim.registry.host, credentials=known)
        with pytest.raises(RegistryError, match="401 Unauthorized"):
            b"".join(target.open_blob(BLOB.descriptor))
    assert asked == ["/blob"]


def test_credentials_follow_a_redirect_on_the_same_host(sim: Simulated) -> None:
    demand_basic(sim.registry, "ci", "pw-of-transport")
    guard = sim.registry.before

    def moved(exchange: Exchange) -> bool:
        if guard(exchange):
            return True
        if "/moved/" in exchange.path:
            return False
        exchange.reply(308, b"", {"Location": exchange.target.replace("/org/app/", "/moved/app/")})
        return True

    sim.registry.before = moved
    known = FixedCredentials({sim.registry.host: Credentials("file", "ci", "pw-of-transport")})
    target = target_at(sim.registry.host, credentials=known)
    target.put_blob(BLOB.upload())
    assert sim.registry.repository("moved/app").blobs == {BLOB.descriptor.digest: BLOB.data}


def test_redirects_in_a_circle_end(sim: Simulated) -> None:
    def circle(exchange: Exchange) -> bool:
        exchange.reply(302, b"", {"Location": exchange.target})
        return True

    sim.registry.before = circle
    with pytest.raises(RegistryError, match="redirects") as caught:
        b"".join(sim.target.open_blob(BLOB.descriptor))
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert sim.registry.count("GET") == 6


def test_a_body_is_not_sent_after_a_redirect_that_would_drop_it(sim: Simulated) -> None:
    def see_other(exchange: Exchange) -> bool:
        if exchange.method == "PUT":
            exchange.reply(303, b"", {"Location": "/v2/"})
            return True
        return False

    sim.registry.before = see_other
    with pytest.raises(RegistryError, match="303 See Other"):
        sim.target.put_blob(BLOB.upload())


@pytest.mark.parametrize(
    ("base", "location", "expected"),
    [
        ("https://r.example.org/v2/a", "/v2/b?x=1", "https://r.example.org/v2/b?x=1"),
        ("https://r.example.org/v2/a", "https://s.example.org/b", "https://s.example.org/b"),
        ("https://r.example.org/v2/a", "http://r.example.org/b", "https://r.example.org/b"),
        (
            "https://r.example.org:5000/a",
            "http://r.example.org:5000/b",
            "https://r.example.org:5000/b",
        ),
        ("http://localhost:1/a", "http://localhost:2/b", "http://localhost:2/b"),
        ("http://localhost:1/a", "https://s.example.org/b", "https://s.example.org/b"),
    ],
)
def test_where_an_answer_leads(base: str, location: str, expected: str) -> None:
    assert resolve_location(base, location, CALLER) == expected


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("http://elsewhere.example.org/b?Signature=s3cr3t", "leave TLS"),
        ("ftp://r.example.org/b", "is not an HTTP address"),
        ("file:///etc/passwd", "is not an HTTP address"),
        ("\0", "is not a URL"),
        ("http://[::1", "is not a URL"),
        ("https://r.example.org:99999999/b", "is not an HTTP address"),
        (f"https://{'x' * 64}.example.org/b", "is not an HTTP address"),
        (f"https://{'x.' * 130}org/b", "is not an HTTP address"),
    ],
)
def test_where_nothing_is_followed(location: str, problem: str) -> None:
    with pytest.raises(RegistryError, match=problem) as caught:
        resolve_location("https://r.example.org/v2/a", location, CALLER)
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert "s3cr3t" not in caught.value.message


def test_a_name_that_nobody_knows_is_the_network() -> None:
    target = target_at("registry.invalid")
    with pytest.raises(RegistryError, match=r"HEAD https://registry\.invalid/v2/") as caught:
        target.resolve("v1")
    assert (caught.value.code, caught.value.retryable) == (Code.NETWORK_UNREACHABLE, False)


def test_a_refused_connection_is_tried_again_and_is_the_network(sim: Simulated) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    target = target_at(f"127.0.0.1:{port}", sim.clock)
    with pytest.raises(RegistryError, match="refused") as caught:
        target.resolve("v1")
    assert caught.value.code is Code.NETWORK_UNREACHABLE
    assert len(sim.clock.slept) == 3


def test_a_registry_that_says_nothing_is_an_outage(sim: Simulated) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        target = target_at(f"127.0.0.1:{port}", sim.clock, timeouts=Timeouts(read=0.05))
        with pytest.raises(RegistryError, match="no answer in time") as caught:
            target.resolve("v1")
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)


def test_a_connection_that_is_cut_is_an_outage(sim: Simulated) -> None:
    def cut(exchange: Exchange) -> bool:
        exchange.drop()
        return True

    sim.registry.before = cut
    with pytest.raises(RegistryError, match="connection") as caught:
        sim.target.list_tags()
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert sim.registry.count("GET") == 4


def test_a_page_of_a_proxy_is_quoted_and_cut(sim: Simulated) -> None:
    def bad_gateway(exchange: Exchange) -> bool:
        page = b"<html><h1>502 Bad Gateway</h1>" + b"<p>filling</p>" * 100_000
        exchange.reply(502, page, {"Content-Type": "text/html"})
        return True

    sim.registry.before = bad_gateway
    with pytest.raises(RegistryError, match="502 Bad Gateway filling") as caught:
        sim.target.list_tags()
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert len(caught.value.message) < 1000


def test_who_asks_is_said_and_nothing_is_compressed(sim: Simulated) -> None:
    headers: list[tuple[str | None, str | None, str | None]] = []

    def note(exchange: Exchange) -> bool:
        names = ("User-Agent", "Accept-Encoding", "Cookie")
        first, second, third = (exchange.headers.get(name) for name in names)
        headers.append((first, second, third))
        exchange.reply(404, b"", {"Set-Cookie": "session=1; Path=/"})
        return True

    sim.registry.before = note
    sim.target.resolve("v1")
    sim.target.resolve("v1")
    assert set(headers) == {(USER_AGENT, "identity", None)}


def test_proxies_of_the_environment_are_used_but_not_for_this_machine(
    sim: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def proxy(exchange: Exchange) -> None:
        asked.append(exchange.target)
        exchange.reply(404)

    with HttpServer(proxy) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, server.url)
        plain = {"registry.example.org": HostSettings(plain_http=True)}
        assert target_at("registry.example.org", hosts=plain).resolve("v1") is None
        assert sim.target.resolve("v1") is None
    assert asked == ["http://registry.example.org/v2/org/app/manifests/v1"]
    assert sim.registry.count("HEAD") == 1


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:1080", "ftp://proxy.example.org"])
def test_a_proxy_that_cannot_be_used_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(ConfigError, match="proxy variables") as caught:
        target_at("registry.example.org").resolve("v1")
    assert caught.value.code is Code.CONFIG_INVALID


def test_docker_hub_is_asked_at_its_api_host() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url}")
        return httpx.Response(404, stream=httpx.ByteStream(b""))

    options = RegistryOptions(make=lambda: httpx.MockTransport(answer))
    target = RepositoryTarget(Reference.parse("debian"), options)
    assert target.name == "docker.io/library/debian"
    assert target.resolve("12") is None
    target.close()
    assert asked == ["HEAD https://registry-1.docker.io/v2/library/debian/manifests/12"]
