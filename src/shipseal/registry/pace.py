"""How slowly the other side may move bytes: never silent for long is not enough, it must come to an end.

A server that sends one byte before each timeout runs out would hold a release for ever; so would a gateway whose line
has all but died. What is counted is the time that the other side took, not that of our own disk.
"""

from collections.abc import Iterator

import httpx

from shipseal._internal.clock import Clock
from shipseal._internal.limits import KIB
from shipseal.errors import Code, RegistryError

# Seconds of waiting after which the pace is judged, and the least bytes that each of them must have moved: a tenth of
# what the slowest line carries that anybody still pushes images over.
WINDOW_SECONDS = 60.0
LEAST_PER_SECOND = KIB


class SlowPeerError(RegistryError):
    """The other side moves bytes, but so few that it would never end. Trying again begins with nothing gained."""


class Pace:
    """Watches one transfer.

    Args:
        clock: tells how long the other side took.
        target: name of the target, for messages.
        request: method and redacted URL, likewise.
        most: seconds of waiting that the whole transfer may take; None for any time at a fair pace.
    """

    def __init__(self, clock: Clock, target: str, request: str, *, most: float | None) -> None:
        self._clock = clock
        self._target = target
        self._request = request
        self._most = most
        self._total = 0.0
        self._waited = 0.0
        self._moved = 0

    def now(self) -> float:
        """Return the time to give to :meth:`moved` later."""
        return self._clock.monotonic()

    def moved(self, size: int, since: float) -> None:
        """Count ``size`` bytes that the other side gave or took since :meth:`now` said ``since``.

        Raises:
            SlowPeerError: ``service.outage``: it is too slow.
        """
        waited = self.now() - since
        self._total += waited
        self._waited += waited
        self._moved += size
        if self._most is not None and self._total > self._most:
            raise self._too_slow(f"no end after {self._total:.0f} s")
        if self._waited >= WINDOW_SECONDS:
            if self._moved < LEAST_PER_SECOND * self._waited:
                raise self._too_slow(f"{self._moved} bytes in {self._waited:.0f} s")
            self._waited, self._moved = 0.0, 0

    def watched(self, stream: httpx.SyncByteStream) -> httpx.SyncByteStream:
        """Return the body of an answer so that reading it is watched."""
        return _Watched(stream, self)

    def _too_slow(self, got: str) -> SlowPeerError:
        return SlowPeerError(
            Code.SERVICE_OUTAGE,
            f"{self._target}: {self._request}: the other side is too slow: {got}",
            hint="the registry, or a proxy before it, is overloaded; run the same command again",
            context={"target": self._target},
            retryable=True,
        )


class _Watched(httpx.SyncByteStream):
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
