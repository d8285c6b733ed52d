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

    def compare(self, version: str, bound: str) -> int | None:
        """Return -1, 0 or 1 as ``version`` is older than, equal to or newer than ``bound``.

        None when one of them is no version of this scheme. ``bound`` comes from an advisory: PEP 440 treats it
        differently from an installed version.
        """
        left, right = self.key(version), self.key(bound)
        if left is None or right is None:
            return None
        return order(left, right)

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
