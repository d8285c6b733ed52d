"""Whoever is asked may send a byte every few seconds for ever: every client of a release ends all the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipseal._internal.limits import KIB, Limit
from shipseal._internal.progress import SilentTransfer
from shipseal._internal.retry import RetryPolicy
from shipseal.advisories.feeds import Version
from shipseal.attest.trust_root_source import TufPlaces
from shipseal.attest.tuf_refresh import refresh_tuf
from shipseal.attest.web import Ask, Patience, Web
from shipseal.errors import Code, ShipsealError
from shipseal.github.hosts import GitHubHost
from shipseal.github.rest import GitHubRest
from shipseal.registry.credentials import Credentials
from shipseal.registry.errors import Caller
from shipseal.registry.hosts import HostSettings
from shipseal.registry.tokens import TokenOrder, TokenServerClient
from shipseal.registry.transport import Transport
from shipseal.testing.http_server import Exchange, HttpServer
from shipseal.wiring.feed_web import FeedWeb
from tests.support.clocks import StoppedClock, ticking
from tests.support.tuf_repository import TufRepository

Asks = Callable[[str, StoppedClock, Path], None]
# One try: what is tried again is bounded elsewhere.
_ONCE = RetryPolicy(tries=1)


def signing_service(url: str, clock: StoppedClock, _: Path) -> None:
    web = Web(clock, Patience(answer=30.0, deadline=0.0))
    try:
        web.ask(Ask("log", "POST", url, body=b"{}"))
    finally:
        web.close()


def github(url: str, clock: StoppedClock, _: Path) -> None:
    rest = GitHubRest(GitHubHost("github.test", url, url), clock, _ONCE)
    try:
        rest.get(f"{url}/repos", Limit("answer", KIB, "it is short"))
    finally:
        rest.close()


def token_server(url: str, clock: StoppedClock, _: Path) -> None:
    transport = Transport({}, HostSettings(), clock=clock)
    tokens = TokenServerClient("127.0.0.1:1", secure=False, transport=transport)
    order = TokenOrder(f"{url}/token", "s", (), Credentials("test", "u", "p"), "", Caller("t"))
    try:
        tokens.fetch(order)
    finally:
        transport.close()


def trusted_roots(url: str, clock: StoppedClock, folder: Path) -> None:
    root = TufRepository({"trusted_root.json": b"{}"}).root
    (folder / "root.json").write_bytes(root)
    refresh_tuf(TufPlaces(url, folder, folder), clock)


def advisories(url: str, clock: StoppedClock, folder: Path) -> None:
    web = FeedWeb({}, clock, _ONCE)
    try:
        web(f"{url}/all.zip", folder / "all.zip", Version(), SilentTransfer())
    finally:
        web.close()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def url(clock: StoppedClock) -> Iterator[str]:
    def respond(exchange: Exchange) -> None:
        exchange.dripping = ticking(clock, 13)
        exchange.reply(200, b"{}")

    with HttpServer(respond) as server:
        yield server.url


@pytest.mark.parametrize("asks", [signing_service, github, token_server, trusted_roots, advisories])
def test_a_header_that_drips_ends_the_request(
    asks: Asks, url: str, clock: StoppedClock, tmp_path: Path
) -> None:
    with pytest.raises(ShipsealError, match="header of the answer has no end after") as caught:
        asks(url, clock, tmp_path)
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)
