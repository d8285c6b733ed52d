"""How slowly the other side may move bytes: never silent for long is not enough, it must come to an end.

A server that sends one byte before each timeout runs out would hold a release for ever; so would a gateway whose line
has all but died. What is counted is the time that the other side took, not that of our own disk.
"""

import httpx

from shipseal._internal.clock import Clock
from shipseal._internal.limits import KIB

# Seconds of waiting after which the pace is judged, and the least bytes that each of them must have moved: a tenth of
# what the slowest line carries that anybody still pushes images over.
WINDOW_SECONDS = 60.0
LEAST_PER_SECOND = KIB


class TooSlowError(httpx.TimeoutException):
    """The other side moves bytes, but so few that it would never end."""


class Pace:
    """Watches one transfer in one direction.

    Args:
        clock: tells how long the other side took.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waited = 0.0
        self._moved = 0

    def now(self) -> float:
        """Return the time to give to :meth:`moved` later."""
        return self._clock.monotonic()

    def moved(self, size: int, since: float) -> float:
        """Count ``size`` bytes that the other side gave or took since :meth:`now` said ``since``; return the seconds.

        Raises:
            TooSlowError: it is too slow.
        """
        took = self._clock.monotonic() - since
        self._waited += took
        self._moved += size
        if self._waited < WINDOW_SECONDS:
            return took
        if self._moved < LEAST_PER_SECOND * self._waited:
            raise TooSlowError(
                f"the other side is too slow: {self._moved} bytes in {self._waited:.0f} s"
            )
        self._waited, self._moved = 0.0, 0
        return took
