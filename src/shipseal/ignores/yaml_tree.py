"""A ``.grype.yaml`` as values with their lines, each what Grype's reader makes of it: YAML alone, no rule yet.

The parser finds where everything stands; what a scalar is, which key counts where one stands twice, and what an anchor
brings in is decided here, as Grype's reader decides it. Where that reader leaves something to chance, or refuses, this
one refuses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from shipseal.errors import ConfigError
from shipseal.ignores.yaml_scalars import Moment, Resolved, resolved

_HINT = "correct the YAML; Grype does not take it as it was meant either"
_PLAIN, _TEXT = "plain", "text"
_CORE = "tag:yaml.org,2002:"
_MERGE = f"{_CORE}merge"
_BINARY = f"{_CORE}binary"
# Tags that say what a scalar must be, with the types that it then may have.
_KINDS: dict[str, tuple[type, ...]] = {
    f"{_CORE}null": (type(None),),
    f"{_CORE}bool": (bool,),
    f"{_CORE}int": (int,),
    f"{_CORE}float": (int, float),
    f"{_CORE}timestamp": (Moment,),
}
_ANCHOR = re.compile(r"[A-Za-z0-9_-]+")
# Some of YAML's readers break lines at these, others do not, and Grype's does it in some places.
_BREAKS = re.compile("[\x85\u2028\u2029]")
_VERSION = re.compile(r"%YAML[ \t]+(\S+)")
_MOST_MERGED = 100_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value.

    Attributes:
        value: what Grype's reader makes of it.
        text: what stands there.
        line: from 1.
    """

    value: Resolved
    text: str
    line: int


@dataclass(slots=True)
class Listed:
    """A list.

    Attributes:
        items: its values.
        line: from 1.
    """

    items: list["Value"] = field(default_factory=list)
    line: int = 1


@dataclass(slots=True)
class Table:
    """Keys and values.

    Attributes:
        items: by key; of a key that is brought in, the line is that of the key that brings it in.
        lines: of each key, from 1.
        line: from 1.
    """

    items: dict[str, "Value"] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    line: int = 1


Value = Scalar | Listed | Table
"""What stands behind a key, or in a list."""


def load_tree(text: str, name: str) -> Value | None:
    """Return the values in ``text``; None when there are none.

    Args:
        text: content of the file.
        name: what it is called in messages.

    Raises:
        ConfigError: it is no YAML, or nothing that Grype's reader takes as it stands; the line is named where it is
            known.
    """
    root = compose_tree(text, name)
    if root is None:
        return None
    try:
        return _Builder(name).value(root)
    except RecursionError as error:
        raise ConfigError(f"{name}: nested too deeply", hint="write it flatter") from error


