"""Which of the texts that are looked for can be in a block at all, by its words.

A log says the same few words again and again. Looking through the new ones costs less than looking through everything.
"""

import re
from collections.abc import Iterable

_DIGITS = b"0123456789"
_MOST_WORDS, _MOST_BYTES = 200_000, 16 << 20
"""Words that are remembered, and their bytes; then everything is looked for everywhere."""
_FEW_NEW = 0.35
"""With more new words than this share of a block's bytes, words do not repeat, and nothing is saved."""
_PATIENCE = 3
_SHORTEST = 2


class Vocabulary:
    """Remembers the words of a log, and which of them have a part of a text that is looked for.

    Args:
        texts: in lower case.
    """

    def __init__(self, texts: Iterable[bytes]) -> None:
        self._all = frozenset(texts)
        parts = {text: _part(text) for text in self._all}
        self._always = {text for text, part in parts.items() if len(part) < _SHORTEST}
        self._by_part: dict[bytes, set[bytes]] = {}
        for text, part in parts.items():
            if text not in self._always:
                self._by_part.setdefault(part, set()).add(text)
        self._known: set[bytes] = set()
        self._bytes = 0
        self._wasted = 0
        self._hot: dict[bytes, set[bytes]] = {}

    def possible(self, lower: bytes) -> frozenset[bytes]:
        """Return the texts that may be in a block; each that is in it, and perhaps others."""
        if self._wasted >= _PATIENCE or len(self._known) > _MOST_WORDS or self._bytes > _MOST_BYTES:
            return self._all
        words = set(lower.translate(None, _DIGITS).split())
        self._learn(words - self._known, len(lower))
        found = set(self._always)
        for word in words & self._hot.keys():
            found |= self._hot[word]
        return frozenset(found)

    def _learn(self, new: set[bytes], size: int) -> None:
        self._known |= new
        joined = b"\n".join(new)
        self._bytes += len(joined)
        if len(joined) > _FEW_NEW * size:
            self._wasted += 1
        for part, texts in self._by_part.items():
            at = joined.find(part)
            while at >= 0:
                start = joined.rfind(b"\n", 0, at) + 1
                end = joined.find(b"\n", at)
                end = len(joined) if end < 0 else end
                self._hot.setdefault(joined[start:end], set()).update(texts)
                at = joined.find(part, end)


def _part(text: bytes) -> bytes:
    """Return the longest piece of a text that stands within one word from which digits were taken."""
    return max(re.split(rb"[\s\d]+", text), key=len)
