"""Where the entries of a file of rules stand in its text."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from shipseal.errors import ConfigError
from shipseal.ignores.keys import grype_key
from shipseal.ignores.lines import Lines
from shipseal.ignores.yaml_tree import compose_tree

_ALIAS = re.compile(r"\*[^\s,\[\]{}]+")


@dataclass(frozen=True, slots=True)
class EntrySpan:
    """One entry.

    Attributes:
        first: its first line, from 1; that of the dash where it has one.
        last: the line that its last value ends in.
        top: the first of the comment lines right above; ``first`` when there is none.
        start: its first character, from 0; of the dash where it has one.
        end: the character after its last one.
        anchors: names that it defines.
    """

    first: int
    last: int
    top: int
    start: int
    end: int
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListSpan:
    """The list of rules.

    Attributes:
        key_line: line of the key ``ignore``.
        key_end: the character after the colon's key, from 0.
        entries: in order.
        flow: whether it is written with brackets.
        start: its first character.
        end: the character after its last one.
        indent: how far in its dashes stand; -1 when it has none.
        is_list: whether it is a list at all; a single rule may stand without one.
    """

    key_line: int
    key_end: int
    entries: tuple[EntrySpan, ...]
    flow: bool
    start: int
    end: int
    indent: int
    is_list: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is.

    Attributes:
        rules: None when there is no key ``ignore``.
        empty: whether the file has no values at all.
        flow: whether the whole file is written in braces.
        aliases: names that are referred to, each with the line of a reference.
    """

    rules: ListSpan | None
    empty: bool
    flow: bool


def layout_of(text: str, name: str) -> Layout:
    """Return where the rules of ``text`` stand.

    Args:
        text: content of the file.
        name: what it is called in messages.

    Raises:
        ConfigError: it is no YAML, or has a list of rules that holds itself.
    """
    root = compose_tree(text, name)
    if root is None:
        return Layout(None, empty=True, flow=False)
    pairs = root.value if root.id == "mapping" else []
    found = [(key, value) for key, value in pairs if grype_key(str(key.value)) == "ignore"]
    try:
        rules = _list(text, *found[0]) if found else None
    except RecursionError as error:
        raise ConfigError(
            f"{name}:{found[0][0].start_mark.line + 1}: a list of rules that holds itself, or is nested too deeply",
            hint="write each rule out",
        ) from error
    return Layout(rules, empty=not pairs, flow=bool(root.flow_style))


def _list(text: str, key: Any, value: Any) -> ListSpan:
    places = _Places(text)
    is_list = value.id == "sequence"
    flow = is_list and bool(value.flow_style)
    block = is_list and not flow
    entries = tuple(places.entries(value, block=block)) if is_list else ()
    return ListSpan(
        key_line=key.start_mark.line + 1,
        key_end=key.end_mark.index,
        entries=entries,
        flow=flow,
        start=value.start_mark.index,
        end=entries[-1].end if block and entries else _end(value),
        indent=places.lines.indent(entries[0].first) if block and entries else -1,
        is_list=is_list or (value.id == "scalar" and not value.value),
    )


class _Places:
    """Finds entries in a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.lines = Lines(text)
        self._starts = tuple(self.lines.starts())

    def entries(self, node: Any, *, block: bool) -> Iterator[EntrySpan]:
        """Yield where the entries of a list stand."""
        before = int(node.start_mark.index)
        for item in node.value:
            start, end = int(item.start_mark.index), _end(item)
            if start < before and (alias := _ALIAS.search(self._text, before)):
                # It stands where it was defined; here there is a reference to it.
                start, end = alias.span()
            span = self._span(start, end, block=block)
            yield replace(span, anchors=tuple(_anchors(item, set())) if start >= before else ())
            before = span.end

    def _span(self, start: int, end: int, *, block: bool) -> EntrySpan:
        line = line_at(self._starts, start)
        first = self.lines.dash_of(line) if block else line
        return EntrySpan(
            first=first,
            last=line_at(self._starts, max(end - 1, 0)),
            top=self.lines.block_above(first) if block else first,
            start=self._starts[first - 1] + self.lines.indent(first) if block else start,
            end=end,
        )


def line_at(starts: tuple[int, ...], at: int) -> int:
    """Return the line that holds a character, from 1.

    Args:
        starts: where each line begins.
        at: the character, from 0.
    """
    return bisect_right(starts, at)


def _end(node: Any) -> int:
    """Return where a node really ends: the parser counts comments and blank lines behind a block to it."""
    if node.id == "scalar":
        end = int(node.end_mark.index)
        if node.style in ("|", ">"):
            return _trimmed(node, end)
        return end
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    if not isinstance(last, tuple):
        return _end(last)
    key, value = last
    nothing = value.id == "scalar" and not value.value and value.style is None
    # The parser finds an empty value where the next word stands; it is behind the colon.
    return int(key.end_mark.index) + 1 if nothing else max(_end(value), int(key.end_mark.index))


def _trimmed(node: Any, end: int) -> int:
    buffer = node.end_mark.buffer or node.start_mark.buffer
    if buffer is None:
        return end
    body = buffer[node.start_mark.index : end]
    return int(node.start_mark.index) + len(body.rstrip())


def _anchors(node: Any, seen: set[int]) -> Iterator[str]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if node.anchor:
        yield str(node.anchor)
    if node.id == "scalar":
        return
    for child in node.value:
        for part in child if isinstance(child, tuple) else (child,):
            yield from _anchors(part, seen)