def compose_tree(text: str, name: str) -> Any:
    """Return the nodes of ``text``, each with the marks at which it begins and ends; None when there is none.

    Args:
        text: content of the file.
        name: what it is called in messages.

    Raises:
        ConfigError: it is no YAML; the line is named where it is known.
    """
    _check_version(text, name)
    _check_breaks(text, name)
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415 - slow to import

    try:
        return composed(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{mark.line + 1}" if mark else "?"
        problem, hint = _told(" ".join((error.problem or "cannot be read").split()))
        raise ConfigError(f"{name}:{line}: {problem}", hint=hint) from error
    except (YAMLError, ValueError, RecursionError, AttributeError, TypeError) as error:
        # What is wrong with a character has its place alone, in characters from 0.
        at = getattr(error, "position", None)
        line = f":{text.count(chr(10), 0, at) + 1}" if isinstance(at, int) else ""
        told = " ".join(str(error).split())
        raise ConfigError(f"{name}{line}: cannot be read as YAML: {told}", hint=_HINT) from error


# Who changes a file reads it before and after, and again before it is written: thousands of rules take seconds.
@lru_cache(maxsize=4)
def composed(text: str) -> Any:
    """Return the nodes of ``text``, as the parser makes them; the same object for the same text.

    Raises:
        YAMLError: of the parser's, or whatever else escapes it.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import
    from ruamel.yaml.composer import Composer  # noqa: PLC0415
    from ruamel.yaml.resolver import VersionedResolver  # noqa: PLC0415
    from ruamel.yaml.tag import Tag  # noqa: PLC0415

    plain, quoted = Tag(suffix=_PLAIN), Tag(suffix=_TEXT)

    class Unresolved(VersionedResolver):
        """Leaves scalars as they are, whatever version of YAML a file says that it has."""

        # Go's parser reads YAML 1.1; only what a scalar is differs.
        processing_version = (1, 1)

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            return plain if isinstance(implicit, tuple) and implicit[0] else quoted

    class Quiet(Composer):
        """Takes a name that is given twice for the later one from then on, as Grype's reader does, without a word."""

        def __init__(self, loader: Any = None) -> None:
            super().__init__(loader)
            self.warn_double_anchors = False

    reader = YAML(typ="safe", pure=True)
    reader.Composer = Quiet
    reader.Resolver = Unresolved
    return reader.compose(text)


def _check_version(text: str, name: str) -> None:
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if found := _VERSION.match(line):
            if found[1] != "1.1":
                raise ConfigError(
                    f"{name}:{number}: %YAML {found[1]}: Grype reads files of version 1.1 alone",
                    hint="leave the line out",
                )
        elif line.strip() and line[0] not in "#%":
            return


def _check_breaks(text: str, name: str) -> None:
    if found := _BREAKS.search(text):
        line, code = text.count("\n", 0, found.start()) + 1, f"{ord(found[0]):04x}"
        raise ConfigError(
            f"{name}:{line}: U+{code.upper()}: a line break to some and not to others",
            hint=f"remove it, or write \\u{code} between double quotes",
        )


def _told(problem: str) -> tuple[str, str]:
    """Return what the parser says is wrong, in words that help, and what to do."""
    if "another document" in problem:
        hint = "Grype reads the first alone: put all rules into it, and remove the line ---"
        return problem, hint
    if "'\\t'" in problem:
        return (
            "a tab stands where we read spaces alone",
            "write spaces; Grype takes a tab in some places",
        )
    return problem, _HINT


class _Builder:
    """Makes values of nodes, each node once however often an alias names it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: dict[int, Value] = {}
        self._open: set[int] = set()
        self._merged = 0

    def value(self, node: Any) -> Value:
        made = self._made.get(id(node))
        if made is None:
            if id(node) in self._open:
                raise self._error(node, f"&{node.anchor} holds itself", "write it out")
            if node.anchor and not _ANCHOR.fullmatch(str(node.anchor)):
                problem = f"&{str(node.anchor)[:60]}: Grype knows no such name"
                raise self._error(node, problem, "letters, digits, - and _ alone, then a space")
            self._open.add(id(node))
            made = self._made[id(node)] = self._new(node)
            self._open.discard(id(node))
        return made

    def _new(self, node: Any) -> Value:
        if node.id == "scalar":
            return self._scalar(node)
        if node.id == "sequence":
            return Listed([self.value(item) for item in node.value], _line(node))
        return self._table(node)

    def _scalar(self, node: Any) -> Scalar:
        tag, text = str(node.tag), str(node.value)
        if tag == _BINARY:
            raise self._error(node, "!!binary: what it stands for cannot be seen", "write the text")
        if tag != _PLAIN and tag not in _KINDS:
            return Scalar(text, text, _line(node))
        value = resolved(text)
        if tag in _KINDS:
            if type(value) not in _KINDS[tag]:
                kind = f"!!{tag.removeprefix(_CORE)}"
                raise self._error(node, f"{kind} {text[:60]!r}: is none", "remove the tag")
            value = float(value) if tag.endswith("float") and type(value) is int else value
        return Scalar(value, text, _line(node))

    def _table(self, node: Any) -> Table:
        table, merges = Table(line=_line(node)), []
        for key, value in node.value:
            if _is_merge(key):
                merges.append((key, value))
                continue
            word = self._key(key)
            if word in table.items:
                raise self._error(
                    key, f"duplicate key {word}, first in line {table.lines[word]}", "remove one"
                )
            table.items[word] = self.value(value)
            table.lines[word] = _line(key)
        if len(merges) > 1:
            raise self._error(merges[1][0], "duplicate key <<", "write <<: [*one, *other]")
        for key, value in merges:
            self._merge(table, key, value)
        return table

    def _key(self, key: Any) -> str:
        found = self.value(key)
        if not isinstance(found, Scalar):
            raise self._error(key, "a key is a list or a mapping", "write a word")
        return found.text

    def _merge(self, table: Table, key: Any, value: Any) -> None:
        """Bring in what is not there, of several the first."""
        for part in self._parts(key, value):
            self._merged += len(part.items)
            if self._merged > _MOST_MERGED:
                raise self._error(key, f"<< brings in more than {_MOST_MERGED} keys", "write less")
            for word, item in part.items.items():
                if word not in table.items:
                    table.items[word], table.lines[word] = item, _line(key)

    def _parts(self, key: Any, value: Any) -> Iterator[Table]:
        for node in value.value if value.id == "sequence" else [value]:
            if node.id != "mapping":
                raise self._error(key, "<< wants keys, or a list of those", "remove it")
            found = self.value(node)
            if isinstance(found, Table):
                yield found

    def _error(self, node: Any, problem: str, hint: str) -> ConfigError:
        return ConfigError(f"{self._name}:{_line(node)}: {problem}", hint=hint)


def _is_merge(key: Any) -> bool:
    return key.id == "scalar" and key.value == "<<" and str(key.tag) in (_PLAIN, _MERGE)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
