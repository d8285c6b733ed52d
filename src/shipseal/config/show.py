"""The effective configuration: every value, and where it came from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shipseal.config.load import LoadedConfig

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Effective:
    """One effective value.

    Attributes:
        key: as people write it.
        value: as it would be written in the file; empty when there is none.
        source: ``FILE:LINE``, a variable, ``command line`` or ``default``.
    """

    key: str
    value: str
    source: str


def effective(loaded: LoadedConfig) -> tuple[Effective, ...]:
    """Return every value of the configuration in the order of the documentation; paths are absolute."""
    values = as_json(loaded)
    return tuple(
        Effective(key, _text(value), _source(key, loaded.sources)) for key, value in _flat(values)
    )


def as_json(loaded: LoadedConfig) -> dict[str, object]:
    """Return the configuration as the file would say it, with all defaults."""
    return loaded.config.model_dump(mode="json", by_alias=True)


def _flat(value: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, item in value.items():
        key = f"{prefix}{name}"
        if isinstance(item, dict) and item:
            yield from _flat(item, f"{key}.")
        else:
            yield key, item


def _text(value: object) -> str:
    if value in (None, [], {}):
        return ""
    if isinstance(value, list):
        return ", ".join(_item(item) for item in value)
    return _item(value)


def _item(value: object) -> str:
    if isinstance(value, dict):
        filled = {name: item for name, item in value.items() if item is not None}
        # A tag without a rule of its own is written as its template alone.
        return (
            str(filled["tag"])
            if filled.keys() == {"tag"}
            else json.dumps(filled, ensure_ascii=False)
        )
    return str(value).lower() if isinstance(value, bool) else str(value)


def _source(key: str, sources: Mapping[str, str]) -> str:
    below = (source for name, source in sources.items() if name.startswith((f"{key}[", f"{key}.")))
    return sources.get(key) or next(below, DEFAULT)
