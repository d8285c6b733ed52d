"""Progress as lines, for pipes, files and CI logs: no carriage returns, no colour, nothing that moves."""

import contextlib
from typing import TextIO

from shipseal._internal.clock import Clock
from shipseal.cli.output import duration_text, size_text
from shipseal.cli.view import Shown, ending

# CI systems end jobs that say nothing for minutes, and people do too.
_HEARTBEAT_SECONDS = 30.0


class PlainView:
    """One line when a step begins and one when it ends; long transfers say now and then that they are alive.

    Transfers themselves have no lines, except in GitHub Actions, where they lie folded in the line of the step that
    ends next. A group is written at once, because groups of steps that run side by side would mix.
    """

    def __init__(self, stream: TextIO, clock: Clock, *, groups: bool) -> None:
        self._stream = stream
        self._clock = clock
        self._groups = groups
        self._active: list[Shown] = []
        self._ended: list[str] = []
        self._bytes = 0
        self._spoke = clock.monotonic()

    def step_began(self, name: str, detail: str) -> None:
        """Write that a step is running."""
        self.line(f"{name}: running" + (f": {detail}" if detail else ""))

    def step_ended(self, name: str, state: str, detail: str, seconds: float | None) -> None:
        """Write how a step ended, with the transfers until now folded in it."""
        text = f"{name}: {ending(state, detail, seconds)}"
        if self._groups and self._ended:
            count = len(self._ended)
            head = f"::group::{text} [{count} transfers, {size_text(self._bytes)}]"
            text = "\n".join([head, *self._ended, "::endgroup::"])
            self._ended, self._bytes = [], 0
        self.line(text)

    def foreseen(self, of: str, total: int) -> None:
        """Do nothing: a line tells of what has begun."""

    def transfer_began(self, transfer: Shown) -> None:
        """Count a new transfer."""
        self._active.append(transfer)

    def transfer_moved(self, transfer: Shown, amount: int) -> None:
        """Write how far all transfers are, when nothing has been written for a while."""
        if self._clock.monotonic() - self._spoke < _HEARTBEAT_SECONDS:
            return
        done = sum(item.completed for item in self._active)
        totals = [item.total for item in self._active]
        known = sum(total for total in totals if total is not None)
        of = "" if None in totals else f" of {size_text(known)}"
        self.line(f"transfers: {len(self._active)} running, {size_text(done)}{of}")

    def transfer_ended(self, transfer: Shown, note: str) -> None:
        """Note the transfer for its step's group."""
        if transfer in self._active:
            self._active.remove(transfer)
        if self._groups:
            took = duration_text(self._clock.monotonic() - transfer.began)
            size = size_text(transfer.completed)
            # Never the beginning of a line: a label that begins with :: would be a command.
            self._ended.append(f"- {transfer.label}: {note or size} ({took})")
            self._bytes += transfer.completed

    def line(self, text: str) -> None:
        """Write a line."""
        self._spoke = self._clock.monotonic()
        # A reader that has gone must not end the work.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def close(self) -> None:
        """Do nothing: every line is complete."""
