"""What a registry says when it refuses, in whatever form it says it."""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from shipseal._internal.json_errors import NOT_JSON

_LENGTH_MAX = 600
# What matters of a page stands at its top; and the expression below takes quadratic time on a hostile one.
_PAGE_MAX = 8192
_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Words:
    """What a registry says.

    Attributes:
        codes: its error codes, in capitals (distribution-spec, Error Codes).
        text: one line for a message.
    """

    codes: frozenset[str]
    text: str


def read_words(body: bytes) -> Words:
    """Return what an error's body says: the registry's own list, a token server's object, a proxy's page, or text."""
    text = body.decode("utf-8", "replace").strip()
    try:
        document = msgspec.json.decode(body)
    except NOT_JSON:
        text = text[:_PAGE_MAX]
        plain = html.unescape(_TAG.sub(" ", text)) if "<" in text[:200] else text
        return Words(frozenset(), one_line(plain))
    if not isinstance(document, dict):
        return Words(frozenset(), one_line(text))
    problems = [one for one in _list(document.get("errors")) if isinstance(one, dict)]
    if problems:
        words = frozenset(str(one.get("code", "")).upper() for one in problems)
        return Words(words, one_line("; ".join(map(_problem, problems))))
    # Token servers: Docker Hub says details, OAuth2 error and error_description, others message.
    parts = (document.get(key) for key in ("error", "error_description", "message", "details"))
    said = ": ".join(part for part in parts if isinstance(part, str))
    return Words(frozenset(), one_line(said or text))


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


def _problem(problem: Mapping[str, object]) -> str:
    detail = problem.get("detail")
    if detail and not isinstance(detail, str):
        detail = msgspec.json.encode(detail).decode()
    parts = (problem.get("code"), problem.get("message"))
    said = ": ".join(str(part) for part in parts if part)
    return f"{said} ({detail})" if detail else said


def one_line(text: str) -> str:
    """Return ``text`` for a message: one line, cut, without control characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _LENGTH_MAX else f"{line[:_LENGTH_MAX]}…"
