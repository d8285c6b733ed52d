"""Read the ``ignore:`` part of a ``.grype.yaml``: text in, rules out.

Grype drops keys that it does not know without a word, so a misspelt condition ignores more than it should; here every
key that is nobody's is told, with its line. So is a value that Grype takes for another than stands there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from shipseal._internal.limits import IGNORES_FILE
from shipseal.errors import ConfigError
from shipseal.ignores.comments import own_lines, parts_of
from shipseal.ignores.conditions import no_such_day
from shipseal.ignores.keys import (
    OTHER_SETTINGS,
    OWN_KEYS,
    PACKAGE_KEYS,
    RULE_KEYS,
    grype_key,
    meant,
    plain_key,
    rule_words,
)
from shipseal.ignores.lines import Lines
from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.ignores.yaml_tree import Listed, Scalar, Table, Value, load_tree
from shipseal.ignores.yaml_values import (
    ValueProblemError,
    as_end,
    as_flag,
    as_text,
    as_written,
)

_LIST = "write the rules as a list below `ignore:`, each with its dash"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the file that a person should know.

    Attributes:
        line: from 1.
        text: a sentence.
        rule: index of the rule it is about; None for the file.
        key: the key of a rule that nobody knows; empty for any other remark.
        otherwise: whether it is about a value that is another than stands there.
    """

    line: int
    text: str
    rule: int | None = None
    key: str = ""
    otherwise: bool = False


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """What a file holds.

    Attributes:
        rules: in order.
        remarks: in order of their lines.
    """

    rules: tuple[IgnoreRule, ...] = ()
    remarks: tuple[Remark, ...] = ()


# Who changes a file reads it before and after, and again before it is written.
@lru_cache(maxsize=4)
def read_ignores(text: str, *, name: str) -> IgnoreFile:
    """Return the rules in ``text``.

    Args:
        text: content of the file.
        name: what it is called in messages.

    Raises:
        ConfigError: what Grype, too, could not load, or loads by chance: no YAML, a list where a rule should be, a word
            for a flag, a date for a text, a key that stands twice.
    """
    if len(text) > IGNORES_FILE.size:
        raise ConfigError(
            f"{name}: more than {IGNORES_FILE.size} characters, {IGNORES_FILE.reason}",
            hint="`shipseal ignore prune` takes out what is over",
        )
    root = load_tree(text, name)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        return IgnoreFile()
    if not isinstance(root, Table):
        raise ConfigError(f"{name}: expected keys and values at the top, got {_shown(root)}")
    reader = _Reader(name, Lines(text))
    rules = tuple(reader.rules(root))
    remarks = [*reader.remarks, *reader.settings(root)]
    return IgnoreFile(rules, tuple(sorted(remarks, key=lambda remark: remark.line)))


@dataclass(slots=True)
class _Stated:
    """What one entry says beside Grype's conditions.

    Attributes:
        texts: by field of a rule.
        ends: all that it states.
        problems: why it cannot be used.
    """

    texts: dict[str, Any] = field(default_factory=dict)
    ends: list[datetime] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def take(self, name: str, value: Value) -> None:
        """Take what a key says.

        Raises:
            ValueProblemError: it is not what it stands for.
        """
        self._said(name, as_written(value))

    def fill(self, name: str, value: str) -> None:
        """Take what a comment says where no key says it.

        Raises:
            ValueProblemError: it is not what it stands for.
        """
        if name == "until" or not self.texts.get(name):
            self._said(name, value)

    def _said(self, name: str, text: str) -> None:
        if name == "until":
            self.ends.append(as_end(text))
        else:
            self.texts[name] = text


