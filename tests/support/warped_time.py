"""A machine's clock on which waiting takes no time: whoever sleeps wakes at once, and it is that much later."""

from typing import TYPE_CHECKING

import pytest

from shipseal._internal.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = 5.0
"""Seconds from which on a sleep is one of a release that waits, not of a request that is tried again."""


class WarpedTime:
    """Replaces sleeping in this process.

    Attributes:
        slept: the long sleeps.
        ahead: seconds that all sleeps would have taken.
        then: called in each long sleep, with their number from 1 on.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept: list[float] = []
        self.then: Callable[[int], None] = lambda _number: None
        self.ahead = 0.0
        plain = SystemClock.monotonic

        def monotonic(clock: SystemClock) -> float:
            return plain(clock) + self.ahead

        def sleep(_clock: SystemClock, seconds: float) -> None:
            self.ahead += seconds
            if seconds >= LONG:
                self.slept.append(seconds)
                self.then(len(self.slept))

        monkeypatch.setattr(SystemClock, "monotonic", monotonic)
        monkeypatch.setattr(SystemClock, "sleep", sleep)
