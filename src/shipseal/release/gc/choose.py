"""What may go, and why; what stays, and why: decisions on values.

Never: a release that runs, is held, is half-way or was cut off; the last ``keep`` that are done, of each image; those
that a rollback went to last, or has not finished; a release whose journal this shipseal cannot read. What is older than
the limit goes, and of the rest, when it is still too much, whatever was not used for longest.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shipseal.release.gc.inventory import Inventory, Release, Thing
from shipseal.release.result import Status

# What a dead run left may be looked at by whoever started it.
_LEFTOVER_AGE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GcLimits:
    """How much is kept.

    Attributes:
        older_than: what was not used for longer goes.
        max_size: bytes that all may take together; None for any number.
        keep: releases that are done and stay in any case, of each image.
    """

    older_than: timedelta
    max_size: int | None
    keep: int


@dataclass(frozen=True, slots=True)
class Going:
    """A release that goes, and why.

    Attributes:
        release: which.
        why: a sentence's end.
    """

    release: Release
    why: str


@dataclass(frozen=True, slots=True)
class GcPlan:
    """What goes and what stays.

    Attributes:
        releases: that go.
        things: that go, each with why.
        blobs: that nothing needs any more, by digest, with their sizes.
        kept: releases that stay, each with why.
        over: bytes by which what has to stay is more than the limit.
    """

    releases: tuple[Going, ...]
    things: tuple[tuple[Thing, str], ...]
    blobs: Mapping[str, int]
    kept: tuple[tuple[Release, str], ...]
    over: int = 0


def choose(found: Inventory, limits: GcLimits, now: datetime) -> GcPlan:
    """Return what goes.

    Args:
        found: what there is.
        limits: how much is kept.
        now: the time.
    """
    needed = dict(_needed(found, limits))
    free = [one for one in found.releases if one.identifier not in needed]
    cutoff = now - limits.older_than
    old = f"not used for {_told(limits.older_than)}"
    going = {one.identifier: Going(one, old) for one in free if one.last < cutoff}
    things = [(one, old) for one in (*found.rollbacks, *found.cache) if one.used < cutoff]
    things += [
        (one, "left by a run that has ended")
        for one in found.leftovers
        if one.kind == "trash" or one.used < now - _LEFTOVER_AGE
    ]
    over = _shrink(found, limits, free, going, things)
    kept = [(one, needed[one.identifier]) for one in found.releases if one.identifier in needed]
    kept += [
        (one, f"used within {_told(limits.older_than)}")
        for one in free
        if one.identifier not in going
    ]
    return GcPlan(tuple(going.values()), tuple(things), _garbage(found, going), tuple(kept), over)


def _needed(found: Inventory, limits: GcLimits) -> Iterable[tuple[str, str]]:
    """Yield the id of each release that stays in any case, and why."""
    done: dict[str, list[Release]] = defaultdict(list)
    for one in found.releases:
        if one.status == Status.DONE:
            done[one.image].append(one)
    lasting = {
        one.identifier
        for several in done.values()
        for one in sorted(several, key=lambda one: one.last)[-limits.keep :]
    }
    for one in found.releases:
        if why := _why_needed(one, found, limits, lasting):
            yield one.identifier, why


def _why_needed(one: Release, found: Inventory, limits: GcLimits, lasting: set[str]) -> str:
    if one.running:
        return "it is running"
    if one.going:
        return f"it can be resumed ({one.status}); shipseal release abort gives it up"
    if one.status == "unreadable":
        return "its journal cannot be read by this shipseal"
    if one.linked:
        return "its folder is a link, and lies elsewhere"
    if one.digest and one.digest in found.pinned:
        return "a rollback went to it, or is not finished"
    return f"one of the last {limits.keep} that are done" if one.identifier in lasting else ""


def _garbage(found: Inventory, going: Mapping[str, Going]) -> dict[str, int]:
    named = {
        digest for one in found.releases if one.identifier not in going for digest in one.blobs
    }
    return {digest: size for digest, size in found.blobs.items() if digest not in named}


def _shrink(
    found: Inventory,
    limits: GcLimits,
    free: Sequence[Release],
    going: dict[str, Going],
    things: list[tuple[Thing, str]],
) -> int:
    """Let go, least recently used first, of what may go until the rest fits; return by how much it does not."""
    if limits.max_size is None:
        return 0
    gone = {one.path for one, _ in things}
    rest: list[Release | Thing] = [one for one in free if one.identifier not in going]
    rest += [one for one in (*found.cache, *found.rollbacks) if one.path not in gone]
    why = f"more than {limits.max_size} bytes, and not used for longest"
    left = _left(found, going, things)
    for one in sorted(rest, key=_used):
        if left <= limits.max_size:
            break
        if isinstance(one, Release):
            before = _garbage(found, going)
            going[one.identifier] = Going(one, why)
            left -= one.size + sum(_garbage(found, going).values()) - sum(before.values())
        else:
            things.append((one, why))
            left -= one.size
    return max(0, left - limits.max_size)


def _left(found: Inventory, going: Mapping[str, Going], things: Iterable[tuple[Thing, str]]) -> int:
    freed = sum(one.release.size for one in going.values()) + sum(one.size for one, _ in things)
    freed += sum(_garbage(found, going).values())
    return found.state_size + found.cache_size - freed


def _used(one: Release | Thing) -> datetime:
    return one.last if isinstance(one, Release) else one.used


def _told(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    number, unit = (seconds // 86400, "day") if seconds % 86400 == 0 else (seconds, "second")
    return f"{number} {unit}{'' if number == 1 else 's'}"
