"""One HTTP client for everything that is asked on behalf of one target: TLS, proxies, timeouts, redirects.

Redirects are followed here and not by httpx, because the ``Authorization`` header must never reach another host
(distribution-spec, and CVE-2020-15157), and because a body has to be opened again.
"""

import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import MappingProxyType

import httpx

from shipseal._internal.clock import Clock, SystemClock
from shipseal._internal.paced_client import WHOLE_WITHIN, paced
from shipseal._internal.web_clients import USER_AGENT, unusable_proxies
from shipseal.errors import Code, RegistryError
from shipseal.registry.errors import Caller, described, shown, transport_error
from shipseal.registry.hosts import HostSettings, is_loopback
from shipseal.registry.tls import tls_context

_NONE: Mapping[str, str] = MappingProxyType({})
_MAX_REDIRECTS = 5
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_HOST_MAX, _PORT_MAX = 253, 65535
_CHANGES_METHOD = frozenset({301, 302, 303})
_KEEPS_METHOD = frozenset({307, 308})
_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=30.0)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds after which a silent peer counts as gone.

    Attributes:
        connect: until a connection stands.
        read: from the whole request to the end of its answer's header, then between two pieces of its body.
        write: until a piece of a body has been taken.
        commit: until the header of the answer to a whole body: registries hash and move large blobs before they answer.
        answer: from there until all of an answer has come that is kept in memory, however steadily it comes.
    """

    connect: float = 10.0
    read: float = 60.0
    write: float = 60.0
    commit: float = 600.0
    answer: float = 120.0


@dataclass(frozen=True, slots=True)
class Body:
    """What a request sends.

    Attributes:
        size: in bytes.
        open: returns the chunks from the beginning, each time it is called.
    """

    size: int
    open: Callable[[], Iterator[bytes]]

    @classmethod
    def of(cls, data: bytes) -> "Body":
        """Return ``data`` as a body."""
        return cls(len(data), lambda: iter((data,)))


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it goes over the wire.

    Attributes:
        method: in capitals.
        url: absolute.
        headers: without ``Authorization`` and ``Content-Length``.
        body: None for none.
        slow: whether the answer may take as long as moving a large blob takes.
        whole: whether the answer is kept in memory, so that it has to end in time.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    body: Body | None = None
    slow: bool = False
    whole: bool = True


class Transport:
    """Sends calls. Safe to use from several threads.

    Args:
        hosts: settings of hosts, by host and port.
        home: settings of the target's own registry; its ``ca`` is trusted too at the hosts that it sends us to.
        timeouts: see :class:`Timeouts`.
        make: makes the part of httpx that opens connections; None for httpx's own.
        clock: tells how long answers take.
    """

    def __init__(
        self,
        hosts: Mapping[str, HostSettings],
        home: HostSettings,
        *,
        timeouts: Timeouts | None = None,
        make: Callable[[], httpx.BaseTransport] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._hosts = dict(hosts)
        self._elsewhere = HostSettings(ca=home.ca)
        self._timeouts = timeouts or Timeouts()
        self._make = make
        self._lock = threading.Lock()
        self._clients: dict[tuple[HostSettings, bool, bool], httpx.Client] = {}

    def send(self, call: Call, authorization: str, caller: Caller) -> httpx.Response:
        """Return the answer to ``call``, its body unread; the caller closes it.

        Args:
            call: what to ask.
            authorization: the header; empty for none. It is sent to the call's own host only.
            caller: for messages.

        Raises:
            RegistryError: no answer came (``network.unreachable``, ``tls.untrusted``, ``service.outage``), or a
                redirect goes where none may go.
        """
        home = origin(httpx.URL(call.url))
        for _ in range(_MAX_REDIRECTS + 1):
            url = httpx.URL(call.url)
            response = self._send_once(call, authorization if origin(url) == home else "", caller)
            following = _redirected(call, response, caller)
            if following is None:
                return response
            response.close()
            call = following
        raise RegistryError(
            Code.SERVICE_OUTAGE,
            f"{caller.target}: {described(call.method, call.url)}: more than {_MAX_REDIRECTS} redirects",
            hint="the registry, or a proxy before it, sends requests in a circle",
            context={"target": caller.target},
        )

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def settings_for(self, netloc: str) -> HostSettings:
        """Return the settings of a host (with its port)."""
        return self._hosts.get(netloc, self._elsewhere)

    def _send_once(self, call: Call, authorization: str, caller: Caller) -> httpx.Response:
        client = self._client(httpx.URL(call.url))
        headers = dict(call.headers)
        if authorization:
            headers["Authorization"] = authorization
        if call.body is not None:
            headers["Content-Length"] = str(call.body.size)
        elif call.method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        request = client.build_request(
            call.method,
            call.url,
            headers=headers,
            content=call.body.open() if call.body else None,
            timeout=self._timeout(call),
            extensions={WHOLE_WITHIN: self._timeouts.answer} if call.whole else None,
        )
        try:
            return client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise transport_error(error, caller, described(call.method, call.url)) from error

    def _timeout(self, call: Call) -> httpx.Timeout:
        times = self._timeouts
        read = times.commit if call.slow else times.read
        return httpx.Timeout(connect=times.connect, read=read, write=times.write, pool=None)

    def _client(self, url: httpx.URL) -> httpx.Client:
        netloc = url.netloc.decode("ascii")
        # No proxy can reach this machine's own addresses, whatever the variables say (as Go's programs do).
        key = (self.settings_for(netloc), not is_loopback(netloc), url.scheme == "https")
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._new_client(key[0], through_proxies=key[1], tls=key[2])
            return self._clients[key]

    def _new_client(
        self, settings: HostSettings, *, through_proxies: bool, tls: bool
    ) -> httpx.Client:
        # Reading all authorities takes 40 ms; a client for plain HTTP trusts none.
        context = tls_context(settings) if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            client = httpx.Client(
                verify=context,
                trust_env=through_proxies,
                transport=self._make() if self._make else None,
                limits=_LIMITS,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise unusable_proxies(error) from error
        return paced(client, self._clock)


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return what decides whether two URLs are the same place: scheme, host, and port."""
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port or default


