"""Time as a value that is passed in: decisions never ask for it, tests never set it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a workflow gets the time from."""

    def now(self) -> datetime:
        """Return the wall-clock time, timezone-aware UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall-clock time, timezone-aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""
        time.sleep(seconds)


class SteadyClock:
    """A clock that is looked at once: all later times follow from it by the seconds that have passed.

    The time of day can jump while a release runs (NTP sets it, a person does, a virtual machine comes back from a
    snapshot). Whatever one run says of times then agrees: nothing ends before it began, a scan does not grow old
    between the gate and the verification, and an ignore does not end in between.

    Args:
        clock: the machine's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moment = clock.now()
        self._began = clock.monotonic()

    def go_on_from(self, moment: datetime) -> None:
        """Let it be ``moment`` now, and all later times follow from that."""
        self._moment, self._began = moment, self.monotonic()

    def now(self) -> datetime:
        """Return the time of day, timezone-aware UTC; the last moment that there is, when it would lie beyond."""
        try:
            return self._moment + timedelta(seconds=self.monotonic() - self._began)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""
        self._clock.sleep(seconds)


def rfc3339(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339 in UTC with second precision and ``Z``."""
    # Not strftime: it writes a year before 1000 (Go's zero time) with fewer than four digits.
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def parse_rfc3339(text: str) -> datetime:
    """Return the aware UTC time that ``text`` states (fractions of any length are accepted).

    Raises:
        ValueError: ``text`` is not RFC 3339, or its UTC time lies outside the years 1 to 9999.
    """
    moment = datetime.fromisoformat(_micros(text).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 in UTC") from error


def _micros(text: str) -> str:
    """Cut fractions to six digits: Go writes nine, and ``fromisoformat`` takes six at most."""
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[:digits][:6]}{tail[digits:]}"
