"""Scalars of YAML as Grype's configuration reader takes them for text."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal


class ValueProblemError(ValueError):
    """A value that cannot be what it stands for."""


def as_text(value: object) -> str:
    """Return the text that a scalar stands for where Grype wants text: ``2.2`` without quotes is ``2.2``.

    Raises:
        ValueProblemError: it is a list or a mapping.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        text = format(Decimal(repr(float(value))), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, str):
        return str(value)
    kind = "a list" if isinstance(value, list | tuple | set) else "a mapping"
    raise ValueProblemError(f"expected text, got {kind}")


def as_flag(value: object) -> bool:
    """Return the yes or no of a scalar, as Go's ``strconv.ParseBool`` reads it.

    Raises:
        ValueProblemError: it is neither.
    """
    if value is None:
        return False
    if isinstance(value, bool | int | float):
        return bool(value)
    text = str(value)
    if text in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if text in ("", "0", "f", "F", "FALSE", "false", "False"):
        return False
    raise ValueProblemError(f"expected true or false, got {text[:60]!r}")


def as_end(value: object) -> datetime:
    """Return the moment at which a rule ends: a day counts to its end, in UTC.

    Raises:
        ValueProblemError: it is no date, or one that does not exist.
    """
    text = as_text(value).strip()
    try:
        if len(text) <= len("2026-05-31"):
            day = date.fromisoformat(text)
            return datetime.combine(day, time(), UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        problem = f"not a date: {text[:60]!r}; write it as 2026-05-31"
        raise ValueProblemError(problem) from error
