"""What long work tells about itself, and the silent listener.

Work reports facts (names, bytes, states); shells decide how they look. A reporter may be called from several threads.
"""

from collections.abc import Callable
from typing import Protocol

Left = Callable[[], float | None]
"""Tells how many seconds work that has no size still takes; None when nobody knows. It must not wait for anything."""


class Transfer(Protocol):
    """One running transfer or computation of a known or unknown size."""

    def advance(self, amount: int) -> None:
        """Say that ``amount`` more bytes (or items) are done; negative when a broken upload starts over."""

    def done(self, note: str = "") -> None:
        """Say that it ended, with an optional word on how ("exists", "mounted").

        What is not done then was not needed: it was there, or was mounted.
        """


class Reporter(Protocol):
    """Listens to a workflow."""

    def step(self, name: str, state: str, detail: str = "") -> None:
        """Say that step ``name`` is now ``state`` (``running``, ``done``, ``skipped``, ``failed``, ``reused``)."""

    def foresee(self, of: str, total: int) -> None:
        """Say that transfers ``of`` a step, or of something else that they add up to, will have ``total`` bytes."""

    def transfer(
        self, label: str, total: int | None, *, of: str = "", left: Left | None = None
    ) -> Transfer:
        """Begin a transfer.

        Args:
            label: what is transferred.
            total: bytes; None when unknown.
            of: what it is a part of, see :meth:`foresee`; empty when it stands for itself.
            left: tells how long it still takes, where bytes do not.
        """

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

    def foresee(self, of: str, total: int) -> None:
        """Do nothing."""

    def transfer(
        self, label: str, total: int | None, *, of: str = "", left: Left | None = None
    ) -> Transfer:
        """Return a transfer that tells nobody."""
        return SilentTransfer()

    def note(self, text: str) -> None:
        """Do nothing."""
