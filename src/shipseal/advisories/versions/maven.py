"""Maven's order (``ComparableVersion`` of maven-artifact 3.8; https://maven.apache.org/pom.html, Version Order).

A version is a list of numbers, words and lists: ``-`` and each change between digits and letters open a list inside.
Known words stand in an order of their own around the release, others behind it; zeros and words that mean "release"
count for nothing at the end of a list.
"""

import re
from typing import TypeAlias

from shipseal.advisories.versions.scheme import MAX_DIGITS, Key, Scheme

_Item: TypeAlias = "int | str | list[_Item]"
_Maybe: TypeAlias = "_Item | None"

# Java's drivers append the runtime that they were built for; it is no part of the order (12.10.2.jre11).
_RUNTIME = re.compile(r"\.(?:jre|jdk)\d+$", re.IGNORECASE)
_WORD = re.compile(r"\d+|[^\d.-]+|[.-]")
_QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_RELEASE = _QUALIFIERS.index("")
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_BEFORE_DIGIT = {"a": "alpha", "b": "beta", "m": "milestone"}
_MAX_LISTS = 100  # each opens another level, and comparing recurses


class MavenScheme(Scheme):
    """Versions of Maven artifacts; any text is one, so only absurd text has no key."""

    name = "maven"

    def _parse(self, version: str) -> Key | None:
        text = _RUNTIME.sub("", version.strip().lower())
        if not text or re.search(rf"\d{{{MAX_DIGITS + 1}}}|\s", text):
            return None
        items = _parse_items(text)
        return None if items is None else _MavenKey(items)


class _MavenKey:
    __slots__ = ("items",)

    def __init__(self, items: list[_Item]) -> None:
        self.items = items

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _MavenKey) and not _compare(self.items, other.items)

    def __hash__(self) -> int:
        return 0  # equal keys need not have equal items

    def __lt__(self, other: "_MavenKey") -> bool:
        return _compare(self.items, other.items) < 0


def _parse_items(text: str) -> list[_Item] | None:
    """Return the nested lists, or None when there are too many."""
    lists: list[list[_Item]] = [[]]
    words = _WORD.findall(text)
    for before, word, after in zip([".", *words], words, [*words[1:], ""], strict=False):
        if word in ".-":
            if before in ".-":
                lists[-1].append(0)
        else:
            if _opens_list(word, after) and lists[-1]:
                _open(lists)
            lists[-1].append(_item(word, after))
        if word == "-" or _changes_kind(word, after):
            _open(lists)
    if len(lists) > _MAX_LISTS:
        return None
    for items in reversed(lists):
        _normalize(items)
    return lists[0]


def _open(lists: list[list[_Item]]) -> None:
    inner: list[_Item] = []
    lists[-1].append(inner)
    lists.append(inner)


def _opens_list(word: str, after: str) -> bool:
    """Whether a word is treated as if ``-`` stood before it: 1.0.x1 is older than 1.0-x2."""
    return not word.isdigit() and (not after or after.isdigit())


def _item(word: str, after: str) -> int | str:
    if word.isdigit():
        return int(word)
    if after.isdigit():
        word = _BEFORE_DIGIT.get(word, word)
    return _ALIASES.get(word, word)


def _changes_kind(word: str, after: str) -> bool:
    return bool(after) and word not in ".-" and after not in ".-"


def _normalize(items: list[_Item]) -> None:
    """Take off what counts for nothing at the end, also before lists that stay."""
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if item in (0, "", []):
            del items[index]
        elif not isinstance(item, list):
            return


def _compare(left: _Maybe, right: _Maybe) -> int:
    if left is None:
        return 0 if right is None else -_compare(right, None)
    if isinstance(left, int):
        return _compare_number(left, right)
    if isinstance(left, str):
        return _compare_word(left, right)
    return _compare_list(left, right)


def _compare_number(left: int, right: _Maybe) -> int:
    if right is None:
        return 1 if left else 0
    if isinstance(right, int):
        return (left > right) - (left < right)
    return 1  # 1.1 is newer than 1-sp and than 1-1


def _compare_word(left: str, right: _Maybe) -> int:
    if right is None:
        mine, other = _qualifier(left), (_RELEASE, "")
    elif isinstance(right, str):
        mine, other = _qualifier(left), _qualifier(right)
    else:
        return -1  # 1.any is older than 1.1 and than 1-1
    return (mine > other) - (mine < other)


def _qualifier(word: str) -> tuple[int, str]:
    if word in _QUALIFIERS:
        return _QUALIFIERS.index(word), ""
    return len(_QUALIFIERS), word


def _compare_list(left: list[_Item], right: _Maybe) -> int:
    if isinstance(right, int):
        return -1  # 1-1 is older than 1.0.x
    if isinstance(right, str):
        return 1  # 1-1 is newer than 1-sp
    other = right or []
    for index in range(max(len(left), len(other))):
        mine = left[index] if index < len(left) else None
        result = _compare(mine, other[index] if index < len(other) else None)
        if result:
            return result
    return 0
