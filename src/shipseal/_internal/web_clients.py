"""The HTTP clients of one room: one for each way to get somewhere, made when it is needed."""

import ssl
import threading
import weakref
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from shipseal import __version__
from shipseal._internal.clock import Clock
from shipseal._internal.loopback import is_own
from shipseal._internal.paced_client import paced
from shipseal._internal.redact import redact
from shipseal.errors import ConfigError

USER_AGENT = f"shipseal/{__version__}"


class WebClients:
    """Clients by whether they use proxies, and TLS. Safe to use from several threads.

    Args:
        connections: how many may be open at once; half of them are kept for the next request.
        headers: sent with every request, besides who we are.
        clock: tells how long the other side takes.
    """

    def __init__(self, connections: int, headers: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._limits = httpx.Limits(
            max_connections=connections,
            max_keepalive_connections=connections // 2,
            keepalive_expiry=30.0,
        )
        self._headers = {"User-Agent": USER_AGENT, **headers}
        self._lock = threading.Lock()
        self._clients: dict[tuple[bool, bool], httpx.Client] = {}
        # Clients are used until nobody needs them, and nobody is told when that is.
        weakref.finalize(self, _close, self._clients)

    def client(self, url: str) -> httpx.Client:
        """Return the client for an address.

        Raises:
            ConfigError: the proxy variables cannot be used.
        """
        # No proxy can reach this machine's own addresses, whatever the variables say (as Go's programs do).
        key = (is_own(url), urlsplit(url).scheme == "https")
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(proxies=not key[0], tls=key[1])
            return self._clients[key]

    def close(self) -> None:
        """Close all connections; who forgets it leaves none behind."""
        with self._lock:
            _close(self._clients)

    def _made(self, *, proxies: bool, tls: bool) -> httpx.Client:
        try:
            client = httpx.Client(
                # Reading all authorities takes 40 ms; a client for plain HTTP trusts none.
                verify=trusted_roots() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                trust_env=proxies,
                limits=self._limits,
                headers=self._headers,
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise unusable_proxies(error) from error
        return paced(client, self._clock)


def _close(clients: dict[tuple[bool, bool], httpx.Client]) -> None:
    for client in clients.values():
        client.close()
    clients.clear()


def trusted_roots() -> ssl.SSLContext:
    """Return a context that trusts Mozilla's authorities, or those of ``SSL_CERT_FILE``, and the system's own."""
    # httpx brings Mozilla's authorities, for machines that have none; the system's own come on top.
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def unusable_proxies(error: Exception) -> ConfigError:
    """Return the error for a proxy variable that has another scheme, or wants SOCKS, which is a further package."""
    return ConfigError(
        f"the proxy variables cannot be used: {redact(str(error))}",
        hint="set HTTPS_PROXY, HTTP_PROXY and ALL_PROXY to http:// or https:// addresses",
    )
