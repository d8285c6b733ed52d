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
    if len(standard) == 1 and standard[0].introduced == "0":
        return tuple(custom)
    if not _has_end(standard):
        return _starting_at(custom, _start(standard))
    if not _has_end(custom):
        return _starting_at(_closed(standard), _start(custom))
    return (*_closed(standard), *custom)


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
