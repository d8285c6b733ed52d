"""Show a person that a command which has no steps is still at work."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shipseal.cli.output import is_live

if TYPE_CHECKING:
    from shipseal.cli.terminal import TerminalReporter

# Who gets an answer at once has no use for a row that flashes by, and none for what drawing costs.
_PATIENCE = 0.6


@contextmanager
def working(label: str) -> Iterator[None]:
    """Show ``label`` and for how long it has been going on, on a terminal; nothing anywhere else, nothing that stays.

    Args:
        label: what is being done.
    """
    if not is_live(sys.stderr):
        yield
        return
    row = _Row(label)
    timer = threading.Timer(_PATIENCE, row.show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        row.close()


class _Row:
    """A row that appears late, or never."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._lock = threading.Lock()
        self._reporter: TerminalReporter | None = None
        self._over = False

    def show(self) -> None:
        from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415 - only for long work

        with self._lock:
            if not self._over:
                self._reporter = TerminalReporter()
                self._reporter.transfer(self._label, None)

    def close(self) -> None:
        with self._lock:
            self._over = True
            if self._reporter is not None:
                self._reporter.close()
