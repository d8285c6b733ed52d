"""Changes of a workflow's text that take findings away."""

from collections.abc import Mapping, Sequence

from shipseal.workflows.model import Edit, Job, Permissions, Source, Step
from shipseal.workflows.yaml_nodes import Node

GUARD = (
    "github.event_name != 'pull_request' || "
    "github.event.pull_request.head.repo.full_name == github.repository"
)
_EXPANDED = ("actions", "contents", "packages")


def permission_lines(rights: Mapping[str, str], column: int) -> tuple[str, ...]:
    """Return a block of rights, indented by ``column``."""
    pad = " " * column
    return (f"{pad}permissions:", *(f"{pad}  {scope}: {right}" for scope, right in rights.items()))


def grant(
    job: Job, given: Permissions, wanted: Mapping[str, str], source: Source
) -> tuple[Edit, ...]:
    """Return the change that gives a job the rights it lacks.

    Args:
        job: the job.
        given: what it has.
        wanted: all that it needs, by scope.
        source: its file.
    """
    rights = merged(given, wanted)
    node = job.node
    if node.flow or not node.entries:
        return ()
    first = next(iter(node.entries.values()))
    entry = given.entry
    if entry is not None and given.origin == "job" and node.entries.get("permissions") is entry:
        lines = permission_lines(rights, entry.column)
        return (Edit(source.path, entry.line, _height(entry.line, entry.value, source), lines),)
    return (Edit(source.path, first.line, 0, permission_lines(rights, first.column)),)


def merged(given: Permissions, wanted: Mapping[str, str]) -> Mapping[str, str]:
    """Return the rights of a job with those that it needs."""
    word = (
        given.entry.value.text.strip() if given.entry and given.entry.value.kind == "text" else ""
    )
    if not given.known:
        kept: dict[str, str] = {"contents": "read"}
    elif word == "read-all":
        kept = dict.fromkeys(_EXPANDED, "read")
    else:
        kept = {scope: right for scope, right in given.stated.items() if right != "none"}
    for scope, right in wanted.items():
        if kept.get(scope) != "write":
            kept[scope] = right
    return kept


def _height(line: int, node: Node, source: Source) -> int:
    """Return how many lines a key and its value take: up to the last line of the value, no comment behind it."""
    if node.kind == "map" and not node.flow and node.entries:
        last = max(entry.line for entry in node.entries.values())
        return last - line + 1
    # The end of a flow value is known by its marks; of plain text it is its own line.
    end = node.end - 1 if node.flow else node.line
    return max(1, min(end, len(source.lines)) - line + 1)


def guard(step: Step, source: Source, condition: str = GUARD) -> tuple[Edit, ...]:
    """Return the change by which a step, or the one that brought it, runs only where ``condition`` holds."""
    outer = step.inherited[0] if step.inherited else step
    node = outer.node
    if node.flow or not node.entries:
        return ()
    stated = node.entries.get("if")
    if stated is None:
        first = next(iter(node.entries.values()))
        pad = " " * first.column
        return (Edit(source.path, first.line + _rows(first.value), 0, (f"{pad}if: {condition}",)),)
    if stated.value.block or stated.value.end - stated.line > 1:
        return ()
    old = stated.value.text.strip()
    old = old[3:-2].strip() if old.startswith("${{") and old.endswith("}}") else old
    pad = " " * stated.column
    dash = _dash(source, stated.line, stated.column)
    text = f"{pad}if: ({condition}) && ({old})"
    return (Edit(source.path, stated.line, 1, (dash + text.lstrip() if dash else text,)),)


def _rows(node: Node) -> int:
    if node.kind == "text" and node.plain and not node.block:
        return max(1, node.end - node.line)
    return max(1, node.end - node.line)


def _dash(source: Source, line: int, column: int) -> str:
    """Return what stands before a key that begins an item of a list: its dash."""
    text = source.lines[line - 1]
    before = text[:column]
    return before if before.strip() else ""


def set_input(step: Step, name: str, value: str, source: Source) -> tuple[Edit, ...]:
    """Return the change that gives an action's input a value."""
    given = step.node.get("with")
    if step.inherited or step.node.flow or (given is not None and given.flow):
        return ()
    if given is None or not given.entries:
        uses = step.node.entries.get("uses")
        if uses is None:
            return ()
        pad = " " * uses.column
        return (Edit(source.path, uses.line + 1, 0, (f"{pad}with:", f"{pad}  {name}: {value}")),)
    entry = next((item for key, item in given.entries.items() if key.lower() == name), None)
    if entry is not None:
        if entry.value.end - entry.line > 1 or entry.value.block:
            return ()
        return (Edit(source.path, entry.line, 1, (f"{' ' * entry.column}{entry.key}: {value}",)),)
    first = next(iter(given.entries.values()))
    return (Edit(source.path, first.line, 0, (f"{' ' * first.column}{name}: {value}",)),)


def without_key(node: Node, key: str, source: Source) -> tuple[Edit, ...]:
    """Return the change that takes a key of one line out; nothing where it begins an item."""
    entry = node.entries.get(key)
    if entry is None or node.flow or _dash(source, entry.line, entry.column):
        return ()
    return (Edit(source.path, entry.line, 1, ()),)


def replace_in_line(source: Source, line: int, old: str, new: str) -> tuple[Edit, ...]:
    """Return the change of one text in one line; nothing when it does not stand there once."""
    lines = source.lines
    if not 1 <= line <= len(lines) or lines[line - 1].count(old) != 1 or not old:
        return ()
    return (Edit(source.path, line, 1, (lines[line - 1].replace(old, new).rstrip("\r"),)),)


def need(job: Job, names: Sequence[str], source: Source) -> tuple[Edit, ...]:
    """Return the change by which a job waits for others."""
    node = job.node
    if node.flow or not node.entries:
        return ()
    all_names = ", ".join(dict.fromkeys((*job.needs, *names)))
    stated = node.entries.get("needs")
    if stated is None:
        first = next(iter(node.entries.values()))
        return (Edit(source.path, first.line, 0, (f"{' ' * first.column}needs: [{all_names}]",)),)
    if stated.value.kind == "list" and not stated.value.flow:
        height = max(item.line for item in stated.value.items) - stated.line + 1
    else:
        height = max(1, stated.value.end - stated.line)
        if stated.value.end - stated.line > 1 and not stated.value.flow:
            height = 1
    return (
        Edit(source.path, stated.line, height, (f"{' ' * stated.column}needs: [{all_names}]",)),
    )
