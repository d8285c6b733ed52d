"""The syntax of expressions: text in, a tree out."""

import string
from collections.abc import Callable  # noqa: TC003 - as everywhere in this house
from dataclasses import dataclass
from typing import TypeAlias

_MAX_REPEAT = 1000  # as in RE2
_MAX_DEPTH = 50
_MAX_TEXT = 1000
_WORD = string.ascii_letters + string.digits + "_"
_POSIX = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "digit": string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "punct": string.punctuation,
    "space": " \t\n\r\f\v",
    "word": _WORD,
    "xdigit": string.hexdigits,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}


class PatternError(ValueError):
    """The expression is malformed, or uses what is not supported."""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """One character.

    Attributes:
        ranges: first and last character of each range.
        negated: whether all others are meant.
        fold: whether case does not count.
    """

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False
    fold: bool = False

    def holds(self, character: str) -> bool:
        """Return whether ``character`` is in the set."""
        forms = {character, character.lower(), character.upper()} if self.fold else {character}
        inside = any(low <= form <= high for form in forms for low, high in self.ranges)
        return inside is not self.negated


@dataclass(frozen=True, slots=True)
class Assertion:
    r"""A position: ``^`` and ``\A``, ``$`` and ``\z``, ``\b``, ``\B``.

    Attributes:
        kind: ``start``, ``end``, ``boundary`` or ``inside``.
    """

    kind: str

    def holds(self, text: str, position: int) -> bool:
        """Return whether ``position`` is such a place in ``text``."""
        if self.kind == "start":
            return position == 0
        if self.kind == "end":
            return position == len(text)
        before = position > 0 and text[position - 1] in _WORD
        after = position < len(text) and text[position] in _WORD
        return (before is not after) is (self.kind == "boundary")


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other.

    Attributes:
        items: in order.
    """

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Any one.

    Attributes:
        items: the choices.
    """

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """Several times.

    Attributes:
        item: what is repeated.
        least: how often at least.
        most: how often at most; None is without end.
    """

    item: "Node"
    least: int
    most: int | None


Node: TypeAlias = CharacterSet | Assertion | Sequence | Alternative | Repeat
_ANY = CharacterSet((("\n", "\n"),), negated=True)


