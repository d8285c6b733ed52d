"""The few lines of a log that are worth reading, found in its bytes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from shipseal.runbook.effort import Effort, Sized
from shipseal.runbook.fresh import FreshLines
from shipseal.runbook.keys import KEYS, Watched, watched
from shipseal.runbook.lines import states
from shipseal.runbook.stream import Block
from shipseal.runbook.vocabulary import Vocabulary

_ENOUGH = 1500
"""After this many lines with one key, a block gives its first and last ones only: more of the same proves no more."""
_FIRST, _LAST = 2, 6
_TRIED, _TRIED_LATER = 40_000, 100
"""Lines with a key that are looked at for what rules need; in each later block so many. Long ones count as several."""
_TRIED_ALL = 600_000
"""And so many with any key, as no log has that is not made for it."""
_LONG = 256
"""Bytes of a line that counts as one."""
_WINDOW = 1000
_PAGE = 300
"""Bytes of a line that may have been broken at the width of a page."""
"""Bytes on each side of what was found, in lines that are longer."""
_FOLLOWING: Mapping[bytes, int] = {
    b"github_token permissions": 24,
    b"no tag moved, nothing was signed": 2,
    b"failed: it is not public": 2,
    b" is held  [": 2,
    b" is partly promoted": 2,
    b"no matching signatures": 3,
    b"no matching attestations": 3,
    b"panic:": 24,
    b"goroutine ": 12,
}
"""Lines after these are read whatever they say."""
_STRUCTURE = (
    b"##[",
    b"\nrun ",
    b"refs/pull/",
    b"fork",
    b"refers to repository [",
    b"/v2/",
    b"shutdown signal",
    b"importing cache manifest",
)
"""What tells where a line stands, and how the run is called."""
_WORDS = (
    b"error",
    b"fatal",
    b"fail",
    b"\nnot ok",
    b"traceback (",
    b"exception",
    b"unbound variable",
    b"*** ",
)
"""What the likely lines of an unknown failure have."""
_FIRST_WORDS, _LAST_WORDS = 4, 6
_LAST_LINES = 5
_SUCCEEDED = (b"digest: sha256:", b"tlog entry created", b"image destination", b"success")


_TEXTS = (*KEYS, *_STRUCTURE, *_FOLLOWING, *_WORDS, *_SUCCEEDED)


class Candidate(msgspec.Struct):
    """A raw line that is worth reading.

    Attributes:
        start: where it begins in its block.
        end: where it ends.
        number: from 1, in the log.
        rules: numbers of those that it may match.
        kinds: why it was taken, besides.
        previous: the line before it, where that is short and the sentence may have begun there.
        following: the line after it, where the sentence may go on.
    """

    start: int
    end: int
    number: int = 0
    rules: set[int] = msgspec.field(default_factory=set)
    kinds: set[str] = msgspec.field(default_factory=set)
    previous: bytes = b""
    following: bytes = b""


class Sifter:
    """Goes through the blocks of a log and yields what is worth reading, in order.

    Attributes:
        left: first and last of the lines between which some were left out, though they may have said something;
            None while there are none.
    """

    def __init__(self) -> None:
        self._fresh = FreshLines()
        self._vocabulary = Vocabulary(_TEXTS)
        self._begun = False
        self._seen: dict[bytes, int] = {}
        self._tried: dict[bytes, int] = {}
        self._tried_all = 0
        self._effort = Effort()
        self._skipped: list[int] = []
        self.left: tuple[int, int] | None = None

    def sift(self, block: Block) -> Iterator[tuple[Candidate, bytes]]:
        """Yield candidates of one block with their raw bytes, in order."""
        text, numbers = self._fresh.of(block)
        lower = text.lower()
        found = self._found(lower, self._vocabulary.possible(lower), last=block.last)
        single = b"\r" not in text and b"\\n" not in text
        sized = [
            _sized(one, 1 if single else states(text, one.start, one.end)) for one in found.values()
        ]
        chosen = self._effort.affordable(sized, last=block.last)
        self._skipped += found.keys() - chosen
        self._note_left(text, numbers)
        at = line = 0
        for start in sorted(chosen):
            line += text.count(b"\n", at, start)
            at = start
            candidate = found[start]
            candidate.number = numbers[line]
            if candidate.rules:
                _beside(candidate, text)
            yield candidate, text[start : candidate.end]

    def _note_left(self, text: bytes, numbers: Sequence[int]) -> None:
        """Remember between which lines some were left out."""
        if not self._skipped:
            return
        first, last = (
            numbers[text.count(b"\n", 0, place)]
            for place in (min(self._skipped), max(self._skipped))
        )
        self.left = (self.left[0] if self.left else first, last)
        self._skipped.clear()

    def _found(
        self, lower: bytes, possible: frozenset[bytes], *, last: bool
    ) -> dict[int, Candidate]:
        found: dict[int, Candidate] = {}
        for each in watched():
            if each.key in possible:
                self._watch(found, lower, each, last=last)
        for key in possible.intersection(_STRUCTURE):
            self._mark(found, self._capped(lower, key, (), last=last), "structure")
        for key in possible.intersection(_FOLLOWING):
            for _, end in self._capped(lower, key, (), last=last):
                self._mark(found, _next_lines(lower, end, _FOLLOWING[key]), "following")
        if not self._begun and lower.startswith(b"run "):
            self._mark(found, _next_lines(lower, -1, 1), "structure")
        self._begun = True
        if last:
            self._mark(found, _last_lines(lower), "end")
        for words, kind in ((_WORDS, "word"), (_SUCCEEDED, "success")):
            for word in possible.intersection(words):
                self._mark(found, _few(lower, word), kind)
        return found

    def _watch(
        self, found: dict[int, Candidate], lower: bytes, each: Watched, *, last: bool
    ) -> None:
        for start, end in self._capped(lower, each.key, each.needs, last=last):
            candidate = found.get(start)
            if candidate is None:
                candidate = found[start] = Candidate(start, end)
            for number, needs in each.rules:
                if _has(lower, needs, start, end):
                    candidate.rules.add(number)

    @staticmethod
    def _mark(found: dict[int, Candidate], places: Iterable[tuple[int, int]], kind: str) -> None:
        for start, end in places:
            found.setdefault(start, Candidate(start, end)).kinds.add(kind)

    def _capped(
        self, lower: bytes, key: bytes, needs: Sequence[bytes], *, last: bool
    ) -> Iterable[tuple[int, int]]:
        """Yield the lines with a key; when there were very many already, the first and last ones of the block."""
        room = max(_FIRST, _ENOUGH if last else _ENOUGH - self._seen.get(key, 0))
        rest = min(_TRIED - self._tried.get(key, 0), _TRIED_ALL - self._tried_all)
        most = _TRIED if last else max(_TRIED_LATER, rest)
        first, tried, ended = _fitting(_forward(lower, key), lower, needs, room, most)
        self._seen[key] = self._seen.get(key, 0) + len(first)
        self._tried[key] = self._tried.get(key, 0) + tried
        self._tried_all += tried
        if ended is None:
            return first
        final, _, begun = _fitting(_backward(lower, key), lower, needs, _LAST, _TRIED_LATER)
        if begun is not None and begun > ended:
            self._skipped += (ended + 1, begun - 1)
        return [*first, *final]


def _beside(candidate: Candidate, text: bytes) -> None:
    """Keep the lines beside one, for sentences that somebody broke at the width of a page."""
    start, end = candidate.start, candidate.end
    if end - start > _PAGE:
        return
    before = text.rfind(b"\n", max(0, start - 1 - _PAGE), max(0, start - 1)) + 1
    if start and (before or start <= _PAGE):
        candidate.previous = text[before : start - 1]
    after = text.find(b"\n", end + 1, end + 1 + _PAGE)
    candidate.following = text[end + 1 : after] if after >= 0 else text[end + 1 : end + 1 + _PAGE]


def _sized(candidate: Candidate, count: int) -> Sized:
    size = candidate.end - candidate.start
    beside = 2 if candidate.rules and size <= _PAGE else 0
    return Sized(candidate.start, candidate.kinds, len(candidate.rules), size, count + beside)


def _fitting(
    places: Iterable[tuple[int, int]], lower: bytes, needs: Sequence[bytes], room: int, most: int
) -> tuple[list[tuple[int, int]], int, int | None]:
    """Return places that have one of the needs, how many were tried, and where this ended; None for the end of all."""
    found: list[tuple[int, int]] = []
    tried = 0
    for start, end in places:
        tried += 1 + (end - start) // _LONG
        if _has(lower, needs, start, end):
            found.append((start, end))
        if len(found) >= room or tried >= most:
            return found, tried, start
    return found, tried, None


def _has(lower: bytes, needs: Sequence[bytes], start: int, end: int) -> bool:
    for need in needs:
        if lower.find(need, start, end) >= 0:
            return True
    return not needs


def _next_lines(lower: bytes, end: int, count: int) -> Iterator[tuple[int, int]]:
    """Yield the lines that follow one that ends at ``end``."""
    for _ in range(count):
        if end >= len(lower):
            return
        start = end + 1
        stop = lower.find(b"\n", start, start + 2 * _WINDOW)
        end = min(len(lower), start + 2 * _WINDOW) if stop < 0 else stop
        yield start, end


def _forward(lower: bytes, key: bytes) -> Iterator[tuple[int, int]]:
    at = lower.find(key)
    while at >= 0:
        start, end = _around(lower, at + (key[:1] == b"\n"))
        yield start, end
        at = lower.find(key, max(end, at + 1))


def _backward(lower: bytes, key: bytes) -> Iterator[tuple[int, int]]:
    at = lower.rfind(key)
    while at >= 0:
        start, end = _around(lower, at + (key[:1] == b"\n"))
        yield start, end
        at = lower.rfind(key, 0, start) if start else -1


def _last_lines(lower: bytes) -> Iterator[tuple[int, int]]:
    end = len(lower.rstrip())
    for _ in range(_LAST_LINES):
        start = lower.rfind(b"\n", max(0, end - 2 * _WINDOW), end) + 1
        if end <= 0 or (not start and end > 2 * _WINDOW):
            return
        yield start, end
        end = start - 1


def _few(lower: bytes, word: bytes) -> Iterator[tuple[int, int]]:
    """Yield the first and the last lines that have a word."""
    yield from islice(_forward(lower, word), _FIRST_WORDS)
    yield from islice(_backward(lower, word), _LAST_WORDS)


def _around(lower: bytes, at: int) -> tuple[int, int]:
    """Return where the line around a place begins and ends; a window of it when it is long."""
    least = at - _WINDOW if at > _WINDOW else 0
    start = lower.rfind(b"\n", least, at) + 1 or least
    end = lower.find(b"\n", at, at + _WINDOW)
    return start, min(len(lower), at + _WINDOW) if end < 0 else end
