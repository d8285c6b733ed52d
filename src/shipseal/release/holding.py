"""Hold a release while somebody else has an outage, and go on by itself when that is over.

Whether it is over, only trying tells: the release runs again, which does what is missing and nothing twice. A status
page is looked at for people, and to try sooner when it says that the trouble has ended; nothing depends on it. One
rule holds however long it takes: nothing is published without its evidence.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from shipseal._internal.clock import Clock, rfc3339
from shipseal._internal.jitter import spread
from shipseal._internal.progress import Reporter
from shipseal._internal.redact import redact
from shipseal.checks import Status as Checked
from shipseal.errors import ShipsealError
from shipseal.release.hold_records import HoldRecord, WaitedRecord
from shipseal.release.ledger import Ledger
from shipseal.release.records import ClosedRecord
from shipseal.release.result import Status, closing
from shipseal.status.blame import PASSES, blamed_host
from shipseal.status.outlook import Outlook

T = TypeVar("T")
Look = Callable[[str], Outlook | None]
"""Says how the service behind a host is, by its status page; None where it has none. Never raises."""

RESUMED, GIVEN_UP, INTERRUPTED = "resumed", "given-up", "interrupted"
_HELD = (Status.PENDING, Status.PARTLY_PROMOTED)
_FIRST_PAUSE, _LONGEST_PAUSE, _JITTER = 15.0, 300.0, 1.25
_TOLD_EVERY = 60.0


def nobody_says(_host: str) -> None:
    """Say nothing of any service."""


@dataclass(slots=True)
class Holding:
    """The waiting of one run. Used by one thread; :meth:`left` by all.

    Attributes:
        clock: time and sleep.
        reporter: hears once a minute what is waited for.
        budget: seconds from when the run is first held until its last try begins; 0 does not wait.
        look: looks at status pages.
    """

    clock: Clock
    reporter: Reporter
    budget: float = 0.0
    look: Look = nobody_says
    _deadline: float | None = None
    _pause: float = _FIRST_PAUSE
    _cause: tuple[str, str] = ("", "")
    _told: float | None = None
    _unhurried: bool = False
    _current: HoldRecord | None = None
    _early: list[tuple[HoldRecord, WaitedRecord]] = field(default_factory=list)

    def left(self) -> float:
        """Return the seconds in which a request may still be tried again.

        As long as a run was never held its requests have their own patience. From then on the budget ends the tries of
        all of them together: a wait of five seconds does not become minutes because each request has some of its own.
        """
        if self._deadline is None or self._unhurried:
            return math.inf
        return max(0.0, self._deadline - self.clock.monotonic())

    def tags_move(self) -> None:
        """Give requests their own patience back for this try: what is public in part is worse than waiting."""
        self._unhurried = True

    def attempt(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, made again while it fails with what may pass and there is time.

        For what happens before there is a journal: :meth:`keep` writes it down later.

        Raises:
            ShipsealError: what ``call`` raises, in the end.
        """
        while True:
            try:
                return call()
            except ShipsealError as error:
                closed = closing(error)
                if not (self.budget and is_held(closed)):
                    raise
                hold = self._hold(closed)
                waited = self._wait(hold, closed)
                self._early.append((hold, waited))
                if waited.outcome != RESUMED:
                    raise

    def keep(self, ledger: Ledger) -> None:
        """Write down for what was waited before there was a journal."""
        for hold, waited in self._early:
            ledger.record("release.held", hold)
            ledger.record("release.waited", waited)
        self._early.clear()

    def note(self, ledger: Ledger, closed: ClosedRecord) -> None:
        """Write down why a run that is about to be closed is held, and what the status page says of that.

        Raises:
            ShipsealError: the journal cannot be written.
        """
        self._current = None
        if is_held(closed):
            self._current = self._hold(closed)
            ledger.record("release.held", self._current)

    def goes_on(self, ledger: Ledger) -> bool:
        """Return whether a run that has just been closed should be tried again, having waited for that moment.

        Raises:
            KeyboardInterrupt: a signal ended the wait, which is in the journal then.
            ShipsealError: the journal cannot be written.
        """
        hold, closed = self._current, ledger.state.closed
        if hold is None or closed is None or not self.budget:
            return False
        self.reporter.step("wait", "running", f"for {hold.host or 'the network'}: {hold.code}")
        began = self.clock.monotonic()
        try:
            waited = self._wait(hold, closed, lambda seen: ledger.record("release.held", seen))
        except KeyboardInterrupt:
            seconds = round(self.clock.monotonic() - began, 3)
            ledger.record("release.waited", WaitedRecord(hold.since, seconds, INTERRUPTED))
            self.reporter.step("wait", INTERRUPTED)
            raise
        ledger.record("release.waited", waited)
        self.reporter.step("wait", "done", waited.outcome)
        if waited.outcome == RESUMED:
            return True
        ledger.record("release.closed", closed)
        return False

    def _hold(self, closed: ClosedRecord) -> HoldRecord:
        host = blamed_host(closed.message)
        return _seen(
            HoldRecord(rfc3339(self.clock.now()), closed.code, redact(closed.message), host),
            self.look(host) if host else None,
        )

    def _wait(
        self,
        hold: HoldRecord,
        closed: ClosedRecord,
        changed: Callable[[HoldRecord], None] = lambda _hold: None,
    ) -> WaitedRecord:
        began = self.clock.monotonic()
        if self._deadline is None:
            self._deadline = began + self.budget
        self._unhurried = False
        left = self._deadline - began
        pause = max(self._next_pause(hold), closed.retry_after)
        if left <= 0 or closed.retry_after > left:
            self.reporter.note(f"waited {span(self.budget - max(0.0, left))}: {_about(hold)}")
            return WaitedRecord(hold.since, 0.0, GIVEN_UP)
        self._sleep(hold, began + min(pause, left), closed.retry_after > 0, changed)
        return WaitedRecord(hold.since, round(self.clock.monotonic() - began, 3), RESUMED)

    def _next_pause(self, hold: HoldRecord) -> float:
        """Return how long to wait: longer each time, and from the beginning when somebody else is down."""
        cause = (hold.code, hold.host)
        if cause != self._cause:
            self._cause, self._pause = cause, _FIRST_PAUSE
        pause = self._pause
        self._pause = min(_LONGEST_PAUSE, pause * 2)
        return spread(pause, at_most=_JITTER)

    def _sleep(
        self, hold: HoldRecord, until: float, asked: bool, changed: Callable[[HoldRecord], None]
    ) -> None:
        while (left := until - self.clock.monotonic()) > 0:
            self._tell(hold, left)
            self.clock.sleep(min(left, _TOLD_EVERY))
            if left <= _TOLD_EVERY or not hold.host:
                continue
            outlook = self.look(hold.host)
            over = outlook is not None and outlook.check.status is Checked.PASS
            if over and hold.trouble and not asked:
                self.reporter.note(f"{hold.page} says that it is over: trying again")
                return
            seen = _seen(hold, outlook)
            # What was known of the trouble stays in the journal when the page has nothing to say any more.
            if seen != hold and seen.trouble:
                changed(seen)
                hold = seen

    def _tell(self, hold: HoldRecord, left: float) -> None:
        now = self.clock.monotonic()
        if self._told is not None and now - self._told < _TOLD_EVERY:
            return
        self._told = now
        end = (self._deadline or now) - now
        self.reporter.note(
            f"{_about(hold)}; next try in {span(left)}, the last one within {span(end)}"
        )


def is_held(closed: ClosedRecord) -> bool:
    """Return whether a release ended for a reason that may pass by itself."""
    return closed.status in _HELD and closed.retryable and closed.code in PASSES


def span(seconds: float) -> str:
    """Return a length of time for people: ``40 s``, ``12 min``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _seen(hold: HoldRecord, outlook: Outlook | None) -> HoldRecord:
    """Return the hold with what a status page says of it now."""
    if outlook is None:
        return hold
    page = outlook.interest.page
    first = outlook.incidents[0] if outlook.incidents else None
    return HoldRecord(
        since=hold.since,
        code=hold.code,
        message=hold.message,
        host=hold.host,
        page=page.home,
        state=str(outlook.state),
        incident=first.title if first else "",
        impact=first.impact if first else "",
        incident_since=first.since if first else "",
        incident_url=first.url if first else "",
        problem=outlook.problem,
    )


def _about(hold: HoldRecord) -> str:
    return f"held by {hold.host or 'the network'} ({hold.code}); {hold.says}"
