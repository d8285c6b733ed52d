"""Expressions of GitHub Actions (``${{ … }}`` and ``if:``), evaluated with what is known; the rest stays unknown.

Source: GitHub's documentation, "Evaluate expressions in workflows and actions": literals, operators, loose equality,
functions. Every answer is three-valued: what cannot be known from the text is :data:`UNKNOWN`, never a guess.
"""

import re
from collections.abc import Callable

from shipseal.workflows.expression_values import (
    UNKNOWN,
    Ours,
    Unknown,
    Value,
    as_text,
    call,
    equal,
    truth,
)

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0x[0-9A-Fa-f]+|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w-])|'(?P<text>(?:[^']|'')*)'"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<op>\|\||&&|==|!=|<=|>=|[!<>()\[\].,*]))"
)
_TEMPLATE = re.compile(r"\$\{\{((?:[^'}]|'[^']*'|\}(?!\}))*)\}\}")
MAX_LENGTH = 21_000
"""GitHub's own limit of an expression, in characters."""

_MAX_DEPTH = 50


Lookup = Callable[[str], Value]


class ExpressionError(ValueError):
    """A text is no expression."""


def evaluate(text: str, lookup: Lookup) -> Value:
    """Return the value of the expression ``text``, written without ``${{ }}``.

    Args:
        text: the expression.
        lookup: returns the value of a path such as ``github.event_name``, in lower case.

    Raises:
        ExpressionError: it is none.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError("longer than GitHub reads")
    parser = _Parser(text, lookup)
    value = parser.either(0)
    parser.end()
    return value


def condition(text: str, lookup: Lookup) -> bool | None:
    """Return whether an ``if:`` holds in a run without failures so far; None when that is not known.

    Args:
        text: with or without ``${{ }}``; empty holds.
        lookup: as for :func:`evaluate`.
    """
    text = text.strip()
    if not text:
        return True
    whole = _TEMPLATE.fullmatch(text)
    if whole:
        text = whole[1]
    elif "${{" in text:
        # A template within other text is a text, and a text that is not empty is true: GitHub runs it always.
        return bool(_TEMPLATE.sub("", text).strip()) or None
    try:
        return truth(evaluate(text, lookup))
    except ExpressionError:
        return None


def rendered(text: str, lookup: Lookup) -> Value:
    """Return what a value with templates becomes; UNKNOWN when a part of it is not known.

    Args:
        text: with any number of ``${{ }}``.
        lookup: as for :func:`evaluate`.
    """
    whole = _TEMPLATE.fullmatch(text.strip())
    if whole:
        return _safely(whole[1], lookup)
    parts: list[str] = []
    at = 0
    for match in _TEMPLATE.finditer(text):
        value = _safely(match[1], lookup)
        if isinstance(value, Unknown | Ours):
            return UNKNOWN
        parts += [text[at : match.start()], as_text(value)]
        at = match.end()
    return "".join(parts) + text[at:]


def symbolic(text: str, lookup: Lookup) -> str:
    """Return ``text`` with the templates that are known filled in, and the others in one spelling.

    Args:
        text: with any number of ``${{ }}``.
        lookup: as for :func:`evaluate`.
    """

    def filled(match: re.Match[str]) -> str:
        value = _safely(match[1], lookup)
        if isinstance(value, Unknown | Ours):
            return "${{" + re.sub(r"\s+", "", match[1]).lower() + "}}"
        return as_text(value)

    return _TEMPLATE.sub(filled, text)


def expressions_in(text: str) -> tuple[str, ...]:
    """Return the expressions within ``${{ }}`` in ``text``."""
    return tuple(match[1].strip() for match in _TEMPLATE.finditer(text))


def _safely(text: str, lookup: Lookup) -> Value:
    try:
        return evaluate(text, lookup)
    except ExpressionError:
        return UNKNOWN


class _Parser:
    """Reads and evaluates in one pass; both sides of an operator are always read."""

    def __init__(self, text: str, lookup: Lookup) -> None:
        self._lookup = lookup
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        place = 0
        stripped = text.rstrip()
        while place < len(stripped):
            match = _TOKEN.match(stripped, place)
            if match is None:
                raise ExpressionError(f"unexpected {stripped[place : place + 10]!r}")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind]))
            place = match.end()
        if not self._tokens:
            raise ExpressionError("empty")

    def _take(self, *operators: str) -> str:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "op" and text in operators:
                self._at += 1
                return text
        return ""

    def end(self) -> None:
        """Raise unless everything was read."""
        if self._at != len(self._tokens):
            raise ExpressionError(f"unexpected {self._tokens[self._at][1]!r}")

    def either(self, depth: int) -> Value:
        """Read alternatives."""
        if depth > _MAX_DEPTH:
            raise ExpressionError("nested too deeply")
        value = self._both(depth)
        while self._take("||"):
            value = _or(value, self._both(depth))
        return value

    def _both(self, depth: int) -> Value:
        value = self._compared(depth)
        while self._take("&&"):
            value = _and(value, self._compared(depth))
        return value

    def _compared(self, depth: int) -> Value:
        value = self._unary(depth)
        while operator := self._take("==", "!=", "<", ">", "<=", ">="):
            other = self._unary(depth)
            value = _compare(operator, value, other)
        return value

    def _unary(self, depth: int) -> Value:
        negations = 0
        while self._take("!"):
            negations += 1
        value = self._primary(depth)
        for _ in range(negations):
            known = truth(value)
            value = UNKNOWN if known is None else not known
        return value

    def _primary(self, depth: int) -> Value:
        if self._take("("):
            value = self.either(depth + 1)
            self._need(")")
            return self._beyond(value, depth)
        if self._at >= len(self._tokens):
            raise ExpressionError("ends too early")
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text.replace("''", "'")
        if kind == "number":
            return float(int(text, 16)) if text.startswith("0x") else float(text)
        if kind == "name":
            return self._named(text, depth)
        raise ExpressionError(f"unexpected {text!r}")

    def _need(self, operator: str) -> None:
        if not self._take(operator):
            raise ExpressionError(f"{operator} is missing")

    def _named(self, name: str, depth: int) -> Value:
        lowered = name.lower()
        if lowered in ("true", "false"):
            return lowered == "true"
        if lowered == "null":
            return None
        if self._take("("):
            return self._beyond(call(lowered, self._arguments(depth)), depth)
        path = [lowered]
        known = True
        while operator := self._take(".", "["):
            known = self._deeper(operator, path, depth) and known
        return self._lookup(".".join(path)) if known else UNKNOWN

    def _deeper(self, operator: str, path: list[str], depth: int) -> bool:
        if operator == "[":
            if self._take("*"):
                self._need("]")
                return False
            key = self.either(depth + 1)
            self._need("]")
            path.append(as_text(key).lower() if isinstance(key, str) else "*")
            return isinstance(key, str)
        if self._take("*"):
            return False
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != "name":
            raise ExpressionError("a name is missing after .")
        path.append(self._tokens[self._at][1].lower())
        self._at += 1
        return True

    def _beyond(self, value: Value, depth: int) -> Value:
        path: list[str] = []
        while operator := self._take(".", "["):
            self._deeper(operator, path, depth)
        return UNKNOWN if path else value

    def _arguments(self, depth: int) -> list[Value]:
        arguments: list[Value] = []
        if self._take(")"):
            return arguments
        while True:
            arguments.append(self.either(depth + 1))
            if self._take(")"):
                return arguments
            self._need(",")


def _or(left: Value, right: Value) -> Value:
    known, other = truth(left), truth(right)
    if known is None:
        return Unknown(True) if other else UNKNOWN
    return left if known else right


def _and(left: Value, right: Value) -> Value:
    known, other = truth(left), truth(right)
    if known is None:
        return False if other is False else UNKNOWN
    return right if known else left


def _compare(operator: str, left: Value, right: Value) -> Value:
    if operator in ("==", "!="):
        same = truth(equal(left, right))
        return UNKNOWN if same is None else same == (operator == "==")
    return UNKNOWN
