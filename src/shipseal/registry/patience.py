"""How often a long transfer may break: tries are counted since it last got on, not since it began.

A transfer of many minutes over a bad line must not fail for its fifth interruption, nor because it took longer than a
retry may take; one that stays where it is must.
"""

from shipseal._internal.clock import Clock
from shipseal._internal.retry import RetryPolicy, backoff
from shipseal.errors import ShipsealError


class Patience:
    """Waits after each break of one transfer, or gives up.

    Args:
        policy: ``tries`` without getting on; the waits; ``deadline`` bounds the wait that the other side may ask for.
        clock: for waiting.
    """

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._breaks = 0
        self._furthest = -1

    def after(self, error: ShipsealError, position: int) -> None:
        """Wait before the transfer goes on at or before byte ``position``.

        Raises:
            ShipsealError: ``error`` itself, when trying again is of no use or has been tried often enough.
        """
        if position > self._furthest:
            self._furthest = position
            self._breaks = 0
        self._breaks += 1
        wait = backoff(self._policy, self._breaks, error)
        if self._breaks >= self._policy.tries or wait > self._policy.deadline:
            raise error
        self._clock.sleep(wait)
