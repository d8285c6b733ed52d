"""A column of a table, and how wide a text is on a terminal."""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: its heading.
        right: whether cells stand at the right, as numbers do; such cells never wrap.
        fixed: whether cells never wrap, as ids and times must not.
        spare: from 1 on when it may be left out on a narrow terminal: the highest goes first.
    """

    name: str
    right: bool = False
    fixed: bool = False
    spare: int = 0


def width_of(text: str) -> int:
    """Return the columns that ``text`` takes on a terminal: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)
