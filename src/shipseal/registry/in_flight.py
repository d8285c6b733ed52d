"""One upload of a blob to a repository at a time.

Two at once waste bytes, and worse: distribution 2.8 writes the link of a blob in place, so while a second upload of the
same blob ends, a manifest that names it is refused (``MANIFEST_BLOB_UNKNOWN``) although the first one was complete.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shipseal.oci import Digest


class InFlight:
    """Locks by digest. Whoever comes second waits, and then finds the blob there."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[Digest, tuple[threading.Lock, int]] = {}

    @contextmanager
    def alone(self, digest: Digest) -> Iterator[None]:
        """Run the block while nobody else runs one for ``digest``."""
        with self._guard:
            lock, users = self._locks.get(digest, (threading.Lock(), 0))
            self._locks[digest] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._locks[digest]
                if users == 1:
                    del self._locks[digest]
                else:
                    self._locks[digest] = (lock, users - 1)
