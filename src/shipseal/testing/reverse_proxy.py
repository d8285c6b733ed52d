"""A proxy in front of a real registry, that passes everything on except where a plan of faults strikes."""

import ssl
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from shipseal._internal.limits import KIB
from shipseal.testing.http_server import Exchange, Reply
from shipseal.testing.simulator import NotingSimulator

_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
_CHUNK = 64 * KIB
_PATIENCE_SECONDS = 60.0


class ReverseProxy(NotingSimulator):
    """Stands before one server until it is closed; a context manager.

    Clients see one registry: the ``Host`` header is passed on, so that addresses in answers lead here again.

    Args:
        upstream: scheme, host and port of the real server.
        ca: authority of its certificate, for ``https``.
        tls: serve HTTPS with this context.
        host: an address of this machine to listen at; ``::1`` for IPv6.

    Attributes:
        before: called for each request; returns True when it has answered. A plan of
            :class:`~shipseal.testing.faults.Faults` fits.
        requests: method and target of each request so far.
        host: address and port, as in a reference.
    """

    def __init__(
        self,
        upstream: str,
        *,
        ca: Path | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__()
        self.before: Callable[[Exchange], bool] = lambda exchange: False
        self._upstream = upstream
        self._context = ssl.create_default_context(cafile=ca) if ca else None
        server = self._serve(self._respond, tls=tls, host=host)
        self.host, self.url = server.netloc, server.url

    def _respond(self, exchange: Exchange) -> None:
        self._note(exchange)
        if not self.before(exchange):
            pass_on(exchange, self._upstream, exchange.target, self._context)


def pass_on(
    exchange: Exchange, upstream: str, target: str, context: ssl.SSLContext | None = None
) -> None:
    """Ask ``upstream`` what was asked here, and send its answer; 502 when it cannot be reached.

    Args:
        exchange: the request.
        upstream: scheme, host and port.
        target: path and query to ask for.
        context: whom to trust there, for ``https``.
    """
    connection = _connection(upstream, context)
    try:
        response = _asked(exchange, connection, target)
        if response is None:
            exchange.drop()
        else:
            exchange.send(_reply(response))
    except (OSError, HTTPException):
        exchange.reply(502, b"the server behind the proxy cannot be reached")
    finally:
        connection.close()


def _connection(upstream: str, context: ssl.SSLContext | None) -> HTTPConnection:
    parts = urlsplit(upstream)
    if parts.scheme == "https":
        return HTTPSConnection(parts.netloc, timeout=_PATIENCE_SECONDS, context=context)
    return HTTPConnection(parts.netloc, timeout=_PATIENCE_SECONDS)


def _asked(exchange: Exchange, connection: HTTPConnection, target: str) -> HTTPResponse | None:
    """Return the answer; None when the request did not come whole."""
    connection.putrequest(exchange.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in exchange.headers.items():
        if name.lower() not in _HOP_BY_HOP:
            connection.putheader(name, value)
    connection.endheaders()
    if exchange.cut_after is not None:
        connection.send(exchange.read(exchange.cut_after))
        return None
    for chunk in exchange.chunks():
        connection.send(chunk)
    return None if exchange.unread else connection.getresponse()


def _reply(response: HTTPResponse) -> Reply:
    kept = tuple(
        pair
        for pair in response.getheaders()
        if pair[0].lower() not in (*_HOP_BY_HOP, "content-length", "server", "date")
    )
    length = response.getheader("Content-Length")
    return Reply(response.status, kept, _body(response), int(length) if length else None)


def _body(response: HTTPResponse) -> Iterator[bytes]:
    while chunk := response.read(_CHUNK):
        yield chunk
