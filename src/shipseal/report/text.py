"""Make text from outside safe to show: package names and advisories are written by strangers."""

import unicodedata

# Control characters move a terminal's cursor, bidirectional ones reorder what is read.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKDOWN = frozenset("\\`*_{}[]()#+-!|~^$@")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def printable(text: str, limit: int = 500) -> str:
    """Return ``text`` in one line, without characters that are not seen, cut to ``limit`` characters."""
    shown = "".join(_shown(character) for character in text[: limit + 1])
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _shown(character: str) -> str:
    if character in "\t\n\r":
        return " "
    return "" if unicodedata.category(character) in _HIDDEN else character


def markdown(text: str, limit: int = 500) -> str:
    """Return ``text`` so that GitHub's Markdown shows it as it is: no link, no markup, no cell of a table."""
    line = printable(text, limit).replace("://", ":\u200b//")
    return "".join(
        f"\\{character}" if character in _MARKDOWN else _ENTITIES.get(character, character)
        for character in line
    )
