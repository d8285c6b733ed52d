"""Reading JSON that anybody may have written: what has another shape is not there."""

from collections.abc import Iterable, Mapping
from typing import Any

from shipseal.status.interface import ORDER, Component, State


def members(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list; none when it is no list."""
    found = document.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text_of(document: Mapping[str, Any], key: str) -> str:
    """Return a text in small letters; empty when it is none."""
    found = document.get(key)
    return found.strip().lower() if isinstance(found, str) else ""


def worst(components: Iterable[Component]) -> State:
    """Return the worst state; nothing at all is unknown."""
    states = [component.state for component in components]
    return max(states, key=ORDER.index) if states else State.UNKNOWN
