"""A reporter that also keeps in the journal what was tried again: a timeline shows where the time went."""

from shipseal._internal.progress import Left, Reporter, Transfer
from shipseal._internal.retry import RETRYING, again_in
from shipseal.errors import ShipsealError
from shipseal.release.ledger import Ledger


class RetoldReporter:
    """Passes everything on; what is tried again goes into the journal, too, once there is one.

    Args:
        reporter: hears all that is told.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._ledger: Ledger | None = None

    def keep_in(self, ledger: Ledger) -> None:
        """Keep what is tried again from now on in ``ledger``."""
        self._ledger = ledger

    def tried_again(self, error: ShipsealError, wait: float) -> None:
        """Say that something failed and is tried again in ``wait`` seconds."""
        self.note(again_in(error, wait))

    def step(self, name: str, state: str, detail: str = "") -> None:
        """Pass it on."""
        self._reporter.step(name, state, detail)

    def foresee(self, of: str, total: int) -> None:
        """Pass it on."""
        self._reporter.foresee(of, total)

    def transfer(
        self, label: str, total: int | None, *, of: str = "", left: Left | None = None
    ) -> Transfer:
        """Pass it on."""
        return self._reporter.transfer(label, total, of=of, left=left)

    def note(self, text: str) -> None:
        """Pass it on, and keep it when it is about something that is tried again.

        Raises:
            ShipsealError: the journal cannot be written.
        """
        self._reporter.note(text)
        if self._ledger is not None and RETRYING in text:
            self._ledger.record("retry", text=text)
