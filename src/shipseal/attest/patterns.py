"""Patterns of identities: a text as it is, a regex, or a glob (``*`` stays within a ``/`` and ``**`` does not)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from shipseal.errors import ConfigError


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
        """Return whether ``value`` is what was asked for; an empty one never is."""
        if not value:
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
    flags = re.IGNORECASE if fold else re.NOFLAG
    if form is Form.REGEX:
        return re.compile(text, flags)
    return re.compile(as_regex(text) if form is Form.GLOB else re.escape(text), flags | re.DOTALL)


def as_regex(glob: str) -> str:
    """Return a glob as a regular expression, without anchors."""
    return "".join(_piece(part) for part in re.split(r"(\*+)", glob))


def _piece(part: str) -> str:
    if not part.startswith("*"):
        return re.escape(part)
    return "[^/]*" if part == "*" else ".*"