def _redirected(call: Call, response: httpx.Response, caller: Caller) -> Call | None:
    """Return the call that a redirect asks for, None when the answer is none that may be followed."""
    location = response.headers.get("location")
    status = response.status_code
    # A redirect that turns every method into GET says nothing about a body that was not taken.
    reads = call.method in ("GET", "HEAD")
    if not location or not (status in _KEEPS_METHOD or (reads and status in _CHANGES_METHOD)):
        return None
    url = resolve_location(call.url, location, caller)
    # The body of a POST is what a token server is told, a refresh token among it.
    if (
        call.method == "POST"
        and call.body
        and origin(httpx.URL(url)) != origin(httpx.URL(call.url))
    ):
        return None
    return replace(call, url=url)


def is_address(url: httpx.URL) -> bool:
    """Return whether ``url``, which a server sent, can be asked at all: the layers below fail on what is not."""
    names = url.host.rstrip(".").split(".") if ":" not in url.host else ()
    return (
        url.scheme in ("http", "https")
        and 0 < len(url.host) <= _HOST_MAX
        and all(_LABEL.fullmatch(name) for name in names)
        and (url.port is None or 0 < url.port <= _PORT_MAX)
    )


def resolve_location(base: str, location: str, caller: Caller) -> str:
    """Return ``location``, a header of the answer to ``base``, as an absolute URL that may be asked.

    A registry behind a proxy that ends TLS often calls itself ``http``: on the same host that is read as ``https``.

    Raises:
        RegistryError: it leads from TLS to plain HTTP on another host, or to something that is not HTTP.
    """
    here = httpx.URL(base)
    try:
        url = here.join(location)
    except httpx.InvalidURL as error:
        raise _bad_location(caller, location, "is not a URL") from error
    if not is_address(url):
        raise _bad_location(caller, location, "is not an HTTP address")
    if here.scheme == "https" and url.scheme == "http":
        if url.host != here.host:
            raise _bad_location(caller, location, "would leave TLS for plain HTTP")
        url = url.copy_with(scheme="https")
    return str(url)


def _bad_location(caller: Caller, location: str, problem: str) -> RegistryError:
    return RegistryError(
        Code.SERVICE_OUTAGE,
        f"{caller.target}: sends us to {shown(location)!r}, which {problem}",
        hint="the registry, or a proxy before it, is set up wrongly",
        context={"target": caller.target},
    )
