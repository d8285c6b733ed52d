"""YAML with the place of every value, and without what a configuration has no use for.

The nodes that the parser composes are read directly: they know their lines, their written text, and whether a key
stands twice, which a loaded dictionary has forgotten. Refused are anchors and aliases (a short file could become a huge
value), tags, merge keys, several documents.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from shipseal.config.problems import KeyPath, Problem, key_text
from shipseal.errors import Code

_PREFIX = "tag:yaml.org,2002:"
_KINDS = ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value", "merge")
_TAGS = frozenset(_PREFIX + kind for kind in _KINDS)
_MAX_DEPTH = 20
_BOOLEANS = {"true": True, "false": False}


@dataclass(slots=True)
class Tree:
    """A parsed file.

    Attributes:
        value: plain dictionaries, lists, texts, numbers, booleans and None.
        lines: where each key and item stands, from 1.
        texts: what stands there, for numbers, whose value may not show it (``1.10``).
        problems: what is wrong with the file as YAML; ``value`` is of use only when this is empty.
    """

    value: object = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    texts: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


_BEGIN = "begin with `image: NAME`, or let `shipseal init` write a file"


def parse_yaml(data: bytes, *, begin: str = _BEGIN, empty: Code = Code.CONFIG_INVALID) -> Tree:
    """Return what ``data`` says, or what is wrong with it; nothing is raised.

    Args:
        data: the file.
        begin: how a file of this kind begins, for whoever has one with nothing in it.
        empty: the code of such a file.
    """
    tree = Tree()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        tree.problems.append(
            Problem("is not UTF-8 text", "save the file in the encoding UTF-8", line=line)
        )
        return tree
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        tree.problems.append(_syntax(error, text))
        return tree
    except RecursionError:
        tree.problems.append(Problem("is nested too deeply"))
        return tree
    if not isinstance(node, MappingNode):
        tree.problems.append(_not_a_mapping(node, begin, empty))
        return tree
    tree.value = _Reader(tree).read(node, ())
    return tree


def _not_a_mapping(node: Node | None, begin: str, empty: Code) -> Problem:
    if node is None:
        return Problem("is empty", begin, code=empty)
    return Problem("is not a mapping of keys to values", begin, line=node.start_mark.line + 1)


def _syntax(error: YAMLError, text: str) -> Problem:
    if isinstance(error, ReaderError):
        return Problem(
            f"holds a control character (U+{error.character:04X})",
            "remove it",
            line=text.count("\n", 0, error.position) + 1,
        )
    if not isinstance(error, MarkedYAMLError):
        return Problem(f"is not YAML: {error}")
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    problem = str(error.problem or error.context)
    if "'\\t'" in problem:
        return Problem("a tab stands where only spaces may", "indent with spaces", line=line)
    if "another document" in problem:
        return Problem("a second document begins here", "remove the line ---", line=line)
    if "undefined alias" in problem:
        return _alias(line)
    opened = error.context_mark.line + 1 if error.context and error.context_mark else None
    since = f" ({error.context}, line {opened})" if opened and opened != line else ""
    return Problem(f"is not YAML: {problem}{since}", _syntax_hint(problem), line=line)


def _syntax_hint(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "put a text that holds ': ' in quotes, and look at the indentation"
    if "cannot start any token" in problem or "expected" in problem:
        return "look for a missing bracket or quote, here or above"
    return ""


def _alias(line: int | None) -> Problem:
    return Problem(
        "anchors and aliases (& and *) are not used here", "write the value out", line=line
    )


class _Reader:
    """Turns nodes into plain values and notes where they stand."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def read(self, node: Node, path: KeyPath) -> object:
        if self._refused(node, path):
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._item(item, (*path, number)) for number, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _refused(self, node: Node, path: KeyPath) -> bool:
        line = node.start_mark.line + 1
        if node.anchor:
            problem = _alias(line)
        elif str(node.tag) not in _TAGS:
            problem = Problem(f"the tag {node.tag} is not used here", "remove it", line=line)
        elif len(path) > _MAX_DEPTH:
            problem = Problem("is nested too deeply", line=line)
        else:
            return False
        if problem not in self._tree.problems:
            self._tree.problems.append(problem)
        return True

    def _item(self, node: Node, path: KeyPath) -> object:
        self._tree.lines[path] = node.start_mark.line + 1
        return self.read(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath) -> Mapping[str, object]:
        value: dict[str, object] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if self._refused(key_node, path):
                continue
            if not isinstance(key_node, ScalarNode) or key_node.value == "<<":
                self._tree.problems.append(
                    Problem("a key must be a plain text", "write the keys out", line=line)
                )
                continue
            key = str(key_node.value)
            place = (*path, key)
            if key in value:
                first = self._tree.lines[place]
                self._tree.problems.append(
                    Problem(
                        f"stands here twice, first in line {first}",
                        "remove one of them",
                        key_text(place),
                        line=line,
                    )
                )
                continue
            self._tree.lines[place] = line
            value[key] = self.read(child, place)
        return value

    def _scalar(self, node: Node, path: KeyPath) -> object:
        text = str(node.value)
        kind = str(node.tag).removeprefix(_PREFIX)
        if kind == "null":
            return None
        if kind == "bool":
            return _BOOLEANS.get(text.lower(), text)
        if kind not in ("int", "float"):
            return text
        self._tree.texts[path] = text
        return _number(text) if kind == "int" else _fraction(text)


def _number(text: str) -> int | str:
    try:
        return int(text.replace("_", ""), 10 if text.lstrip("+-").isdecimal() else 0)
    except ValueError:
        return text


def _fraction(text: str) -> float | str:
    try:
        return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text
