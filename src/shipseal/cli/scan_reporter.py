"""Who hears of a scan's progress: a terminal while an image is catalogued; notes alone everywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shipseal._internal.progress import Reporter, SilentReporter
from shipseal.cli.output import is_live, tell
from shipseal.cli.scan_wish import SBOM
from shipseal.cli.working import working


class NoteReporter(SilentReporter):
    """Prints notes on standard error, and nothing else."""

    def note(self, text: str) -> None:
        """Print one line that a person should read."""
        tell(f"note: {text}")


@contextmanager
def told(source: str) -> Iterator[Reporter]:
    """Give who hears of the scan of ``source``, for the time of a ``with`` block."""
    if source.startswith(SBOM):
        with working(f"scan {source}"):
            yield NoteReporter()
    elif is_live(sys.stderr):
        from shipseal.cli.terminal import TerminalReporter  # noqa: PLC0415 - only for long work

        with TerminalReporter() as reporter:
            yield reporter
    else:
        yield NoteReporter()
