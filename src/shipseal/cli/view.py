"""What a view of progress is asked to show."""

from dataclasses import dataclass
from typing import Protocol

from shipseal._internal.progress import Left
from shipseal.cli.output import duration_text


@dataclass(slots=True, eq=False)
class Shown:
    """A transfer as it is shown.

    Attributes:
        label: what is transferred.
        total: bytes in all; None when unknown.
        began: when, on the monotonic clock.
        completed: bytes so far.
        over: whether it has ended.
        of: what it is a part of; empty when it stands for itself.
        left: tells how many seconds it still takes, where bytes do not.
    """

    label: str
    total: int | None
    began: float
    completed: int = 0
    over: bool = False
    of: str = ""
    left: Left | None = None


class View(Protocol):
    """Shows progress. Calls come one at a time, all texts are clean single lines, and nothing may be raised."""

    def step_began(self, name: str, detail: str) -> None:
        """Show that a step is running."""

    def step_ended(self, name: str, state: str, detail: str, seconds: float | None) -> None:
        """Show that a step ended in ``state``, ``seconds`` after it began (None if it never said so)."""

    def foreseen(self, of: str, total: int) -> None:
        """Show how many bytes the transfers ``of`` something will have together."""

    def transfer_began(self, transfer: Shown) -> None:
        """Show a new transfer."""

    def transfer_moved(self, transfer: Shown, amount: int) -> None:
        """Show that a transfer has moved by ``amount``."""

    def transfer_ended(self, transfer: Shown, note: str) -> None:
        """Show that a transfer ended."""

    def line(self, text: str) -> None:
        """Show a line that stays."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def ending(state: str, detail: str, seconds: float | None) -> str:
    """Return ``state``, how long it took, and the detail, for a line that stays."""
    took = "" if seconds is None else f" ({duration_text(seconds)})"
    return f"{state}{took}" + (f": {detail}" if detail else "")
