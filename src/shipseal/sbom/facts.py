"""Small facts that took long to find out, each in a file of its own: what a layer decompresses to, what is missing."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from shipseal._internal.durable import write_atomic
from shipseal._internal.leftovers import sweep_parts
from shipseal._internal.limits import KIB, Limit, read_file
from shipseal.errors import ShipsealError
from shipseal.oci import digest_of

_FACT = Limit("cached fact", 64 * KIB, "a fact is a line or a few sentences")
_MOST = 20_000


class FactFolder:
    """A folder of facts. One that is damaged is not known; a folder that cannot be written forgets.

    Args:
        folder: is made at the first write.
        most: how many are kept; the oldest go first.
        limit: of one fact.
    """

    def __init__(self, folder: Path, *, most: int = _MOST, limit: Limit = _FACT) -> None:
        self.folder = folder
        self._most = most
        self._limit = limit

    def get(self, name: str) -> bytes | None:
        """Return a fact; None when it is not known."""
        try:
            digest, _, fact = read_file(self.folder / name, self._limit).partition(b"\n")
        except (OSError, ShipsealError):
            return None
        return fact if digest == digest_of(fact).encode() else None

    def put(self, name: str, fact: bytes) -> None:
        """Remember a fact."""
        with contextlib.suppress(OSError, ShipsealError):
            write_atomic(self.folder / name, digest_of(fact).encode() + b"\n" + fact)
            sweep_parts(self.folder)
            self._prune()

    def _prune(self) -> None:
        found = list(self.folder.iterdir())
        if len(found) > self._most:
            oldest = sorted(_dated(found), key=lambda pair: pair[0])
            for _, path in oldest[: len(found) - self._most * 9 // 10]:
                path.unlink(missing_ok=True)


def _dated(paths: list[Path]) -> Iterator[tuple[float, Path]]:
    for path in paths:
        with contextlib.suppress(OSError):
            yield path.stat().st_mtime, path
