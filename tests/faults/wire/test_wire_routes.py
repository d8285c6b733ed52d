"""Ways to a registry: IPv6, proxies, tunnels, certificates. Whole releases, first with the fault and then without."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shipseal.registry.hosts import HostSettings
from shipseal.release.context import Mode
from shipseal.release.result import ReleaseResult, Status
from shipseal.testing import fault_kinds as kinds
from shipseal.testing.certificates import CertificateAuthority
from shipseal.testing.faults import Faults
from shipseal.testing.forward_proxy import ForwardProxy
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.faults.wire_rows import PLACES
from tests.support.release_bench import Bench
from tests.support.simulated import NAME, POLICY, close_all, target_at
from tests.support.wire_faults import SIGNED

HOST = "registry.test:5000"
LOGIN = ("proxy-user", "proxy-secret")


@dataclass
class Route:
    """A release to a layout and to a registry behind something.

    Attributes:
        folder: everything lies below it.
        setenv: sets a variable.
        bench: the release.
        asked: returns how often the registry, or the proxy before it, was asked.
        mend: lets the fault be gone.
        secrets: what no message may show.
    """

    folder: Path
    setenv: Callable[[str, str], None]
    stack: ExitStack = field(default_factory=ExitStack)
    asked: Callable[[], int] = lambda: 0
    mend: Callable[[], object] = lambda: None
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.bench = Bench(self.folder / "bench")
        self.stack.callback(close_all)

    def to(self, host: str, **settings: object) -> None:
        """Release to the repository at ``host``."""
        hosts = {host: HostSettings(**settings)}  # type: ignore[arg-type]
        second = target_at(host, self.bench.clock, hosts=hosts)
        self.bench.targets = (self.bench.targets[0], second)

    def registry(self, **knobs: object) -> RegistrySimulator:
        """Run a registry."""
        return self.stack.enter_context(RegistrySimulator(**knobs))  # type: ignore[arg-type]

    def secure(self, *names: str) -> tuple[RegistrySimulator, Path]:
        """Run a registry with TLS; returns its authority too."""
        authority = CertificateAuthority(self.folder / "tls")
        pair = authority.issue("server", *names)
        return self.registry(tls=pair.server_context()), authority.certificate

    def proxy(self, hosts: dict[str, str], *, login: tuple[str, str] | None = None) -> ForwardProxy:
        """Run a proxy, and let the variables name it."""
        proxy = self.stack.enter_context(ForwardProxy(hosts, login=login))
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            self.setenv(name, proxy.url_with_login)
        self.asked = lambda: len(proxy.requests)
        self.secrets = LOGIN[1:]
        return proxy

    def tunnelled(self, *, login: tuple[str, str] | None = None) -> ForwardProxy:
        """Run a registry with TLS that only a proxy reaches."""
        registry, ca = self.secure(HOST.partition(":")[0])
        proxy = self.proxy({HOST: registry.host}, login=login)
        self.to(HOST, ca=ca)
        return proxy


def ipv6(route: Route) -> None:
    registry = route.registry(host="::1")
    assert registry.host.startswith("[::1]:")
    route.to(registry.host)
    route.asked = lambda: len(registry.requests)


def plain_proxy(route: Route) -> None:
    registry = route.registry()
    route.proxy({HOST: registry.host})
    route.to(HOST, plain_http=True)


def tunnel_with_login(route: Route) -> None:
    route.tunnelled(login=LOGIN)


def wrong_login(route: Route) -> None:
    proxy = route.tunnelled(login=LOGIN)
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        route.setenv(name, proxy.url_with_login.replace(LOGIN[1], "another-secret"))
    route.secrets = ("another-secret",)
    route.mend = lambda: _again(route, proxy.url_with_login)


def _again(route: Route, url: str) -> None:
    """Connect anew with right variables, as a new process does."""
    route.setenv("HTTPS_PROXY", url)
    route.to(HOST, ca=route.folder / "tls" / "ca.pem")


def _struck(route: Route, status: int) -> None:
    proxy, faults = route.tunnelled(login=LOGIN), Faults()
    faults.add(kinds.refuse(status), "CONNECT")
    proxy.before, route.mend = faults, faults.clear


def forbidden(route: Route) -> None:
    _struck(route, 403)


def unreachable(route: Route) -> None:
    _struck(route, 503)


def cut_tunnel(route: Route) -> None:
    route.tunnelled().cut_tunnels = [3000, 3000]


def no_proxy(route: Route) -> None:
    proxy = route.tunnelled()
    route.setenv("NO_PROXY", HOST.partition(":")[0])
    route.to(HOST, ca=route.folder / "tls" / "ca.pem")
    route.asked = lambda: 1  # a name that is not known is no request

    def mend() -> None:
        assert proxy.requests == []
        assert route.bench.clock.slept == []
        route.setenv("NO_PROXY", "other.test")
        _again(route, proxy.url)

    route.mend = mend


def untrusted(route: Route) -> None:
    registry, ca = route.secure()
    route.to(registry.host, plain_http=False)
    route.asked = lambda: 1  # a connection that is refused by the client is no request
    route.mend = lambda: route.to(registry.host, ca=ca)


def another_name(route: Route) -> None:
    registry, ca = route.secure("elsewhere.test")
    other = CertificateAuthority(route.folder / "other")
    pair = other.issue("server")
    good = route.registry(tls=pair.server_context())
    route.to(registry.host, ca=ca)
    route.asked = lambda: 1
    route.mend = lambda: route.to(good.host, ca=other.certificate)


def nobody(route: Route) -> None:
    registry = route.registry()
    with RegistrySimulator() as gone:
        host = gone.host
    route.to(host)
    route.mend = lambda: route.to(registry.host)


CASES: dict[str, Callable[[Route], None]] = {
    "the registry has only an IPv6 address": ipv6,
    "all of it goes through an HTTP proxy": plain_proxy,
    "all of it goes through a tunnel of a proxy with a login": tunnel_with_login,
    "the proxy wants another login": wrong_login,
    "the proxy lets nobody pass to the registry": forbidden,
    "the proxy does not reach the registry": unreachable,
    "the tunnel is cut, twice": cut_tunnel,
    "`NO_PROXY` names the registry, which only the proxy reaches": no_proxy,
    "an authority that nobody trusts": untrusted,
    "the certificate is for another name": another_name,
    "nobody listens": nobody,
}
ROWS = [row for row in PLACES if row.step == "everywhere"]


@pytest.fixture
def route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Route]:
    made = Route(tmp_path, monkeypatch.setenv)
    with made.stack:
        yield made


def test_every_route_is_in_the_table() -> None:
    assert {row.fault for row in ROWS} == CASES.keys()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_release_over_this_route(route: Route, row: "object") -> None:
    (found,) = [one for one in ROWS if one is row]
    CASES[found.fault](route)
    result = route.bench.run()
    expect_end(route, result, found.outcome, found.code and str(found.code), int(found.exit))
    if found.code is None:
        assert route.asked() > 0
    elif result.status == Status.FAILED:
        assert route.asked() == 1
    else:
        assert len(route.bench.clock.slept) == POLICY.tries - 1
    if found.code is not None:
        route.mend()
        route.bench.mode = Mode(resumed=True)
        assert route.bench.run().status == Status.DONE
    digest = route.bench.sample.digest
    assert list(map(tags_of(route), (0, 1))) == [{"1.0.0": digest, "latest": digest}] * 2
    assert len(set(route.bench.signer.signed)) == len(route.bench.signer.signed) == SIGNED


def tags_of(route: Route) -> Callable[[int], dict[str, str]]:
    def tags(number: int) -> dict[str, str]:
        return {tag: one for tag, one in route.bench.tags_at(number).items() if "-" not in tag}

    return tags


def expect_end(
    route: Route, result: ReleaseResult, status: str, code: str | None, exit_: int
) -> None:
    assert (result.status, result.code, result.exit) == (status, code, exit_), result.message
    assert not any(secret in f"{result.message}{result.hint}" for secret in route.secrets)
    if code is not None:
        assert NAME in result.message
        assert tags_of(route)(0) == {}
