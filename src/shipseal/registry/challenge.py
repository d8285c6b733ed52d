"""``WWW-Authenticate``: what a registry asks for (RFC 9110, section 11.6.1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a word of the grammar
_PARAMETER = re.compile(
    rf'[\s,]*({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))(?=[\s,]|$)'
)
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?=[\s,]|$)")
_NEXT = re.compile(r"[^,]*(?:,|$)")
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in that a server offers.

    Attributes:
        scheme: in lower case: ``basic``, ``bearer``.
        parameters: names in lower case; the first of a name counts.
    """

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Return all challenges of the ``WWW-Authenticate`` headers in their order. What is malformed is passed over."""
    return tuple(challenge for header in headers for challenge in _parse(header))


def _parse(header: str) -> Iterable[Challenge]:
    found: list[Challenge] = []
    parameters: dict[str, str] = {}
    position = 0
    while position < len(header):
        # ``name=`` is a parameter wherever it stands; a word without ``=`` begins the next challenge.
        if found and (match := _PARAMETER.match(header, position)):
            quoted = match[2]
            value = match[3] if quoted is None else _ESCAPE.sub(r"\1", quoted)
            parameters.setdefault(match[1].lower(), value)
        elif match := _SCHEME.match(header, position):
            parameters = {}
            found.append(Challenge(match[1].lower(), parameters))
        else:
            match = _NEXT.match(header, position)
        position = match.end() if match and match.end() > position else len(header)
    return found
