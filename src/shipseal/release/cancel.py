"""Stop work that runs in threads: a flag that long loops look at."""

import threading
from collections.abc import Callable, Iterable, Iterator

from shipseal._internal.cancelled import CancelledError

__all__ = ["Cancel", "CancelledError"]


class Cancel:
    """One flag for one release.

    Args:
        told: is called when the work is called off, to wake those who wait for something else than the flag.
    """

    def __init__(self, told: Callable[[], None] | None = None) -> None:
        self._flag = threading.Event()
        self._told = told

    def set(self) -> None:
        """Call the work off."""
        self._flag.set()
        if self._told is not None:
            self._told()

    def check(self) -> None:
        """Go on, or stop here.

        Raises:
            CancelledError: the work was called off.
        """
        if self._flag.is_set():
            raise CancelledError

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass ``chunks`` through until the work is called off."""
        for chunk in chunks:
            self.check()
            yield chunk
