"""A last resort for bounds that no scheme accepts (``2.7.16-33`` for Alpine, ``1.9.0b1`` for npm).

Advisories hold a few hundred such bounds. Skipping them would lose findings, so they are compared as people read them:
part by part between punctuation, digits by value, then letters, then what follows. Used for bounds only, never for the
version of an installed package, and each use is told.
"""

import re
from itertools import zip_longest

_PART = re.compile(r"(\d*)([^\d]*)(\d*)(.*)", re.DOTALL)
_NAME = re.compile(r"\s*(?![vV]\d)[A-Za-z]")
_SEPARATOR = re.compile(r"[!-/:-@\[-`{-~]")


def compare_fuzzy(version: str, bound: str) -> int:
    """Return -1, 0 or 1; what only goes on longer is newer, and a name (``nightly``) is newer than numbers."""
    named = (_NAME.match(version) is not None) - (_NAME.match(bound) is not None)
    if named:
        return named
    parts = zip_longest(_parts(version), _parts(bound))
    for left, right in parts:
        if left is None:
            return -1
        if right is None or left > right:
            return 1
        if left < right:
            return -1
    return 0


def _parts(text: str) -> list[tuple[int, str, int, str]]:
    text = re.sub(r"^[vV](?=\d)", "", text.strip())
    return [_part(word) for word in _SEPARATOR.split(text)]


def _part(word: str) -> tuple[int, str, int, str]:
    match = _PART.fullmatch(word[:200])
    if match is None:
        return 0, word, 0, ""
    number, letters, second, rest = match.groups()
    return int(number or 0), letters, int(second or 0), rest