class _Reader:
    def __init__(self, name: str, lines: Lines) -> None:
        self._name = name
        self._lines = lines
        self.remarks: list[Remark] = []

    def settings(self, root: Table) -> Iterator[Remark]:
        """Yield a remark for each key at the top that is not ``ignore``."""
        for key in root.items:
            word = grype_key(key)
            if word == "ignore":
                continue
            if word in OTHER_SETTINGS:
                text = f"{key}: a setting of Grype's that shipseal does not use"
            else:
                text = f"{key}: unknown key{_meant(word, ('ignore', *OTHER_SETTINGS))}"
            yield Remark(root.lines[key], text)

    def rules(self, root: Table) -> Iterator[IgnoreRule]:
        """Yield the rules; Grype's keys have no case."""
        key = self._only(root, ("ignore",)).get("ignore")
        if key is None:
            return
        value, head = root.items[key], root.lines[key]
        if isinstance(value, Scalar) and value.value in (None, ""):
            return
        if isinstance(value, Table):
            self._no_dots(value, RULE_KEYS)
        entries = value.items if isinstance(value, Listed) else [value]
        count = Counter(entry.line for entry in entries)
        for index, entry in enumerate(entries):
            # A line that entries share has a comment that may be about any of them.
            alone = entry.line != head and count[entry.line] == 1
            comment = self._lines.comment_of(entry.line) if alone else ""
            yield self._rule(index, entry.line, self._entry(index, entry), comment)

    def _entry(self, index: int, entry: Value) -> Table:
        if isinstance(entry, Table):
            return entry
        if isinstance(entry, Scalar) and entry.value is None:
            return Table()
        raise self._error(entry.line, f"rule {index + 1} is {_shown(entry)}, expected keys")

    def _only(self, table: Table, known: Iterable[str]) -> dict[str, str]:
        """Return how each of Grype's keys is written; of two that differ by their case, Grype takes either."""
        found: dict[str, str] = {}
        for key, line in table.lines.items():
            word = grype_key(key)
            if word.startswith("ignore.") and "ignore" in known:
                raise self._error(line, f"{key}: Grype takes this for a rule", _LIST)
            if word in found:
                raise self._error(
                    line,
                    f"{key}: stands twice, first as {found[word]} in line {table.lines[found[word]]}",
                    "keys have no case, and which of both Grype takes is chance: remove one",
                )
            if word in known:
                found[word] = key
        return found

    def _no_dots(self, table: Table, known: Iterable[str]) -> None:
        """Refuse keys that Grype takes apart at their dots, which it does where no list is between."""
        for key, line in table.lines.items():
            first, dot, _ = grype_key(key).partition(".")
            if dot and first in known:
                raise self._error(line, f"{key}: Grype takes this for a key in {first}", _LIST)
            value = table.items[key]
            if first == "package" and isinstance(value, Table) and known is RULE_KEYS:
                self._no_dots(value, PACKAGE_KEYS)

    def _rule(self, index: int, line: int, entry: Table, comment: str) -> IgnoreRule:
        values: dict[str, tuple[Value, int]] = {}
        stated = _Stated()
        given = {written: word for word, written in self._only(entry, RULE_KEYS).items()}
        for key, value in entry.items.items():
            at = entry.lines[key]
            if key in given:
                values[given[key]] = (value, at)
            elif (name := OWN_KEYS.get(plain_key(key))) is not None:
                self._take(index, at, stated.take, (key, name, value), stated)
            else:
                text = f"{key}: unknown key{_meant(key.lower(), rule_words())}"
                self._remark(index, at, text, key=key)
        package = self._package(index, values.pop("package", None))
        conditions = self._conditions(index, values)
        own = own_lines(comment, conditions.get("vulnerability", ""))
        for name, said in parts_of(own).items():
            self._take(index, line, stated.fill, (f"its comment, {name}", name, said), stated)
        if day := no_such_day(stated.texts.get("remove_when", "")):
            # Without its day it would go on for ever.
            stated.problems.append(f"its removal criteria: no such day: {day}")
            self._remark(index, line, f"{stated.problems[-1]}; the rule does not ignore until then")
        return IgnoreRule(
            index=index,
            line=line,
            comment=comment,
            until=min(stated.ends, default=None),
            problem="; ".join(stated.problems),
            package=package,
            **conditions,
            **stated.texts,
        )

    def _take(
        self,
        index: int,
        line: int,
        take: Callable[[str, Any], None],
        given: tuple[str, str, Value | str],
        stated: _Stated,
    ) -> None:
        """Give one value to ``take``; what is none of its kind spoils the rule."""
        shown, name, value = given
        try:
            take(name, value)
        except ValueProblemError as error:
            stated.problems.append(f"{shown}: {error}")
            self._remark(index, line, f"{shown}: {error}; the rule does not ignore until then")

    def _conditions(self, index: int, values: Mapping[str, tuple[Value, int]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, (value, line) in values.items():
            convert = as_flag if key == "include-aliases" else self._text(index, key)
            try:
                found[key.replace("-", "_")] = convert(value)
            except ValueProblemError as error:
                raise self._error(line, f"{key}: {error}") from error
        return found

    def _package(self, index: int, given: tuple[Value, int] | None) -> PackageCondition:
        if given is None or (isinstance(given[0], Scalar) and given[0].value is None):
            return PackageCondition()
        value, line = given
        if not isinstance(value, Table):
            raise self._error(line, f"package: expected keys, got {_shown(value)}")
        known = {written: word for word, written in self._only(value, PACKAGE_KEYS).items()}
        found: dict[str, str] = {}
        for key, item in value.items.items():
            at = value.lines[key]
            if key not in known:
                text = f"package.{key}: unknown key{_meant(key.lower(), PACKAGE_KEYS)}"
                self._remark(index, at, text, key=f"package.{key}")
                continue
            try:
                found[known[key].replace("-", "_")] = self._text(index, f"package.{key}")(item)
            except ValueProblemError as error:
                raise self._error(at, f"package.{key}: {error}") from error
        return PackageCondition(**found)

    def _text(self, index: int, key: str) -> Callable[[Value], str]:
        """Return what makes text of a value, and tells where that is another than stands there."""

        def convert(value: Value) -> str:
            text = as_text(value)
            if isinstance(value, Scalar) and value.value is not None and text != value.text:
                stated = value.text[:60]
                told = f'{key}: {stated} is {text} to Grype, and here; if that is not meant, write "{stated}"'
                self.remarks.append(Remark(value.line, told, index, otherwise=True))
            return text

        return convert

    def _remark(self, index: int, line: int, text: str, *, key: str = "") -> None:
        self.remarks.append(Remark(line, text, index, key))

    def _error(
        self, line: int, problem: str, hint: str = "Grype refuses this file for the same reason"
    ) -> ConfigError:
        return ConfigError(f"{self._name}:{line}: {problem}", hint=hint)


def _shown(value: Value) -> str:
    """Return a scalar, or the kind of what is none: an anchor can make a list of astronomic size."""
    if isinstance(value, Scalar):
        return repr(value.text)[:60]
    return "a list" if isinstance(value, Listed) else "a mapping"


def _meant(word: str, known: Iterable[str]) -> str:
    close = meant(word, known)
    return f"; did you mean {close}?" if close else ""
