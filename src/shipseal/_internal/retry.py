"""Try again: only what is transient, only what is idempotent, only until a deadline.

What may be tried again is said by the error (``ShipsealError.retryable``), never guessed here; whether the call is
idempotent is known by the caller, who wraps only such calls. ``Retry-After`` wins over the computed wait, and a wait
that would pass the deadline is not begun.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.stop import stop_base

from shipseal._internal.clock import Clock
from shipseal._internal.jitter import spread
from shipseal.errors import Code, ShipsealError

T = TypeVar("T")
Told = Callable[[ShipsealError, float], None]
Left = Callable[[], float]
"""Says how many seconds are left from now on for trying again; infinite where nothing but the deadline ends it."""

RETRYING = "trying again in"
"""How a sentence ends that says that something is tried again, before the seconds."""


def endless() -> float:
    """Return that there is no end."""
    return math.inf


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long.

    Attributes:
        tries: calls in all.
        first_wait: seconds before the second call; doubled before each further one, with up to half as much jitter.
        max_wait: seconds that one computed wait never passes.
        deadline: seconds from the first call after which no further one begins.
        told: hears each error that is tried again, and the seconds until then; None when nobody does.
        left: a second bound, which may come and go while a call is tried; asked before each wait. It ends no call.
    """

    tries: int = 5
    first_wait: float = 0.5
    max_wait: float = 20.0
    deadline: float = 120.0
    told: Told | None = field(default=None, compare=False)
    left: Left = field(default=endless, compare=False)

    def has_time(self, used: float, wait: float) -> bool:
        """Return whether there is time for one more wait.

        Args:
            used: seconds so far.
            wait: seconds until the next call.
        """
        # Where nothing is left there is no wait of 0 seconds either: whoever asks for that would be asked for ever.
        return used + wait <= self.deadline and wait < self.left()


def until(deadline: float, *, told: Told | None = None, left: Left = endless) -> RetryPolicy:
    """Return the policy that ends with its deadline, and ``left``, alone: whoever raises it, waits longer."""
    return RetryPolicy(tries=sys.maxsize, deadline=deadline, told=told, left=left)


def again_in(error: ShipsealError, wait: float) -> str:
    """Return the sentence that says that something failed and is tried again in ``wait`` seconds."""
    return f"{error.code}: {error.message}; {RETRYING} {wait:.1f} s"


SYFT_RETRIES = RetryPolicy(tries=3, first_wait=10.0, max_wait=60.0, deadline=3600.0)


def call_with_retry(
    call: Callable[[], T],
    policy: RetryPolicy,
    clock: Clock,
    *,
    on_retry: Told | None = None,
) -> T:
    """Return what ``call`` returns, calling it again while it fails with a retryable :class:`ShipsealError`.

    Args:
        call: an idempotent call.
        policy: tries, waits and deadline.
        clock: where time and sleep come from.
        on_retry: told each error that is retried, and the seconds until then.

    Raises:
        ShipsealError: the last one, when it is permanent, or tries or time have run out.
    """

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return backoff(policy, state.attempt_number, error)

    def before_sleep(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ShipsealError) and state.next_action:
            for told in filter(None, (on_retry, policy.told)):
                told(error, state.next_action.sleep)

    retrying = Retrying(
        sleep=clock.sleep,
        stop=_Stop(policy, clock, clock.monotonic()),
        wait=wait,
        retry=retry_if_exception(
            lambda error: isinstance(error, ShipsealError) and _may_pass(error)
        ),
        before_sleep=before_sleep,
        reraise=True,
    )
    return retrying(call)


def _may_pass(error: ShipsealError) -> bool:
    """Return whether waiting may help: a full disk does not empty itself, although a person can empty it."""
    return error.retryable and error.code is not Code.DISK_FULL


def backoff(policy: RetryPolicy, number: int, error: BaseException | None) -> float:
    """Return the seconds to wait after call ``number`` (the first is 1) failed with ``error``."""
    asked = error.retry_after if isinstance(error, ShipsealError) else None
    if asked is not None:
        return max(0.0, asked)
    # Beyond twenty doublings every wait is the longest one.
    wait = min(policy.max_wait, policy.first_wait * 2 ** min(number - 1, 20))
    return spread(wait, at_most=1.5)


class _Stop(stop_base):
    def __init__(self, policy: RetryPolicy, clock: Clock, started: float) -> None:
        self._policy = policy
        self._clock = clock
        self._started = started

    def __call__(self, retry_state: RetryCallState) -> bool:
        used = self._clock.monotonic() - self._started
        in_time = self._policy.has_time(used, retry_state.upcoming_sleep)
        return retry_state.attempt_number >= self._policy.tries or not in_time
