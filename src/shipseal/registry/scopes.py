"""Scopes of registry tokens: ``type:name:action,action`` (distribution's token scope documentation)."""

from collections.abc import Iterable


def repository_scope(repository: str, *actions: str) -> str:
    """Return the scope that allows ``actions`` in ``repository``."""
    return f"repository:{repository}:{','.join(actions)}"


def merged(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return ``scopes`` with the actions of one thing in one scope, in the order of their first mention."""
    actions: dict[str, dict[str, None]] = {}
    for scope in scopes:
        thing, wanted = _split(scope)
        actions.setdefault(thing, {}).update(dict.fromkeys(wanted))
    return tuple(
        f"{thing}:{','.join(wanted)}" if wanted else thing for thing, wanted in actions.items()
    )


def reaches(granted: Iterable[str], wanted: Iterable[str]) -> bool:
    """Return whether a token for the scopes ``granted`` is enough for the scopes ``wanted``."""
    have = {thing: set(actions) for thing, actions in map(_split, merged(granted))}
    return all(
        thing in have and set(actions) <= have[thing] for thing, actions in map(_split, wanted)
    )


def _split(scope: str) -> tuple[str, tuple[str, ...]]:
    # A repository's name may hold a colon, the one of a port.
    thing, colon, actions = scope.rpartition(":")
    if not colon or ":" not in thing:
        return scope, ()
    return thing, tuple(action for action in actions.split(",") if action)
