"""Globs of ignore rules' locations, as Grype's doublestar library (version 2) reads them.

A path is matched folder by folder: ``*``, ``?`` and ``[a-z]`` stay within one name, a name that is ``**`` stands for
any number of folders, and ``{a,b}`` for either text. The whole path must match.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

_MAX_TEXT = 1000
_MAX_ALTERNATIVES = 256


class GlobError(ValueError):
    """The glob is malformed."""


@dataclass(frozen=True, slots=True)
class _One:
    """Exactly one character: of these ranges, or any when there are none."""

    ranges: tuple[tuple[str, str], ...] = ()
    negated: bool = False

    def holds(self, character: str) -> bool:
        if not self.ranges:
            return True
        inside = any(low <= character <= high for low, high in self.ranges)
        return inside is not self.negated


_MANY = None
_Name = tuple[_One | None, ...]
_FOLDERS = "**"


class Glob:
    """A compiled glob.

    Args:
        text: the glob.

    Raises:
        GlobError: it is malformed.
    """

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_TEXT:
            raise GlobError(f"the glob is longer than {_MAX_TEXT} characters")
        self._alternatives = [
            tuple(_FOLDERS if name == _FOLDERS else _parse_name(name) for name in _split(plain))
            for plain in _expand(text)
        ]

    def matches(self, path: str) -> bool:
        """Return whether the whole of ``path`` matches."""
        names = tuple(path.split("/"))
        return any(_match_folders(parts, names) for parts in self._alternatives)


def _match_folders(parts: Sequence[_Name | str], names: tuple[str, ...]) -> bool:
    @cache
    def match(part: int, name: int) -> bool:
        if part == len(parts):
            return name == len(names)
        first = parts[part]
        if isinstance(first, str):
            if part == len(parts) - 1:
                return name < len(names)
            return any(match(part + 1, later) for later in range(name, len(names)))
        return name < len(names) and _match_name(first, names[name]) and match(part + 1, name + 1)

    return match(0, 0)


def _match_name(items: _Name, text: str) -> bool:
    """Match by keeping the set of lengths that the items so far can have read."""
    reached = {0}
    for item in items:
        if item is _MANY:
            reached = set(range(min(reached), len(text) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(text) and item.holds(text[at])}
        if not reached:
            return False
    return len(text) in reached


def _split(text: str) -> Iterator[str]:
    """Yield the names between the separators that are not escaped."""
    name, escaped = "", False
    for character in text:
        if character == "/" and not escaped:
            yield name
            name = ""
            continue
        escaped = character == "\\" and not escaped
        name += character
    yield name


def _parse_name(text: str) -> _Name:
    items: list[_One | None] = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*":
            items.append(_MANY)
        elif character == "?":
            items.append(_One())
        elif character == "[":
            end = _closing(text, at)
            items.append(_parse_set(text[at:end]))
            at = end + 1
        else:
            if character == "\\":
                if at == len(text):
                    raise GlobError(f"nothing is escaped at the end of {text!r}")
                character = text[at]
                at += 1
            items.append(_One(((character, character),)))
    return tuple(items)


def _closing(text: str, at: int) -> int:
    escaped = False
    for index in range(at, len(text)):
        if text[index] == "]" and not escaped:
            return index
        escaped = text[index] == "\\" and not escaped
    raise GlobError(f"missing ] in {text!r}")


def _parse_set(text: str) -> _One:
    negated = text.startswith("^")
    characters = _unescape(text[1:] if negated else text)
    if not characters:
        raise GlobError("an empty set of characters")
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(characters):
        low, literal = characters[at]
        if low == "-" and not literal:
            raise GlobError(f"a lone - in the set {text!r}")
        high = low
        if characters[at + 1 : at + 2] == [("-", False)]:
            if at + 2 >= len(characters) or characters[at + 2] == ("-", False):
                raise GlobError(f"a range without its end in the set {text!r}")
            high = characters[at + 2][0]
            at += 2
        ranges.append((low, high))
        at += 1
    return _One(tuple(ranges), negated)


def _unescape(text: str) -> list[tuple[str, bool]]:
    """Return each character with whether it was escaped."""
    found: list[tuple[str, bool]] = []
    escaped = False
    for character in text:
        if character == "\\" and not escaped:
            escaped = True
            continue
        found.append((character, escaped))
        escaped = False
    if escaped:
        raise GlobError(f"nothing is escaped at the end of the set {text!r}")
    return found


def _expand(text: str) -> list[str]:
    """Return the globs that ``text`` stands for, without braces."""
    finished: list[str] = []
    waiting = [text]
    while waiting:
        current = waiting.pop()
        braces = _braces(current)
        if braces is None:
            finished.append(current)
        else:
            start, end, options = braces
            waiting += [current[:start] + option + current[end + 1 :] for option in options]
        if len(finished) + len(waiting) > _MAX_ALTERNATIVES:
            raise GlobError(f"{text!r} stands for more than {_MAX_ALTERNATIVES} globs")
    return finished


def _braces(text: str) -> tuple[int, int, list[str]] | None:
    """Return where the first ``{…}`` is, and its options; None when there is none."""
    options: list[str] = []
    start, depth, option, escaped = -1, 0, "", False
    for index, character in enumerate(text):
        plain = not escaped
        escaped = character == "\\" and not escaped
        if plain and character == "{":
            depth += 1
            if depth == 1:
                start = index
                continue
        if plain and character == "}" and depth:
            depth -= 1
            if depth == 0:
                return start, index, [*options, option]
        if plain and character == "," and depth == 1:
            options.append(option)
            option = ""
        elif depth:
            option += character
    if depth:
        raise GlobError(f"missing }} in {text!r}")
    return None
