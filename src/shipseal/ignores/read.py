"""Read the ``ignore:`` part of a ``.grype.yaml``: text in, rules out.

Grype drops keys that it does not know without a word, so a misspelt condition ignores more than it should; here every
key that is nobody's is told, with its line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shipseal._internal.limits import CONFIG_FILE
from shipseal.errors import ConfigError
from shipseal.ignores.comments import own_lines, parts_of
from shipseal.ignores.conditions import no_such_day
from shipseal.ignores.keys import (
    OTHER_SETTINGS,
    OWN_KEYS,
    PACKAGE_KEYS,
    RULE_KEYS,
    meant,
    plain_key,
    rule_words,
)
from shipseal.ignores.lines import Lines
from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.ignores.yaml_tree import load_tree
from shipseal.ignores.yaml_values import ValueProblemError, as_end, as_flag, as_text


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the file that a person should know.

    Attributes:
        line: from 1.
        text: a sentence.
        rule: index of the rule it is about; None for the file.
        key: the key of a rule that nobody knows; empty for any other remark.
    """

    line: int
    text: str
    rule: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """What a file holds.

    Attributes:
        rules: in order.
        remarks: in order of their lines.
    """

    rules: tuple[IgnoreRule, ...] = ()
    remarks: tuple[Remark, ...] = ()


def read_ignores(text: str, *, name: str) -> IgnoreFile:
    """Return the rules in ``text``.

    Args:
        text: content of the file.
        name: what it is called in messages.

    Raises:
        ConfigError: what Grype, too, could not load: no YAML, a list where a rule should be, a word for a flag.
    """
    if len(text) > CONFIG_FILE.size:
        raise ConfigError(f"{name}: more than {CONFIG_FILE.size} characters, {CONFIG_FILE.reason}")
    root = load_tree(text, name)
    if root is None:
        return IgnoreFile()
    if not isinstance(root, Mapping):
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

    def take(self, name: str, value: object) -> None:
        """Take one value.

        Raises:
            ValueProblemError: it is not what it stands for.
        """
        if name == "until":
            self.ends.append(as_end(value))
        else:
            self.texts[name] = as_text(value)

    def fill(self, name: str, value: str) -> None:
        """Take what a comment says where no key says it.

        Raises:
            ValueProblemError: it is not what it stands for.
        """
        if name == "until" or not self.texts.get(name):
            self.take(name, value)


class _Reader:
    def __init__(self, name: str, lines: Lines) -> None:
        self._name = name
        self._lines = lines
        self.remarks: list[Remark] = []

    def settings(self, root: Mapping[Any, Any]) -> Iterator[Remark]:
        """Yield a remark for each key at the top that is not ``ignore``."""
        for key in root:
            word = str(key).lower()
            if word == "ignore":
                continue
            if word in OTHER_SETTINGS:
                text = f"{key}: a setting of Grype's that shipseal does not use"
            else:
                text = f"{key}: unknown key{_meant(word, ('ignore', *OTHER_SETTINGS))}"
            yield Remark(_line(root, key, 1), text)

    def rules(self, root: Mapping[Any, Any]) -> Iterator[IgnoreRule]:
        """Yield the rules of every ``ignore`` key; Grype's keys have no case."""
        index = 0
        for key, value in root.items():
            if str(key).lower() != "ignore" or value is None:
                continue
            entries = value if isinstance(value, list) else [value]
            head = _line(root, key, 1)
            lines = [_item_line(value, position, head) for position in range(len(entries))]
            for line, entry in zip(lines, entries, strict=True):
                if not isinstance(entry, Mapping) and entry is not None:
                    raise self._error(line, f"rule {index + 1} is {_shown(entry)}, expected keys")
                # A line that entries share has a comment that may be about any of them.
                alone = line != head and lines.count(line) == 1
                comment = self._lines.comment_of(line) if alone else ""
                yield self._rule(index, line, entry or {}, comment)
                index += 1

    def _rule(self, index: int, line: int, entry: Mapping[Any, Any], comment: str) -> IgnoreRule:
        values: dict[str, tuple[Any, int]] = {}
        stated = _Stated()
        for key, value in entry.items():
            at, word = _line(entry, key, line), str(key).lower()
            if word in RULE_KEYS:
                values[word] = (value, at)
            elif (name := OWN_KEYS.get(plain_key(word))) is not None:
                self._take(index, at, stated.take, (str(key), name, value), stated)
            else:
                text = f"{key}: unknown key{_meant(word, rule_words())}"
                self._remark(index, at, text, key=str(key))
        named = values.get("vulnerability", ("", line))[0]
        own = own_lines(comment, named if isinstance(named, str) else "")
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
            package=self._package(index, values.pop("package", (None, line))),
            **self._conditions(values),
            **stated.texts,
        )

    def _take(
        self,
        index: int,
        line: int,
        take: Callable[[str, Any], None],
        given: tuple[str, str, Any],
        stated: _Stated,
    ) -> None:
        """Give one value to ``take``; what is none of its kind spoils the rule."""
        shown, name, value = given
        try:
            take(name, value)
        except ValueProblemError as error:
            stated.problems.append(f"{shown}: {error}")
            self._remark(index, line, f"{shown}: {error}; the rule does not ignore until then")

    def _conditions(self, values: Mapping[str, tuple[Any, int]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, (value, line) in values.items():
            convert = as_flag if key == "include-aliases" else as_text
            try:
                found[key.replace("-", "_")] = convert(value)
            except ValueProblemError as error:
                raise self._error(line, f"{key}: {error}") from error
        return found

    def _package(self, index: int, given: tuple[Any, int]) -> PackageCondition:
        value, line = given
        if value is None:
            return PackageCondition()
        if not isinstance(value, Mapping):
            raise self._error(line, f"package: expected keys, got {_shown(value)}")
        found: dict[str, str] = {}
        for key, item in value.items():
            at, word = _line(value, key, line), str(key).lower()
            if word not in PACKAGE_KEYS:
                text = f"package.{key}: unknown key{_meant(word, PACKAGE_KEYS)}"
                self._remark(index, at, text, key=f"package.{key}")
                continue
            try:
                found[word.replace("-", "_")] = as_text(item)
            except ValueProblemError as error:
                raise self._error(at, f"package.{key}: {error}") from error
        return PackageCondition(**found)

    def _remark(self, index: int, line: int, text: str, *, key: str = "") -> None:
        self.remarks.append(Remark(line, text, index, key))

    def _error(self, line: int, problem: str) -> ConfigError:
        return ConfigError(
            f"{self._name}:{line}: {problem}", hint="Grype refuses this file for the same reason"
        )


def _shown(value: object) -> str:
    """Return a scalar, or the kind of what is none: an anchor can make a list of astronomic size."""
    return repr(value)[:60] if isinstance(value, str | int | float) else type(value).__name__


def _meant(word: str, known: Iterable[str]) -> str:
    close = meant(word, known)
    return f"; did you mean {close}?" if close else ""


def _line(mapping: Any, key: object, default: int) -> int:
    """Return the line of a key, from 1; what came in through an anchor has the place where it is used."""
    try:
        return int(mapping.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return default


def _item_line(value: Any, position: int, default: int) -> int:
    try:
        return int(value.lc.item(position)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return default
