"""Expressions are searched alternative by alternative, and each only where its parts are there, in their order.

``(?:a|b).*(?:c|d)`` tries its second half anew after each place of its first one, so a line that repeats the first
half takes time by the square of its length; chains of three take the cube. The parts alone, each searched once from
where the one before was first seen, are there in each line that matches, hardly ever in another, and are looked for
in time that grows with the line and no faster.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

_REPEAT = re.compile(r"(?:[*+?]|\{\d*,?\d*\})[?+]?")
_NOTHING = re.compile(r"(?:[$^]|\\[bB])*")
"""Places that need no character."""


def search(pattern: str, text: str) -> re.Match[str] | None:
    """Return what ``re.search`` would, in any case: the first match, of two at one place that of the first alternative.

    Groups of other alternatives are not in the match.

    Args:
        pattern: regular expression.
        text: one line.
    """
    best = None
    for whole, parts in _alternatives(pattern):
        found = compiled(whole).search(text) if _in_order(parts, text) else None
        if found and (best is None or found.start() < best.start()):
            best = found
    return best


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression, compiled when a log needs it first: all of them would cost a tenth of a second."""
    return re.compile(pattern, re.IGNORECASE)


def _in_order(parts: Sequence[str], text: str) -> bool:
    at = 0
    for part in parts:
        found = compiled(part).search(text, at)
        if found is None:
            return False
        at = found.start()
    return True


@cache
def _alternatives(pattern: str) -> Sequence[tuple[str, Sequence[str]]]:
    """Return each alternative with its parts; with none where they would be the alternative itself."""
    return [
        (whole, parts if "".join(parts) != whole else ()) for whole, parts in alternatives(pattern)
    ]


def alternatives(pattern: str) -> Sequence[tuple[str, Sequence[str]]]:
    """Return the alternatives of an expression, of each the parts that a match has in this order.

    What may be missing and what is repeated without end stands between parts, and is in none. What is tied to the
    beginning of the line has none: it is tried at one place only.
    """
    wholes, parts = [""], [[""]]
    for atom, repeat in _atoms(pattern):
        if atom == "|":
            wholes.append("")
            parts.append([""])
            continue
        wholes[-1] += atom + repeat
        if _splits(atom, repeat):
            parts[-1].append("")
        else:
            parts[-1][-1] += atom + repeat
    return [
        (whole, () if whole[:1] == "^" else [one for one in of if not _NOTHING.fullmatch(one)])
        for whole, of in zip(wholes, parts, strict=True)
    ]


def _splits(atom: str, repeat: str) -> bool:
    optional = repeat[:1] == "*" or repeat.startswith(("{0", "{,"))
    optional = optional or (repeat[:1] == "?" and atom[0] == "(")
    endless = repeat[:1] == "+" or (repeat[:1] == "{" and repeat.rstrip("?+").endswith(",}"))
    return optional or endless


def _atoms(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield what an expression consists of at its outermost level, each with how often it is repeated."""
    at = 0
    while at < len(pattern):
        end = _end(pattern, at)
        atom = pattern[at:end]
        repeat = None if atom == "|" else _REPEAT.match(pattern, end)
        at = repeat.end() if repeat else end
        yield atom, repeat[0] if repeat else ""


def _end(pattern: str, at: int) -> int:
    """Return where the character, set or group that begins there ends."""
    if pattern[at] == "\\":
        return at + 2
    if pattern[at] == "[":
        return _end_of_set(pattern, at)
    if pattern[at] != "(":
        return at + 1
    at += 1
    while pattern[at] != ")":
        at = _end(pattern, at)
    return at + 1


def _end_of_set(pattern: str, at: int) -> int:
    at += 2 if pattern[at + 1] == "^" else 1
    at += pattern[at] == "]"
    while pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1