def parse_pattern(text: str) -> Node:
    """Return the tree of ``text``.

    Raises:
        PatternError: see there.
    """
    if len(text) > _MAX_TEXT:
        raise PatternError(f"the expression is longer than {_MAX_TEXT} characters")
    parser = _Parser(text)
    node = parser.alternative(0)
    if parser.rest():
        raise parser.error("unexpected )")
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._fold = False

    def error(self, problem: str) -> PatternError:
        return PatternError(f"{problem} at character {self._at + 1} of {self._text!r}")

    def rest(self) -> str:
        return self._text[self._at :]

    def _take(self, prefix: str) -> bool:
        if self._text.startswith(prefix, self._at):
            self._at += len(prefix)
            return True
        return False

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise self.error("unexpected end")
        self._at += 1
        return self._text[self._at - 1]

    def alternative(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise self.error("too many nested groups")
        items = [self._sequence(depth)]
        while self._take("|"):
            items.append(self._sequence(depth))
        return items[0] if len(items) == 1 else Alternative(tuple(items))

    def _sequence(self, depth: int) -> Node:
        items: list[Node] = []
        while self.rest() and self.rest()[0] not in "|)":
            atom = self._atom(depth)
            if atom is not None:
                items.append(self._repeated(atom))
        return Sequence(tuple(items))

    def _repeated(self, atom: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return atom
        self._take("?")  # lazy or greedy makes no difference to whether it matches
        if self._bounds() is not None:
            raise self.error("nested repetition")
        return Repeat(atom, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        return self._counted()

    def _counted(self) -> tuple[int, int | None] | None:
        """Read ``{2}``, ``{2,}`` or ``{2,5}``; any other brace is a plain character."""
        end = self._text.find("}", self._at)
        if not self.rest().startswith("{") or end < 0:
            return None
        least, comma, most = self._text[self._at + 1 : end].partition(",")
        if not _is_number(least) or not (most == "" or _is_number(most)):
            return None
        self._at = end + 1
        low = int(least)
        high = (int(most) if most else None) if comma else low
        if low > _MAX_REPEAT or (high is not None and not low <= high <= _MAX_REPEAT):
            raise self.error("invalid repetition")
        return low, high

    def _atom(self, depth: int) -> Node | None:
        character = self._next()
        special: dict[str, Callable[[], Node | None]] = {
            "(": lambda: self._group(depth),
            "[": self._set,
            "\\": self._escape,
            ".": lambda: _ANY,
            "^": lambda: Assertion("start"),
            "$": lambda: Assertion("end"),
        }
        if character in special:
            return special[character]()
        if character in "*+?":
            raise self.error(f"nothing to repeat before {character}")
        return self._literal(character)

    def _literal(self, character: str) -> CharacterSet:
        return CharacterSet(((character, character),), fold=self._fold)

    def _group(self, depth: int) -> Node | None:
        outer = self._fold
        if self._take("?"):
            if self._take("i)"):
                self._fold = True
                return None
            if self._take("i:"):
                self._fold = True
            elif self._take("P<"):
                self._name()
            elif not self._take(":"):
                raise self.error("a group of this kind is not supported")
        node = self.alternative(depth + 1)
        if not self._take(")"):
            raise self.error("missing )")
        self._fold = outer
        return node

    def _name(self) -> None:
        end = self._text.find(">", self._at)
        name = self._text[self._at : end] if end > 0 else ""
        if not name or not all(character in _WORD for character in name):
            raise self.error("invalid name of a group")
        self._at = end + 1

    def _escape(self) -> Node:
        character = self._next()
        kinds = {"A": "start", "z": "end", "b": "boundary", "B": "inside"}
        if character in kinds:
            return Assertion(kinds[character])
        ranges = _class(character)
        if ranges is not None:
            return CharacterSet(ranges[0], negated=ranges[1])
        return self._literal(self._escaped(character))

    def _escaped(self, character: str) -> str:
        if character in _ESCAPES:
            return _ESCAPES[character]
        if character.isascii() and character.isalnum():
            raise self.error(f"\\{character} is not supported")
        return character

    def _set(self) -> Node:
        negated = self._take("^")
        ranges: list[tuple[str, str]] = []
        first = True
        while first or not self._take("]"):
            ranges += self._set_member(first)
            first = False
        return CharacterSet(tuple(ranges), negated=negated, fold=self._fold)

    def _set_member(self, first: bool) -> list[tuple[str, str]]:
        if self._take("[:"):
            return self._posix()
        low = self._next()
        if low == "\\":
            name = self._next()
            ranges = _class(name)
            if ranges is not None:
                if ranges[1]:
                    raise self.error(f"\\{name} in a set is not supported")
                return list(ranges[0])
            low = self._escaped(name)
        elif low == "-" and not first and not self.rest().startswith("]"):
            raise self.error("a lone - in a set")
        if not self.rest().startswith("-") or self.rest().startswith("-]"):
            return [(low, low)]
        self._at += 1
        high = self._next()
        if high == "\\":
            high = self._escaped(self._next())
        if high < low:
            raise self.error(f"the range {low}-{high} runs backwards")
        return [(low, high)]

    def _posix(self) -> list[tuple[str, str]]:
        end = self._text.find(":]", self._at)
        name = self._text[self._at : end] if end > 0 else ""
        if name not in _POSIX:
            raise self.error("unknown class of characters")
        self._at = end + 2
        return [(character, character) for character in _POSIX[name]]


def _class(name: str) -> tuple[tuple[tuple[str, str], ...], bool] | None:
    r"""Return the ranges of ``\d`` and the like, and whether they are negated."""
    members = {"d": string.digits, "w": _WORD, "s": " \t\n\r\f"}.get(name.lower())
    if members is None:
        return None
    return tuple((character, character) for character in members), name.isupper()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
