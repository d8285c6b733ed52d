"""What every version order offers.

A scheme turns a version into a key; keys of one scheme are totally ordered. Text that is no version of the scheme has
no key: callers must say so instead of guessing.
"""

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any, Protocol

MAX_LENGTH = 512  # no real version is longer, and parsing must stay cheap on hostile input
MAX_DIGITS = 40  # commit dates and build numbers stay far below; more would make int() slow


class Key(Protocol):
    """A comparable version."""

    def __lt__(self, other: Any, /) -> bool:
        """Return whether this version is older."""


class Scheme(ABC):
    """One ecosystem's order of versions."""

    name: str

    def __init__(self) -> None:
        # A bound of a popular package is compared thousands of times in one scan.
        self._cached = lru_cache(maxsize=1 << 16)(self._guarded)

    def key(self, version: str) -> Key | None:
        """Return the key of ``version``, or None when it is no version of this scheme."""
        return self._cached(version)

    def compare(self, first: str, second: str) -> int | None:
        """Return -1, 0 or 1 as ``first`` is older than, equal to or newer than ``second``.

        None when one of them is no version of this scheme.
        """
        left, right = self.key(first), self.key(second)
        if left is None or right is None:
            return None
        return order(left, right)

    def compare_bound(self, version: str, bound: str) -> int | None:
        """Return the same for an installed ``version`` and the ``bound`` of an advisory's range.

        Where an ecosystem's rules for matching differ from its order, this follows the rules for matching.
        """
        return self.compare(version, bound)

    def _guarded(self, version: str) -> Key | None:
        if not version or len(version) > MAX_LENGTH:
            return None
        return self._parse(version)

    @abstractmethod
    def _parse(self, version: str) -> Key | None:
        """Return the key of a version that is neither empty nor overlong."""


def order(left: Key, right: Key) -> int:
    """Return -1, 0 or 1 for two keys of one scheme."""
    if left < right:
        return -1
    return 1 if right < left else 0
