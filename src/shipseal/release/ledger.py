"""A journal and the state that it adds up to, kept together while a release runs."""

import threading
from typing import Any

import msgspec

from shipseal.release.journal import Journal
from shipseal.release.records import to_data
from shipseal.release.state import ReleaseState, replay


class Ledger:
    """Writes an event, durably, and only then lets the state know it. Safe from several threads.

    Args:
        journal: where events go; what it holds already is the state's beginning.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.state: ReleaseState = replay(journal.events)
        self._lock = threading.Lock()

    def record(self, kind: str, record: msgspec.Struct | None = None, **facts: Any) -> None:
        """Append an event with the members of ``record`` and ``facts``.

        Raises:
            ShipsealError: the journal cannot be written.
        """
        with self._lock:
            event = self.journal.append(kind, **(to_data(record) if record else {}), **facts)
            self.state.apply(event)
