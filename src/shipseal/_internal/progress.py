"""What long work tells about itself, and the silent listener.

Work reports facts (names, bytes, states); shells decide how they look. A reporter may be called from several threads.
"""

from typing import Protocol


class Transfer(Protocol):
    """One running transfer or computation of a known or unknown size."""

    def advance(self, amount: int) -> None:
        """Say that ``amount`` more bytes (or items) are done; negative when a broken upload starts over."""

    def done(self, note: str = "") -> None:
        """Say that it ended, with an optional word on how ("exists", "mounted")."""


class Reporter(Protocol):
    """Listens to a workflow."""

    def step(self, name: str, state: str, detail: str = "") -> None:
        """Say that step ``name`` is now ``state`` (``running``, ``done``, ``skipped``, ``failed``, ``reused``)."""

    def transfer(self, label: str, total: int | None) -> Transfer:
        """Begin a transfer that is shown as ``label``; ``total`` in bytes, None when unknown."""

    def note(self, text: str) -> None:
        """Say one line that a person should read: a choice that was made and why, a warning."""


class SilentTransfer:
    """Tells nobody."""

    def advance(self, amount: int) -> None:
        """Do nothing."""

    def done(self, note: str = "") -> None:
        """Do nothing."""


class SilentReporter:
    """Tells nobody."""

    def step(self, name: str, state: str, detail: str = "") -> None:
        """Do nothing."""

    def transfer(self, label: str, total: int | None) -> Transfer:
        """Return a transfer that tells nobody."""
        return SilentTransfer()

    def note(self, text: str) -> None:
        """Do nothing."""
