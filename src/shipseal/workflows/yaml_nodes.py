"""YAML with the place of every value: the form in which workflows are read.

Values stay texts as they are written. YAML 1.1 takes the key ``on`` for a boolean and GitHub does not, so nothing is
converted. Aliases share one node, so that a short file cannot become a huge tree; GitHub reads anchors, but no merge
keys.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

MAX_BYTES = 512 * 1024
"""Largest file that is read; the largest public workflows are below 200 KiB."""

MAX_DEPTH = 60
_MAX_FLOW_OPENERS = 5_000
_EMPTY: Mapping[str, "Entry"] = MappingProxyType({})

Kind = Literal["text", "null", "list", "map"]


@dataclass(frozen=True, slots=True)
class YamlProblem:
    """What is wrong with a file as YAML.

    Attributes:
        line: where, from 1.
        message: what.
        hint: what to do.
    """

    line: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value.

    Attributes:
        key: as written.
        line: of the key, from 1.
        column: of the key, from 0.
        value: what it holds.
    """

    key: str
    line: int
    column: int
    value: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value.

    Attributes:
        kind: what it is.
        line: where it begins, from 1.
        column: where it begins, from 0.
        end: the line after its last one, from 1; of a flow or plain value its own line counts.
        text: of a scalar, without quotes.
        plain: whether a scalar is written without quotes and not as a block.
        block: whether a scalar is written as a block (``|`` or ``>``).
        flow: whether a list or map is written with brackets.
        items: of a list.
        entries: of a map, in their order.
    """

    kind: Kind
    line: int
    column: int
    end: int
    text: str = ""
    plain: bool = True
    block: bool = False
    flow: bool = False
    items: tuple["Node", ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=lambda: _EMPTY)

    def get(self, key: str) -> "Node | None":
        """Return the value of ``key``; None when this is no map or has no such key."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def string(self, key: str) -> str:
        """Return the text of ``key``; empty when it is not there or no scalar."""
        value = self.get(key)
        return value.text if value is not None and value.kind == "text" else ""

    def texts(self) -> Iterator["Node"]:
        """Yield this scalar, or the scalars of this list."""
        if self.kind == "text":
            yield self
        for item in self.items:
            if item.kind == "text":
                yield item


@dataclass(slots=True)
class Tree:
    """A file that was read.

    Attributes:
        root: its value; None when it is no YAML.
        problems: what is wrong with it.
    """

    root: Node | None = None
    problems: list[YamlProblem] = field(default_factory=list)


def read_yaml(data: bytes) -> Tree:
    """Return the value in ``data``, or what is wrong with it; nothing is raised, and the time is bounded."""
    tree = Tree()
    if len(data) > MAX_BYTES:
        tree.problems.append(
            YamlProblem(1, f"has {len(data)} bytes; at most {MAX_BYTES} are read", "split the file")
        )
        return tree
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        tree.problems.append(YamlProblem(line, "is not UTF-8 text", "save the file as UTF-8"))
        return tree
    if text.count("[") + text.count("{") > _MAX_FLOW_OPENERS + text.count("${{") * 2:
        tree.problems.append(YamlProblem(1, "has too many brackets to be a workflow"))
        return tree
    node = _composed(text, tree)
    if node is not None:
        tree.root = _Converter(tree).convert(node, 0)
    elif not tree.problems:
        tree.problems.append(YamlProblem(1, "is empty", "write `on:` and `jobs:`"))
    return tree


