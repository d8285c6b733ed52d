"""Scalars of YAML as Grype's configuration reader takes them for text or for a flag."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite

from shipseal.ignores.yaml_scalars import Moment
from shipseal.ignores.yaml_tree import Listed, Scalar, Value


class ValueProblemError(ValueError):
    """A value that cannot be what it stands for."""


def as_text(value: Value) -> str:
    """Return the text that a value stands for where Grype wants text: ``2.20`` without quotes is ``2.2``.

    Raises:
        ValueProblemError: it is a list, a mapping or a date.
    """
    found = _scalar(value, "text")
    if found is None:
        return ""
    if isinstance(found, bool):
        return "1" if found else "0"
    if isinstance(found, float):
        return _decimals(found)
    return str(found)


def as_written(value: Value) -> str:
    """Return the text that a value stands for in a key of our own: as it is written, a date and a number too.

    Raises:
        ValueProblemError: it is a list or a mapping.
    """
    if isinstance(value, Scalar) and value.value is not None:
        return value.text
    return as_text(value)


def as_flag(value: Value) -> bool:
    """Return the yes or no of a value, as Go's ``strconv.ParseBool`` reads it.

    Raises:
        ValueProblemError: it is neither.
    """
    found = _scalar(value, "true or false")
    if found is None:
        return False
    if isinstance(found, bool | int | float):
        return bool(found)
    if found in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if found in ("", "0", "f", "F", "FALSE", "false", "False"):
        return False
    raise ValueProblemError(f"expected true or false, got {found[:60]!r}")


def _scalar(value: Value, expected: str) -> str | bool | int | float | None:
    if not isinstance(value, Scalar):
        kind = "a list" if isinstance(value, Listed) else "a mapping"
        raise ValueProblemError(f"expected {expected}, got {kind}")
    if isinstance(value.value, Moment):
        raise ValueProblemError(
            f"expected {expected}, got the date {value.text}: write it in quotes"
        )
    return value.value


def _decimals(number: float) -> str:
    """Return a number as Go writes it in full, ``1e21`` with all its noughts."""
    if not isfinite(number):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(number), "NaN")
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_end(text: str) -> datetime:
    """Return the moment at which a rule ends: a day counts to its end, in UTC.

    Raises:
        ValueProblemError: it is no date, or one that does not exist.
    """
    text = text.strip()
    try:
        if len(text) <= len("2026-05-31"):
            day = date.fromisoformat(text)
            return datetime.combine(day, time(), UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        problem = f"not a date: {text[:60]!r}; write it as 2026-05-31"
        raise ValueProblemError(problem) from error
