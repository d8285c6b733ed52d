"""How fast bytes go, and how long the rest takes: measured, or not said at all."""

from collections import deque

# Long enough to even out the bursts of parallel connections, short enough to notice that a line has become slow.
_WINDOW = 12.0
_GRAIN = 0.25
# A rate of less than this is one of buffers that fill, not of a line.
_FIRST = 1.5
_STALLED = 5.0
# A time left that is shown counts down; it is corrected when it was this far off.
_OFF = 0.25
_OFF_SECONDS = 2.0


class Pace:
    """The rate of one flow of bytes over the last seconds.

    Args:
        now: seconds on the clock that every call uses.
    """

    def __init__(self, now: float) -> None:
        self._began = now
        self._last = now
        self._grains: deque[tuple[float, int]] = deque()

    def moved(self, now: float, amount: int) -> None:
        """Say that ``amount`` bytes have crossed, the ones that cross again included."""
        if amount <= 0:
            return
        self._last = now
        if self._grains and now - self._grains[-1][0] < _GRAIN:
            began, sum_ = self._grains.pop()
            self._grains.append((began, sum_ + amount))
        else:
            self._grains.append((now, amount))

    def rate(self, now: float) -> float | None:
        """Return bytes per second; None when too little is known, or nothing has moved for a while."""
        while self._grains and now - self._grains[0][0] > _WINDOW:
            self._grains.popleft()
        span = min(_WINDOW, now - self._began)
        moved = sum(amount for _, amount in self._grains)
        if span < _FIRST or not moved or now - self._last > _STALLED:
            return None
        return moved / span


class Countdown:
    """A time left as a person sees it: it counts down, and jumps only when it was really wrong."""

    def __init__(self) -> None:
        self._shown: tuple[float, float] | None = None

    def show(self, now: float, left: float | None) -> float | None:
        """Return the seconds to show, given what is measured now; None when that is not known."""
        if left is None:
            self._shown = None
            return None
        if self._shown is not None:
            since, value = self._shown
            counted = max(0.0, value - (now - since))
            if abs(left - counted) <= max(_OFF_SECONDS, _OFF * counted):
                return counted
        self._shown = (now, left)
        return left