def _composed(text: str, tree: Tree) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415
    from ruamel.yaml.reader import ReaderError  # noqa: PLC0415

    try:
        return YAML(typ="safe", pure=True).compose(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        shown = f"U+{error.character:04X}" if isinstance(error.character, int) else "?"
        tree.problems.append(YamlProblem(line, f"holds a control character ({shown})", "remove it"))
    except MarkedYAMLError as error:
        tree.problems.append(_syntax(error))
    except RecursionError:
        tree.problems.append(YamlProblem(1, "is nested too deeply to be a workflow"))
    except (YAMLError, ValueError, TypeError, AttributeError, IndexError, AssertionError) as error:
        tree.problems.append(YamlProblem(1, f"is not YAML: {' '.join(str(error).split())[:200]}"))
    return None


def _syntax(error: Any) -> YamlProblem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = " ".join(str(error.problem or error.context or "cannot be read").split())
    if "'\\t'" in problem:
        return YamlProblem(line, "a tab stands where only spaces may", "indent with spaces")
    hint = ""
    if "mapping values are not allowed" in problem:
        hint = "put a text that holds ': ' in quotes, and look at the indentation"
    elif "another document" in problem:
        hint = "remove the line ---"
    elif "undefined alias" in problem:
        hint = "write the anchor (&name) before the alias (*name)"
    elif "cannot start any token" in problem or "expected" in problem:
        hint = "look for a missing bracket or quote, here or above"
    return YamlProblem(line, f"is not YAML: {problem}", hint)


class _Converter:
    """Turns the parser's nodes into ours, each once, and reports what GitHub would refuse."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._done: dict[int, Node] = {}
        self._open: set[int] = set()

    def convert(self, node: Any, depth: int) -> Node:
        known = self._done.get(id(node))
        if known is not None:
            return known
        if id(node) in self._open:
            self._problem(node, "an alias refers to what it is part of", "write the value out")
            return self._scalar(node, "")
        if depth > MAX_DEPTH:
            self._problem(node, "is nested too deeply to be a workflow")
            return self._scalar(node, "")
        self._open.add(id(node))
        made = self._made(node, depth)
        self._open.discard(id(node))
        self._done[id(node)] = made
        return made

    def _made(self, node: Any, depth: int) -> Node:
        kind = str(getattr(node, "id", "scalar"))
        place = (node.start_mark.line + 1, node.start_mark.column, _end(node))
        if kind == "sequence":
            items = tuple(self.convert(item, depth + 1) for item in node.value)
            return Node("list", *place, flow=bool(node.flow_style), items=items)
        if kind == "mapping":
            entries = self._entries(node, depth)
            return Node("map", *place, flow=bool(node.flow_style), entries=entries)
        return self._scalar(node, str(node.value))

    def _scalar(self, node: Any, text: str) -> Node:
        style = getattr(node, "style", None)
        null = str(getattr(node, "tag", "")).endswith(":null") and not style
        return Node(
            "null" if null else "text",
            node.start_mark.line + 1,
            node.start_mark.column,
            _end(node),
            text="" if null else text,
            plain=style in (None, ""),
            block=style in ("|", ">"),
        )

    def _entries(self, node: Any, depth: int) -> Mapping[str, Entry]:
        entries: dict[str, Entry] = {}
        for key_node, value in node.value:
            key = key_node.value
            if not isinstance(key, str):
                self._problem(key_node, "a key must be a plain text", "write the keys out")
            elif key == "<<":
                self._problem(
                    key_node,
                    "GitHub does not read merge keys (<<)",
                    "write the keys out, or use an alias for the whole value",
                )
            elif key in entries:
                self._problem(
                    key_node,
                    f"{key} stands here twice, first in line {entries[key].line}",
                    "remove one of them",
                )
            else:
                mark = key_node.start_mark
                made = self.convert(value, depth + 1)
                entries[key] = Entry(key, mark.line + 1, mark.column, made)
        return entries

    def _problem(self, node: Any, message: str, hint: str = "") -> None:
        self._tree.problems.append(YamlProblem(node.start_mark.line + 1, message, hint))


def _end(node: Any) -> int:
    """Return the line after the last one of ``node``; to the parser a block ends where the next token begins."""
    mark = node.end_mark
    return int(mark.line + 1 if mark.column == 0 else mark.line + 2)
