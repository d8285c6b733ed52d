"""What the simulators share: they serve until they are closed, and many note what they are asked."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Self

from shipseal.testing.http_server import Exchange, HttpServer


class Simulator:
    """Serves until it is closed; a context manager."""

    def __init__(self) -> None:
        self._serving: list[HttpServer] = []

    def _serve(
        self,
        respond: Callable[[Exchange], None],
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        unix: Path | None = None,
    ) -> HttpServer:
        """Begin to serve, see :class:`HttpServer`; requests may come at once, so everything else is there before."""
        server = HttpServer(respond, tls=tls, host=host, unix=unix)
        self._serving.append(server)
        return server

    def close(self) -> None:
        """Stop serving."""
        for server in reversed(self._serving):
            server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class NotingSimulator(Simulator):
    """A simulator that keeps what it is asked.

    Attributes:
        requests: method and target of each request so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[str] = []

    def count(self, method: str, part: str = "") -> int:
        """Return how many requests had that method, and ``part`` in their target."""
        return sum(one.startswith(f"{method} ") and part in one for one in self.requests)

    def _note(self, exchange: Exchange) -> None:
        self.requests.append(f"{exchange.method} {exchange.target}")
