"""What the two kinds of ranges of Go's vulnerability database say together.

A module whose releases are no module versions (``v19.03.0+incompatible``, or tags without a ``go.mod``) has its real
versions in ``ecosystem_specific.custom_ranges``, and a stand-in in ``ranges``. Read alone, each of them is too wide.
Source: https://go.dev/security/vuln/database, and the records themselves; Grype's database is built by the same rules.
"""

from collections.abc import Sequence

import msgspec

from shipseal.advisories.records import Event


def combined(standard: Sequence[Event], custom: Sequence[Event]) -> tuple[Event, ...]:
    """Return one list of events for both.

    Whichever side has no end only says where the affected versions begin, so it narrows the other one; a stand-in that
    says "all versions" says nothing; two sides with ends are affected versions of two kinds, and both count.
    """
    if not custom:
        return tuple(standard)
    custom = _each_fix(custom)
    if _has_end(standard) and any(map(_is_named, custom)):
        return tuple(standard)  # tags such as edge-24.6.2 have no place among versions
    if len(standard) == 1 and standard[0].introduced == "0":
        return tuple(custom)
    if not _has_end(standard):
        return _starting_at(custom, _start(standard))
    if not _has_end(custom):
        return _starting_at(_closed(standard), _start(custom))
    return (*_closed(standard), *custom)


def _each_fix(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events with one beginning for each end.

    ``4.12, fixed 5.0.7, fixed 5.21.5, fixed 6.8`` names the fix of each line of releases. Which line a version is of
    is not said, so a version below the last of them counts as affected, and is told all that fix it.
    """
    found: list[Event] = []
    start: Event | None = None
    for event in events:
        if event.introduced is not None:
            start = event
        elif start is not None and found[-1].introduced is None:
            found.append(start)
        found.append(event)
    return found


def _is_named(event: Event) -> bool:
    bound = event.introduced or event.fixed or event.last_affected or event.limit or "0"
    return bound.lstrip("vV")[:1].isalpha()


def _has_end(events: Sequence[Event]) -> bool:
    return any(event.introduced is None for event in events)


def _start(events: Sequence[Event]) -> str:
    return next((event.introduced for event in events if event.introduced), "0")


def _closed(events: Sequence[Event]) -> tuple[Event, ...]:
    """Return the events without a last beginning that nothing ends."""
    ends = [index for index, event in enumerate(events) if event.introduced is None]
    return tuple(events[: ends[-1] + 1])


def _starting_at(events: Sequence[Event], start: str) -> tuple[Event, ...]:
    """Return the events with a first beginning of "0" raised to ``start``."""
    changed = list(events)
    for index, event in enumerate(changed):
        if event.introduced is not None:
            if event.introduced == "0":
                changed[index] = msgspec.structs.replace(event, introduced=start)
            break
    return tuple(changed)
