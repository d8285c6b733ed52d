"""Clients that end when the other side is too slow, however it is slow: a socket's timeout begins anew with each byte.

What httpx bounds is the silence between two bytes. Here is bounded what that lets through:

- the header of an answer is there within the request's ``read`` timeout, counted from the request's last byte;
- bodies keep a pace in either direction (:mod:`shipseal._internal.pace`), as bytes of the connection and as bytes of
  the content: the sizes of chunks can be sent without an end as well;
- an answer that has to be whole in time (:data:`WHOLE_WITHIN`) is.

All of it happens in the reads and writes of the thread that asks; nothing else runs.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from typing import Any, cast

import httpcore
import httpx

from shipseal._internal.clock import Clock
from shipseal._internal.limits import KIB
from shipseal._internal.pace import Pace, TooSlowError

WHOLE_WITHIN = "shipseal.whole_within"
"""Extension of a request: seconds from the header of its answer to the end of its body."""

# What is handed over at once. A piece ends before its pace is judged, and each part of it that the system takes may
# wait for a timeout: so it must be small beside the system's own buffer. To a peer that takes pieces as quickly as they
# come larger ones are given, because each costs.
_PIECE = 64 * KIB
_LARGEST_PIECE = 1024 * KIB
_QUICK_SECONDS = 0.05


def paced(client: httpx.Client, clock: Clock) -> httpx.Client:
    """Return ``client``, its connections and answers bounded from now on.

    Args:
        client: not used yet; transports in it that are not httpx's own keep their ways of connecting.
        clock: tells how long the other side takes.
    """
    # httpx has no public way to say how its proxies are connected to; pyproject.toml holds the versions that have this.
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - see above
        if isinstance(transport, httpx.HTTPTransport):
            pool = transport._pool  # noqa: SLF001
            pool._network_backend = _Backend(pool._network_backend, clock)  # noqa: SLF001
    hooks = client.event_hooks
    client.event_hooks = hooks | {"response": [*hooks["response"], _header_has_come(clock)]}
    return client


def _header_has_come(clock: Clock) -> Callable[[httpx.Response], None]:
    def note(response: httpx.Response) -> None:
        connection = response.extensions.get("network_stream")
        if isinstance(connection, PacedStream):
            connection.header_has_come(response.request.extensions.get(WHOLE_WITHIN))
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Content(response.stream, Pace(clock))

    return note


class _Phase(Enum):
    REQUEST = auto()
    HEADER = auto()
    BODY = auto()


class PacedStream(httpcore.NetworkStream):
    """One connection, on which one request follows another.

    Args:
        inner: what really sends and receives.
        clock: tells how long the other side takes.
    """

    def __init__(self, inner: httpcore.NetworkStream, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._phase = _Phase.BODY
        self._pace = Pace(clock)
        self._piece = _PIECE
        self._asked = 0.0
        self._begun = False
        self._within: float | None = None
        self._since = 0.0

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of ``buffer``.

        Raises:
            TooSlowError: the other side takes it too slowly.
        """
        if self._phase is not _Phase.REQUEST:
            self._phase, self._pace = _Phase.REQUEST, Pace(self._clock)
        left = memoryview(buffer)
        while left:
            piece, left = left[: self._piece], left[self._piece :]
            since = self._pace.now()
            # A socket takes a view as it takes bytes, and nothing is copied.
            self._inner.write(cast(bytes, piece), timeout)
            quick = self._pace.moved(len(piece), since) < _QUICK_SECONDS
            self._piece = min(self._piece * 2, _LARGEST_PIECE) if quick else _PIECE

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next; nothing at the end.

        Raises:
            TooSlowError: the header does not end, or the body comes too slowly.
        """
        if self._phase is _Phase.BODY:
            return self._body(max_bytes, timeout)
        if self._phase is _Phase.REQUEST:
            self._phase, self._begun = _Phase.HEADER, False
            self._asked = self._clock.monotonic()
        return self._header(max_bytes, timeout)

    def header_has_come(self, within: float | None) -> None:
        """Let what follows be the body, which has to end ``within`` seconds if that is given."""
        self._phase, self._pace = _Phase.BODY, Pace(self._clock)
        self._within, self._since = within, self._clock.monotonic()

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return the same connection, under TLS from now on."""
        return PacedStream(
            self._inner.start_tls(ssl_context, server_hostname, timeout), self._clock
        )

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)

    def _header(self, max_bytes: int, timeout: float | None) -> bytes:
        if timeout is None or not self._begun:
            data = self._inner.read(max_bytes, timeout)
            self._begun = True
            return data
        problem = f"the header of the answer has no end after {round(timeout, 1):g} s"
        left = self._asked + timeout - self._clock.monotonic()
        if left <= 0:
            raise TooSlowError(problem)
        try:
            return self._inner.read(max_bytes, left)
        except httpcore.ReadTimeout as error:
            raise TooSlowError(problem) from error

    def _body(self, max_bytes: int, timeout: float | None) -> bytes:
        since = self._pace.now()
        data = self._inner.read(max_bytes, timeout)
        if data:
            self._pace.moved(len(data), since)
            if self._within is not None and self._clock.monotonic() - self._since > self._within:
                raise TooSlowError(f"the answer has no end after {self._within:g} s")
        return data


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return PacedStream(stream, self._clock)


class _Content(httpx.SyncByteStream):
    """The body of an answer, as what is in it."""

    def __init__(self, stream: httpx.SyncByteStream, pace: Pace) -> None:
        self._stream = stream
        self._pace = pace

    def __iter__(self) -> Iterator[bytes]:
        since = self._pace.now()
        for chunk in self._stream:
            self._pace.moved(len(chunk), since)
            yield chunk
            since = self._pace.now()

    def close(self) -> None:
        self._stream.close()
