"""Patterns of identities: a text as it is, a regex, or a glob (``*`` stays within a ``/`` and ``**`` does not)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from shipseal.errors import ConfigError

_NAMED_CLASS = re.compile(r"\[:\^?[a-z]+:\]")
"""Of POSIX, and of Go; for Python just some characters."""


class Form(StrEnum):
    """How a pattern is read."""

    EXACT = "exact"
    GLOB = "glob"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a field must be.

    Attributes:
        text: as it was written.
        form: how it is read; a regex may match anywhere, as cosign's and gh's do.
        fold: whether upper and lower case are the same.
    """

    text: str
    form: Form = Form.GLOB
    fold: bool = False

    def matches(self, value: str) -> bool:
        """Return whether ``value`` is what was asked for; one that is empty or cannot be printed never is.

        Python's ``$`` stands before a line end, too, that of Go (cosign, gh) does not.
        """
        if not value or not value.isprintable():
            return False
        compiled = _compiled(self.text, self.form, self.fold)
        found = compiled.search(value) if self.form is Form.REGEX else compiled.fullmatch(value)
        return found is not None

    def __str__(self) -> str:
        return f"/{self.text}/" if self.form is Form.REGEX else self.text


def checked(pattern: Pattern, *, what: str) -> Pattern:
    """Return ``pattern`` when it can be read.

    Raises:
        ConfigError: an empty one, or a regex with an error in it.
    """
    if not pattern.text:
        raise ConfigError(f"{what}: is empty", hint="leave it out, or say what it must be")
    if pattern.form is Form.REGEX and _NAMED_CLASS.search(pattern.text):
        raise ConfigError(
            f"{what}: {pattern.text[:200]!r} names a class of characters, which is read in another way here",
            hint="write [A-Za-z0-9] for [[:alnum:]]",
        )
    try:
        _compiled(pattern.text, pattern.form, pattern.fold)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(
            f"{what}: {pattern.text[:200]!r} is no regular expression: {error}",
            hint="test it with Python's re; most of Go's syntax is the same",
        ) from error
    return pattern


@lru_cache(maxsize=1024)
def _compiled(text: str, form: Form, fold: bool) -> re.Pattern[str]:
    # Of letters beyond ASCII some are others' lower case: the Kelvin sign is one of "k".
    flags = re.ASCII | (re.IGNORECASE if fold else re.NOFLAG)
    if form is Form.REGEX:
        return re.compile(text, flags)
    return re.compile(as_regex(text) if form is Form.GLOB else re.escape(text), flags)


def as_regex(glob: str) -> str:
    """Return a glob as a regular expression, without anchors."""
    return "".join(_piece(part) for part in re.split(r"(\*+)", glob))


def _piece(part: str) -> str:
    if not part.startswith("*"):
        return re.escape(part)
    return "[^/]*" if part == "*" else ".*"
