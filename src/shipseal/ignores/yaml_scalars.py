"""What a scalar of YAML is, as Grype's configuration reader resolves it (Go's yaml v3, ``resolve.go``).

That is neither YAML 1.1 nor 1.2: ``010`` and ``0o10`` are eight, ``1_000`` is a thousand, ``yes`` is a text, and a date
without quotes is a moment, which Grype refuses where it wants text. Proved against real Grype in the tests.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_ODD = {
    sign + name: float(sign + name[1:].lower())
    for sign, names in (
        ("", (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN")),
        ("+", (".inf", ".Inf", ".INF")),
        ("-", (".inf", ".Inf", ".INF")),
    )
    for name in names
}
_INTEGER = re.compile(
    r"(?P<sign>[+-]?)(?:0[xX](?P<x>[0-9a-fA-F]+)|0[bB](?P<b>[01]+)|0[oO]?(?P<o>[0-7]+)|(?P<d>0|[1-9][0-9]*))"
)
# A sign behind the prefix is nobody's intention, and read all the same.
_ODD_INTEGER = re.compile(r"0(?:b(?P<b>[+-][01]+)|o(?P<o>[+-][0-7]+))")
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_MOMENT = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:(?P<between>[Tt ])(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})(?:[.,]\d+)?"
    r"(?:(?P<zone>Z)|[+-](?P<hours>\d\d):(?P<minutes>\d\d))?)?",
    re.ASCII,
)
# The longest number that counts; Python refuses to read much longer ones, and they are infinite anyway.
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time without quotes.

    Attributes:
        text: as it is written.
    """

    text: str


Resolved = str | bool | int | float | Moment | None
"""What a scalar is."""


def resolved(text: str) -> Resolved:
    """Return what a scalar without quotes and without a tag is.

    Args:
        text: the scalar; comments and white space around it are gone.
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if (odd := _ODD.get(text)) is not None:
        return odd
    first = text[0]
    if first == ".":
        return _fraction(text, text)
    if first in "+-0123456789":
        return _number(text)
    return text


def _number(text: str) -> Resolved:
    if _is_moment(text):
        return Moment(text)
    plain = text.replace("_", "")
    whole = _integer(plain)
    if whole is not None:
        return whole
    found = _fraction(plain, text)
    if not isinstance(found, str):
        return found
    odd = _ODD_INTEGER.fullmatch(plain)
    if odd is None:
        return text
    return int(odd["b"], 2) if odd["b"] else int(odd["o"], 8)


def _integer(plain: str) -> int | None:
    """Return a whole number of 64 bits; None for what is none, or does not fit."""
    found = _INTEGER.fullmatch(plain)
    if found is None or len(plain) > _LONGEST:
        return None
    kind = str(found.lastgroup)
    number = int(found[kind], _BASES[kind])
    if found["sign"] == "-":
        return -number if number <= 1 << 63 else None
    return number if number < 1 << (63 if found["sign"] else 64) else None


def _fraction(plain: str, text: str) -> float | str:
    if _FLOAT.fullmatch(plain) is None:
        return text
    number = float(plain)
    # What is too large for a number is none there.
    return text if number in (float("inf"), float("-inf")) else number


def _is_moment(text: str) -> bool:
    found = _MOMENT.fullmatch(text)
    # With a T it has a zone, with a space it has none.
    zoned = found is not None and bool(found["zone"] or found["hours"])
    if found is None or zoned != (found["between"] in ("T", "t")):
        return False
    month, day, hour, minute, second = (
        int(found[word] or 0) for word in ("month", "day", "hour", "minute", "second")
    )
    try:
        # Go knows a year 0, with a 29 February.
        datetime(int(found["year"]) or 4, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return False
    return int(found["hours"] or 0) <= 24 and int(found["minutes"] or 0) <= 60
