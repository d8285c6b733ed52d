"""The tables of ``docs/configuration.md``, made from the models."""

import json
from collections.abc import Iterable, Iterator

from shipseal.config.keys import Key, all_keys
from shipseal.config.model import Config
from shipseal.config.shape import Kind


def markdown() -> str:
    """Return a table for the top of the file and one for each section, under headings of the third level."""
    parts = [_table(key for key in all_keys() if len(key.path) == 1)]
    for name in Config.model_fields:
        parts += _section(name)
    return "\n".join(parts)


def _section(name: str) -> Iterator[str]:
    """Yield heading, description and tables of a section, the sections within it spelled out."""
    section = next(key for key in all_keys() if key.path == (name,))
    if not section.shape.models:
        return
    rows = [key for key in all_keys() if key.path[0] == name and key is not section]
    rows = [key for key in rows if key.shape.kind is not Kind.SECTION]
    yield f"### `{name}`\n\n{section.description}\n"
    # One table for each set of builders that has keys in common; outside `build` there is one empty set.
    for builders in dict.fromkeys(key.builders for key in rows):
        if builders and builders != rows[0].builders:
            yield f"With builder {' or '.join(f'`{builder}`' for builder in builders)}:\n"
        yield _table(key for key in rows if key.builders == builders)


def _table(rows: Iterable[Key]) -> str:
    lines = ["| key | takes | default | variable | meaning |", "| --- | --- | --- | --- | --- |"]
    for key in rows:
        variable = f"`{key.variable}`" if key.variable else ""
        cells = (f"`{key.name}`", key.shape.text, _default(key), variable, key.description)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.default in (None, [], {}):
        return ""
    if isinstance(key.default, list):
        return f"`[{', '.join(map(str, key.default))}]`"
    return f"`{key.default if isinstance(key.default, str) else json.dumps(key.default)}`"
