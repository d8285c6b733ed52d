"""What `shipseal db` tells while it works where nobody watches: notes alone."""

from shipseal._internal.progress import SilentReporter
from shipseal.cli.output import tell


class QuietReporter(SilentReporter):
    """Tells notes on standard error, and nothing else."""

    def note(self, text: str) -> None:
        """Say one line that a person should read."""
        tell(f"note: {text}")
