"""Changes to a ``.grype.yaml``: an entry comes or goes, and every other character stays as it is.

The text is cut and joined, never written anew, so comments, order, quoting, anchors and line ends are kept. What comes
out is read again: all other rules must be what they were, with their comments, else nothing is changed.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from shipseal.errors import ConfigError
from shipseal.ignores.comments import about
from shipseal.ignores.lines import Lines
from shipseal.ignores.read import read_ignores
from shipseal.ignores.render import entry_lines, flow_lines
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.spans import EntrySpan, Layout, ListSpan, layout_of

_LINE_END = re.compile(r"\r\n|\r|\n")
_COMMA = re.compile(r"\s*,")
_HINT = "edit the file by hand; it was not touched"


def with_rule(text: str, rule: IgnoreRule, *, name: str) -> str:
    """Return ``text`` with one more rule, at the end of its list.

    Args:
        text: content of the file; empty for a new one.
        rule: what is added; its index, line, comment and problem do not count.
        name: what the file is called in messages.

    Raises:
        ConfigError: the file cannot be read, or is in a form that nothing can be added to safely.
    """
    before = read_ignores(text, name=name).rules
    layout = layout_of(text, name)
    after = _added(text, layout, rule, name)
    added = [*map(_what, before), _what(replace(rule, problem=""))]
    found = _read_again(after, name)
    if not found or found[:-1] != added[:-1] or _said(found[-1]) != _said(added[-1]):
        line = layout.rules.key_line if layout.rules else 1
        raise ConfigError(f"{name}:{line}: a rule cannot be added safely", hint=_HINT)
    return after


def without_rules(text: str, indices: Collection[int], *, name: str) -> str:
    """Return ``text`` without some rules and without the comments that belong to them.

    Args:
        text: content of the file.
        indices: positions of the rules, from 0.
        name: what the file is called in messages.

    Raises:
        ConfigError: there is no such rule, or one cannot be taken out without touching others: an anchor that it
            defines is used elsewhere, or the list stands elsewhere.
    """
    before = read_ignores(text, name=name).rules
    if not set(indices) <= set(range(len(before))):
        raise ConfigError(f"{name}: there are {len(before)} rules, and no rule {max(indices) + 1}")
    if not indices:
        return text
    gone = frozenset(indices)
    after = _removed(text, gone, name)
    kept = [_what(rule) for rule in before if rule.index not in gone]
    if _read_again(after, name) != kept:
        line = before[min(indices)].line
        raise ConfigError(f"{name}:{line}: the rule cannot be taken out safely", hint=_HINT)
    return after


def _read_again(after: str, name: str) -> list[IgnoreRule] | None:
    """Return what the rules of a changed text say; None when they cannot be read any more."""
    try:
        return [_what(rule) for rule in read_ignores(after, name=name).rules]
    except ConfigError:
        return None


def _added(text: str, layout: Layout, rule: IgnoreRule, name: str) -> str:
    end = _line_end(text)
    rules = layout.rules
    if rules is None:
        if layout.flow:
            raise ConfigError(f"{name}:1: written in braces, without a list `ignore`", hint=_HINT)
        return _appended(text, ["ignore:", *_indented(entry_lines(rule), 2)], end)
    if not rules.is_list:
        raise ConfigError(
            f"{name}:{rules.key_line}: ignore is one rule, not a list",
            hint="put a dash before it, then try again",
        )
    lines = Lines(text)
    indent = lines.indent(rules.key_line) + 2
    if rules.flow and (rules.entries or text[rules.start + 1 : rules.end - 1].strip()):
        return _added_to_flow(text, rules, rule, (end, indent))
    if rules.entries:
        block = _indented(entry_lines(rule), rules.indent)
        return _inserted(lines, _past(lines, rules.entries[-1]), _spaced(lines, rules, block), end)
    if rules.flow:
        text = text[: rules.start].rstrip(" \t") + text[rules.end :]
    return _inserted(Lines(text), rules.key_line, _indented(entry_lines(rule), indent), end)


def _added_to_flow(text: str, rules: ListSpan, rule: IgnoreRule, form: tuple[str, int]) -> str:
    end, indent = form
    lines = end.join(_indented(flow_lines(rule), indent))
    if rules.entries:
        at = rules.entries[-1].end
        return f"{text[:at]},{end}{lines}{text[at:]}"
    at = rules.end - 1
    return f"{text[:at]}{end}{lines}{end}{text[at:]}"


def _spaced(lines: Lines, rules: ListSpan, block: list[str]) -> list[str]:
    """Return the lines of a new entry, after an empty one where the file puts one between its entries."""
    last = rules.entries[-1]
    apart = len(rules.entries) > 1 and not lines.bare(last.top - 1).strip()
    return ["", *block] if apart else block


def _inserted(lines: Lines, after: int, block: Sequence[str], end: str) -> str:
    """Return the text with ``block`` after a line; a file that ends without a line end goes on to do so."""
    head, tail = "".join(lines.kept[:after]), "".join(lines.kept[after:])
    added = end.join(block)
    if head and not head.endswith(("\r", "\n")):
        return f"{head}{end}{added}"
    return f"{head}{added}{end}{tail}"


def _appended(text: str, block: Sequence[str], end: str) -> str:
    return _inserted(Lines(text), len(Lines(text).kept), block, end)


def _removed(text: str, gone: Collection[int], name: str) -> str:
    rules = layout_of(text, name).rules
    if (
        rules is None
        or not rules.is_list
        or max(gone) >= len(rules.entries)
        or rules.start < rules.key_end
    ):
        line = rules.key_line if rules else 1
        raise ConfigError(
            f"{name}:{line}: its rules do not stand in a list of their own", hint=_HINT
        )
    after = _cut_flow(text, rules, gone) if rules.flow else _cut_block(text, rules, gone)
    for entry in (rules.entries[index] for index in sorted(gone)):
        for anchor in entry.anchors:
            if f"*{anchor}" in after and re.search(rf"\*{re.escape(anchor)}(?![\w-])", after):
                raise ConfigError(
                    f"{name}:{entry.first}: the rule defines &{anchor}, which is used elsewhere",
                    hint=f"write what *{anchor} stands for where it is used, then try again",
                )
    return after


def _cut_flow(text: str, rules: ListSpan, gone: Collection[int]) -> str:
    entries, parts, at = rules.entries, [], 0
    stays = max(set(range(len(entries))) - set(gone), default=-1)
    for index in sorted(gone):
        if index < stays:
            start, end = entries[index].start, entries[index + 1].start
        else:
            # No entry follows: the comma before it goes.
            start, end = entries[index - 1].end if index else entries[0].start, entries[index].end
        parts.append(text[at:start])
        at = end
    if stays < 0 and (comma := _COMMA.match(text, at)):
        at = comma.end()
    return "".join([*parts, text[at:]])


def _cut_block(text: str, rules: ListSpan, gone: Collection[int]) -> str:
    lines, entries = Lines(text), rules.entries
    cut = bytearray(len(lines.kept) + 2)
    for index in sorted(gone, reverse=True):
        first, last = _own_lines(lines, rules, index)
        if index == 0 and len(gone) < len(entries):
            # Nothing stands above that an empty line could be apart from.
            below = cut.find(0, last + 1)
            last = below if below <= len(lines.kept) and not lines.bare(below).strip() else last
        for number in range(first, last + 1):
            cut[number] = 1
    kept = [line for number, line in enumerate(lines.kept, 1) if not cut[number]]
    if kept and cut[len(lines.kept)] and not lines.kept[-1].endswith(("\r", "\n")):
        kept[-1] = _without_line_end(kept[-1])
    after = "".join(kept)
    return _with_empty_list(after, rules.key_end) if len(gone) == len(entries) else after


def _own_lines(lines: Lines, rules: ListSpan, index: int) -> tuple[int, int]:
    """Return the first and the last line that go with an entry: its comment, and the empty line above that."""
    entry = rules.entries[index]
    first = _own_top(lines, entry)
    alone = lines.is_comment(first - 2) and lines.indent(first - 2) <= rules.indent
    if index and not lines.bare(first - 1).strip() and not alone:
        first -= 1
    return first, _past(lines, entry)


def _with_empty_list(head: str, key_end: int) -> str:
    colon = head.find(":", key_end) + 1
    return f"{head[:colon]} []{head[colon:]}" if colon else head


def _own_top(lines: Lines, entry: EntrySpan) -> int:
    """Return where the comment of an entry begins: at the line that names a vulnerability, if one does."""
    for number in range(entry.top, entry.first):
        if about(lines.bare(number).lstrip(" \t").lstrip("#")):
            return number
    return entry.top


def _past(lines: Lines, entry: EntrySpan) -> int:
    """Return the last line of an entry, with the comments that are further in than its dash."""
    indent, last = lines.indent(entry.first), entry.last
    while lines.is_comment(last + 1) and lines.indent(last + 1) > indent:
        last += 1
    return last


def _without_line_end(text: str) -> str:
    return text[:-2] if text.endswith("\r\n") else text[:-1]


def _line_end(text: str) -> str:
    found = _LINE_END.search(text)
    return found[0] if found else "\n"


def _indented(lines: Sequence[str], indent: int) -> list[str]:
    return [f"{' ' * indent}{line}" for line in lines]


def _what(rule: IgnoreRule) -> IgnoreRule:
    """Return what a rule says; a comment that is no part of its justification may come to stand elsewhere."""
    return replace(rule, index=0, line=0, comment="", approval=None)


def _said(rule: IgnoreRule) -> IgnoreRule:
    """Return a rule as it is compared with what was asked for: white space of its texts does not count."""
    return replace(
        rule,
        description=" ".join(rule.description.split()),
        impact=" ".join(rule.impact.split()),
        component=" ".join(rule.component.split()),
        tracking=" ".join(rule.tracking.split()),
        issue=" ".join(rule.issue.split()),
        remove_when=" ".join(rule.remove_when.split()),
    )
