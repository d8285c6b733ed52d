"""From where the models refuse a value to where it stands in the file, and to the key that describes it."""

from collections.abc import Iterator
from functools import cache

from shipseal.config.keys import ITEM, NAME, Key, all_keys
from shipseal.config.problems import KeyPath

BUILD = "build"


def file_path(location: KeyPath, value: object, *, tagged: bool) -> KeyPath:
    """Return where ``location`` of a model's error is in ``value``, the file.

    The models see more than was written: the builder's name as a level of its own, short forms in their long form.

    Args:
        location: pydantic's ``loc``.
        value: what was validated.
        tagged: whether ``build`` may be among it, whose alternatives add a level.
    """
    parts = [part for part in location if part != "[key]"]
    if tagged and len(parts) > 1 and parts[0] == BUILD:
        del parts[1]
    path: KeyPath = ()
    for part in parts:
        if isinstance(value, dict) and isinstance(part, int):
            return (
                *path,
                str(list(value)[part]),
            )  # {source: destination}, read as a list of entries
        if isinstance(value, str):
            return path  # a tag's template alone, read as {tag: …}
        path = (*path, part)
        value = child(value, part)
    return path


def child(value: object, part: str | int) -> object:
    """Return what is at ``part`` of a mapping or list; None when there is nothing."""
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def value_at(value: object, path: KeyPath) -> object:
    """Return what is at ``path`` of ``value``; None when there is nothing."""
    for part in path:
        value = child(value, part)
    return value


def prefixes(path: KeyPath) -> Iterator[KeyPath]:
    """Yield ``path``, what it is in, what that is in, … without the root."""
    for length in range(len(path), 0, -1):
        yield path[:length]


def pattern_of(path: KeyPath, prefix: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return ``path`` as keys have it, with stand-ins for list positions and for free names."""
    pattern = prefix
    for part in path:
        if isinstance(part, int):
            pattern = (*pattern, ITEM)
        else:
            pattern = (*pattern, NAME if (*pattern, NAME) in _known_paths() else part)
    return pattern


def key_at(path: KeyPath, prefix: tuple[str, ...] = ()) -> Key | None:
    """Return the key that describes the value at ``path``; for an item of a plain list, the list's."""
    pattern = pattern_of(path, prefix)
    while pattern and pattern[-1] == ITEM and pattern not in _known_paths():
        pattern = pattern[:-1]
    return next((key for key in all_keys() if key.path == pattern), None)


@cache
def _known_paths() -> frozenset[tuple[str, ...]]:
    paths = {key.path[:length] for key in all_keys() for length in range(1, len(key.path) + 1)}
    return frozenset(paths)
