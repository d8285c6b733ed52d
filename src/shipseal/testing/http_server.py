"""A real HTTP server on a free loopback port, whose answers are one Python function.

For what real servers will not do on demand: cut a connection, lie about a digest, ask to wait.
"""

import contextlib
import io
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from shipseal._internal.limits import MIB

_LINGER_OFF = struct.pack("ii", 1, 0)
_NO_BODY = (204, 304)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, before it is sent.

    Attributes:
        status: the status code.
        headers: name and value of each, without ``Content-Length``.
        body: its pieces, as they are written.
        length: ``Content-Length``; None for none, when the end of the connection is the end of the body.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Iterable[bytes]
    length: int | None


class Exchange:
    """One request and its answer.

    Attributes:
        method: in capitals.
        target: path and query as they were sent.
        path: decoded as little as possible: the part of ``target`` before ``?``.
        query: all values of each parameter.
        headers: of the request; names in any case.
        length: of the body in bytes, as announced.
        twists: change the answer, one after another, right before it is sent; None in place of an answer cuts the
            connection.
        cut_after: so many bytes of the body arrive before the connection is lost; None for all. Whoever takes the body
            heeds it.
        sipping: called before each small piece of the body that :meth:`chunks` takes, and that piece's length; None for
            a server that takes what comes.
        dripping: called before each byte of the answer's header; None for a server that sends it at once.
    """

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler
        self.method = handler.command
        self.target = handler.path
        self.path = urlsplit(handler.path).path
        self.query: dict[str, list[str]] = parse_qs(urlsplit(handler.path).query, True)
        self.headers = handler.headers
        self.length = int(handler.headers.get("Content-Length") or 0)
        self.twists: list[Callable[[Reply], Reply | None]] = []
        self.cut_after: int | None = None
        self.sipping: tuple[Callable[[], object], int] | None = None
        self.dripping: Callable[[], object] | None = None
        self._unread = self.length

    @property
    def connection(self) -> socket.socket:
        """The connection, for what is no HTTP any more."""
        connection: socket.socket = self._handler.connection
        return connection

    @property
    def unread(self) -> int:
        """Bytes of the body that nobody has read."""
        return self._unread

    def chunks(self) -> Iterator[bytes]:
        """Yield what is left of the body; ends early when the client goes away."""
        pause, most = self.sipping or (_no_pause, MIB)
        while self._unread:
            pause()
            if not (chunk := self.read(min(self._unread, most))):
                return
            yield chunk

    def read(self, size: int | None = None) -> bytes:
        """Return the next ``size`` bytes of the body, all that is left by default."""
        wanted = self._unread if size is None else min(size, self._unread)
        # A loopback server of a test: the announced length is the limit.
        data = self._handler.rfile.read(wanted)
        self._unread -= len(data)
        return data

    def reply(
        self,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        length: int | None = None,
    ) -> None:
        """Send an answer.

        Args:
            status: the status code.
            body: what follows the headers.
            headers: besides ``Content-Length``.
            length: announced instead of the true length; the connection is cut after the body.
        """
        for _ in self.chunks():
            pass
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        announced = len(body) if length is None else length
        self.send(Reply(status, tuple(pairs), (body,), announced))

    def send(self, reply: Reply) -> None:
        """Send an answer after :attr:`twists`; one of another length than it announces ends with the connection."""
        for twist in self.twists:
            twisted = twist(reply)
            if twisted is None:
                self.drop()
                return
            reply = twisted
        self._send_head(reply)
        if self.method == "HEAD" or reply.status in _NO_BODY:
            return
        sent = 0
        for piece in reply.body:
            self._handler.wfile.write(piece)
            sent += len(piece)
        if reply.length != sent:
            self.drop()

    def _send_head(self, reply: Reply) -> None:
        self._handler.send_response(reply.status)
        for name, value in reply.headers:
            self._handler.send_header(name, value)
        if reply.length is None:
            self._handler.send_header("Connection", "close")
        elif reply.status not in _NO_BODY:
            self._handler.send_header("Content-Length", str(reply.length))
        if self.dripping is None:
            self._handler.end_headers()
        else:
            self._drip_head(self.dripping)

    def _drip_head(self, pause: Callable[[], object]) -> None:
        connection, held = self._handler.wfile, io.BytesIO()
        self._handler.wfile = held
        self._handler.end_headers()
        self._handler.wfile = connection
        for byte in held.getvalue():
            pause()
            connection.write(bytes([byte]))

    def drop(self) -> None:
        """Cut the connection, as a broken network does: what was sent before is delivered, nothing else."""
        self._handler.wfile.flush()
        self._handler.close_connection = True
        connection = self._handler.connection
        with contextlib.suppress(OSError):
            if self._unread:
                # Reset: the client must not be able to write on into a buffer that nobody reads.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
            connection.shutdown(socket.SHUT_WR)


class HttpServer:
    """Serves ``respond`` in threads until it is closed; a context manager.

    Args:
        respond: called for each request; must call :meth:`Exchange.reply` or :meth:`Exchange.drop`.
        tls: serve HTTPS with this context.
        host: an address of this machine; ``::1`` for IPv6.
        port: a free one by default; a server that comes back takes the one that it had.
        unix: a socket file to serve at, in place of an address.
    """

    def __init__(
        self,
        respond: Callable[[Exchange], None],
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        unix: Path | None = None,
    ) -> None:
        self._server = _Server(str(unix) if unix else (host, port), respond, tls)
        self.port: int = 0 if unix else self._server.server_address[1]
        self.netloc = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.netloc}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving, and wait until requests that run have ended."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _no_pause() -> None:
    """Take what comes."""


def _family(address: tuple[str, int] | str) -> socket.AddressFamily:
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Keep-alive connections would hold server_close back until their clients hang up.
    block_on_close = False

    def __init__(
        self,
        address: tuple[str, int] | str,
        respond: Callable[[Exchange], None],
        tls: ssl.SSLContext | None,
    ) -> None:
        self.address_family = _family(address)
        self.respond = respond
        self.tls = tls
        # The base class knows addresses of two parts; for a socket file the family decides what it is.
        handler = _SocketFileHandler if isinstance(address, str) else _Handler
        super().__init__(address, handler)  # type: ignore[arg-type]

    def server_bind(self) -> None:
        # The base class asks the name service for the host's name, which nobody here needs.
        socketserver.TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls is not None:
            # The handshake happens in the request's own thread, at its first read.
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients of tests hang up on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; without this the second waits 40 ms for the client's acknowledgement.
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self.server.respond(Exchange(self))
        with contextlib.suppress(OSError):
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _SocketFileHandler(_Handler):
    # A socket file has no such algorithm, and refuses to be told about it.
    disable_nagle_algorithm = False
