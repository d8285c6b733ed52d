"""Values of expressions: some are not known, and how GitHub compares them and what its functions say of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the text does not tell.

    Attributes:
        truth: whether it counts as true, where at least that is known.
    """

    truth: bool | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """A name of the repository that the workflow is in: it equals every literal that it is compared with.

    A workflow that asks for its own repository by name means itself; only a copy of it in a fork says no.

    Attributes:
        what: ``repository``, ``owner``.
    """

    what: str


UNKNOWN = Unknown()
Value = str | float | bool | None | Unknown | Ours


def truth(value: Value) -> bool | None:
    """Return whether ``value`` counts as true; None when that is not known."""
    if isinstance(value, Unknown):
        return value.truth
    if isinstance(value, Ours):
        return True
    return bool(value)


def as_text(value: Value) -> str:
    """Return how a known value stands in a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def equal(left: Value, right: Value) -> Value:
    """Return whether two values are equal as GitHub compares them: loosely, and texts without case."""
    if isinstance(left, Ours) or isinstance(right, Ours):
        return _equal_to_ours(left, right)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if left is None and right is None:
        return True
    return _number(left) == _number(right)


def _equal_to_ours(left: Value, right: Value) -> Value:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if isinstance(left, Ours) and isinstance(right, Ours):
        return True if left == right else UNKNOWN
    other = right if isinstance(left, Ours) else left
    if isinstance(other, str) and other.startswith("\0"):  # what belongs to a fork
        return False
    return bool(other)


def _number(value: str | float | bool | None) -> float:
    if value is None or value == "":
        return 0.0
    try:
        return float(value)
    except ValueError:
        return float("nan")


def call(name: str, arguments: list[Value]) -> Value:
    """Return what a function says in a run without failures so far."""
    if name in ("success", "always"):
        return True
    if name in ("failure", "cancelled"):
        return False
    if any(isinstance(item, Unknown | Ours) for item in arguments):
        return UNKNOWN
    texts = [as_text(item).lower() for item in arguments]
    if len(texts) == 2 and name in _PAIRS:
        return _PAIRS[name](texts[0], texts[1])
    if name == "format" and arguments:
        return _format([as_text(item) for item in arguments])
    if name == "fromjson" and texts and texts[0] in ("true", "false"):
        return texts[0] == "true"
    return UNKNOWN


_PAIRS: dict[str, Callable[[str, str], Value]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}


def _format(arguments: list[str]) -> Value:
    def put(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        number = int(match[1]) + 1
        return arguments[number] if number < len(arguments) else match[0]

    return re.sub(r"\{\{|\}\}|\{(\d{1,3})\}", put, arguments[0])
