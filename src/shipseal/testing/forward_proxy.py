"""A proxy as ``HTTPS_PROXY`` and ``HTTP_PROXY`` name one: tunnels for TLS, plain HTTP passed on, with faults."""

import base64
import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from shipseal._internal.limits import KIB
from shipseal.testing.http_server import Exchange
from shipseal.testing.reverse_proxy import pass_on
from shipseal.testing.simulator import NotingSimulator

_CHUNK = 64 * KIB
_CONNECT_SECONDS = 10.0


class ForwardProxy(NotingSimulator):
    """Serves until it is closed; a context manager.

    Args:
        hosts: where hosts really are, by ``name:port``: names that no resolver knows can be given to servers of this
            machine. A host that is not in it cannot be reached.
        login: name and password that clients must send; None when anybody may pass.

    Attributes:
        before: called for each request, tunnels too (method ``CONNECT``); returns True when it has answered.
        requests: method and target of each request so far.
        cut_tunnels: the next tunnels are cut after so many bytes each have come back through them.
        url: address, without name and password.
        url_with_login: address as a proxy variable names it.
    """

    def __init__(self, hosts: Mapping[str, str], *, login: tuple[str, str] | None = None) -> None:
        super().__init__()
        self.before: Callable[[Exchange], bool] = lambda exchange: False
        self.cut_tunnels: list[int] = []
        self._hosts = dict(hosts)
        self._login = login
        server = self._serve(self._respond)
        self.url = server.url
        self.url_with_login = (
            self.url if login is None else f"http://{login[0]}:{login[1]}@{server.netloc}"
        )

    def _respond(self, exchange: Exchange) -> None:
        self._note(exchange)
        if not self._may_pass(exchange):
            exchange.reply(407, b"", {"Proxy-Authenticate": 'Basic realm="proxy"'})
        elif self.before(exchange):
            return
        elif exchange.method == "CONNECT":
            self._tunnel(exchange)
        else:
            self._forward(exchange)

    def _may_pass(self, exchange: Exchange) -> bool:
        if self._login is None:
            return True
        wanted = base64.b64encode(":".join(self._login).encode()).decode()
        return exchange.headers.get("Proxy-Authorization") == f"Basic {wanted}"

    def _forward(self, exchange: Exchange) -> None:
        parts = urlsplit(exchange.target)
        there = self._hosts.get(parts.netloc)
        if there is None:
            exchange.reply(502, b"the proxy does not know this host")
            return
        query = f"?{parts.query}" if parts.query else ""
        pass_on(exchange, f"http://{there}", f"{parts.path or '/'}{query}")

    def _tunnel(self, exchange: Exchange) -> None:
        there = self._hosts.get(exchange.target)
        if there is None:
            exchange.reply(502, b"the proxy does not know this host")
            return
        name, _, port = there.rpartition(":")
        server = socket.create_connection((name.strip("[]"), int(port)), _CONNECT_SECONDS)
        server.settimeout(None)
        client = exchange.connection
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        most = self.cut_tunnels.pop(0) if self.cut_tunnels else None
        up = threading.Thread(target=_pump, args=(client, server, None), daemon=True)
        up.start()
        _pump(server, client, most)
        up.join(_CONNECT_SECONDS)
        server.close()
        exchange.drop()


def _pump(source: socket.socket, sink: socket.socket, most: int | None) -> None:
    """Pass on what comes, ``most`` bytes at the most, then end both directions."""
    passed = 0
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data if most is None else data[: most - passed])
            passed += len(data)
            if most is not None and passed >= most:
                break
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
