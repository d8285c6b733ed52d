"""Progress of long work, on standard error: moving on a terminal, one line at a time everywhere else.

:class:`TerminalReporter` is what commands use; it chooses the view that suits the stream. Work reports from several
threads at once, so every view is guarded by one lock and writes whole lines.
"""

import os
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self, TextIO

from shipseal._internal.clock import Clock, SystemClock
from shipseal._internal.progress import Left, Transfer
from shipseal._internal.redact import redact
from shipseal.cli.output import is_live, printable
from shipseal.cli.plain_view import PlainView
from shipseal.cli.view import Shown, View

RUNNING = "running"


class TerminalReporter:
    """Shows a person what a workflow does (implements :class:`shipseal._internal.progress.Reporter`)."""

    def __init__(
        self,
        stream: TextIO | None = None,
        env: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._began: dict[str, float] = {}
        self._view = _view_for(
            stream or sys.stderr, os.environ if env is None else env, self._clock
        )

    def step(self, name: str, state: str, detail: str = "") -> None:
        """Say that step ``name`` is now ``state``."""
        name, detail = _clean(name), _clean(detail)
        with self._lock:
            now = self._clock.monotonic()
            if state == RUNNING:
                self._began.setdefault(name, now)
                self._view.step_began(name, detail)
                return
            began = self._began.pop(name, None)
            self._view.step_ended(name, state, detail, None if began is None else now - began)

    def foresee(self, of: str, total: int) -> None:
        """Say that the transfers ``of`` something will have ``total`` bytes."""
        with self._lock:
            self._view.foreseen(_clean(of), total)

    def transfer(
        self, label: str, total: int | None, *, of: str = "", left: Left | None = None
    ) -> Transfer:
        """Begin a transfer of ``total`` bytes (None when unknown)."""
        began = self._clock.monotonic()
        shown = Shown(_clean(label), total, began, of=_clean(of), left=left)
        with self._lock:
            self._view.transfer_began(shown)
        return _Transfer(shown, self)

    def note(self, text: str) -> None:
        """Say one line that a person should read."""
        with self._lock:
            self._view.line(f"note: {_clean(text)}")

    def moved(self, shown: Shown, amount: int) -> None:
        """Count ``amount`` more bytes of a transfer."""
        with self._lock:
            before, shown.completed = shown.completed, max(0, shown.completed + amount)
            if not shown.over:
                self._view.transfer_moved(shown, shown.completed - before)

    def ended(self, shown: Shown, note: str) -> None:
        """Take a transfer off the view; saying so twice changes nothing."""
        with self._lock:
            if not shown.over:
                shown.over = True
                self._view.transfer_ended(shown, _clean(note))

    def close(self) -> None:
        """Leave the terminal as it was; what runs on afterwards is shown no more."""
        with self._lock:
            self._view.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Transfer:
    """Passes what happens to one transfer on to the reporter."""

    def __init__(self, shown: Shown, reporter: TerminalReporter) -> None:
        self._shown = shown
        self._reporter = reporter

    def advance(self, amount: int) -> None:
        """Say that ``amount`` more bytes are done; negative when a broken upload starts over."""
        self._reporter.moved(self._shown, amount)

    def done(self, note: str = "") -> None:
        """Say that it ended, with an optional word on how."""
        self._reporter.ended(self._shown, note)


def _view_for(stream: TextIO, env: Mapping[str, str], clock: Clock) -> View:
    if is_live(stream, env):
        from shipseal.cli.live_view import LiveView  # noqa: PLC0415 - Rich is of no use elsewhere

        return LiveView(stream, clock)
    return PlainView(stream, clock, groups=env.get("GITHUB_ACTIONS") == "true")


def _clean(text: str) -> str:
    """Return ``text`` as one printable line without secrets."""
    return printable(redact(" ".join(text.split())))
