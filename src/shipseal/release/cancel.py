"""Stop work that runs in threads: a flag that long loops look at."""

import threading
from collections.abc import Iterable, Iterator


class CancelledError(Exception):
    """The work was called off; it is not a failure of its own."""


class Cancel:
    """One flag for one release."""

    def __init__(self) -> None:
        self._flag = threading.Event()

    def set(self) -> None:
        """Call the work off."""
        self._flag.set()

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
