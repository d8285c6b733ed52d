"""How often a long transfer may break: tries are counted since it last got on, not since it began.

A transfer of many minutes over a bad line must not fail for its fifth interruption, nor because it took longer than a
retry may take; one that stays where it is must. So the deadline counts only the time in which no byte moved: waits
between the tries, and the silence before each break.
"""

from shipseal._internal.clock import Clock
from shipseal._internal.limits import KIB
from shipseal._internal.retry import RetryPolicy, backoff
from shipseal.errors import ShipsealError
from shipseal.registry.errors import SlowPeerError

# What a transfer must have gained for its breaks to be forgotten: less than a connection moves before it gets going.
_LEAST_GAIN = 64 * KIB


class Patience:
    """Waits after each break of one transfer, or gives up.

    Args:
        policy: ``tries`` without getting on; the waits; the ``deadline`` of standing still.
        clock: for waiting.
    """

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._breaks = 0
        self._furthest = 0
        self._still = 0.0
        self._last = clock.monotonic()

    def moved(self) -> None:
        """Note that bytes move right now."""
        self._last = self._clock.monotonic()

    def after(self, error: ShipsealError, position: int) -> None:
        """Wait before the transfer goes on at or before byte ``position``.

        Raises:
            ShipsealError: ``error`` itself, when trying again is of no use or has been tried often enough.
        """
        # Who is too slow gets on, too, and would never come to an end; nor would a few bytes a break.
        gained = position - self._furthest >= _LEAST_GAIN
        if gained and not isinstance(error, SlowPeerError):
            self._furthest = position
            self._breaks, self._still = 0, 0.0
        self._breaks += 1
        wait = backoff(self._policy, self._breaks, error)
        self._still += self._clock.monotonic() - self._last
        if self._breaks >= self._policy.tries or not self._policy.has_time(self._still, wait):
            raise error
        self._still += wait
        if self._policy.told:
            self._policy.told(error, wait)
        self._clock.sleep(wait)
        self.moved()
