"""What a collection came to, in the shape that ``--json`` prints (schema ``release-gc.schema.json``)."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from shipseal._internal.clock import Clock, rfc3339
from shipseal.release.folders import StateFolder
from shipseal.release.gc.choose import GcLimits, GcPlan, choose
from shipseal.release.gc.collect import Collector
from shipseal.release.gc.inventory import Thing, take_inventory

_NAMES = {
    "attempt": ("result of a rehearsal", "results of rehearsals"),
    "work": ("work folder", "work folders"),
    "leftover": ("folder without a journal", "folders without a journal"),
    "trash": ("half-removed folder", "half-removed folders"),
    "rollback": ("journal of a rollback", "journals of rollbacks"),
    "sbom": ("cached SBOM", "cached SBOMs"),
    "fact": ("cached fact", "cached facts"),
    "blob": ("blob", "blobs"),
}


class Removed(msgspec.Struct, frozen=True):
    """Something that goes: a release, or all things of one kind for one reason.

    Attributes:
        kind: ``release``, ``blob``, ``attempt``, ``work``, ``leftover``, ``trash``, ``rollback``, ``sbom``, ``fact``.
        name: the release's id, or what they are.
        count: how many.
        bytes: that they take.
        last: when the last of them was used; empty for blobs.
        why: a sentence's end.
    """

    kind: str
    name: str
    count: int
    bytes: int
    last: str
    why: str


class KeptRelease(msgspec.Struct, frozen=True):
    """A release that stays, and why."""

    release: str
    status: str
    bytes: int
    why: str


class Usage(msgspec.Struct, frozen=True):
    """Bytes in the state folder and in the SBOM cache."""

    state: int
    cache: int


class GcResult(msgspec.Struct, frozen=True):
    """A collection.

    Attributes:
        dry_run: whether nothing was removed.
        before: bytes before.
        after: bytes after; in a dry run what they would be.
        freed: the difference.
        over: bytes by which what has to stay is more than ``--max-size``.
        removed: what went, or would.
        kept: releases that stay.
        remarks: sentences about what could not be removed now.
    """

    dry_run: bool
    before: Usage
    after: Usage
    freed: int
    over: int
    removed: tuple[Removed, ...]
    kept: tuple[KeptRelease, ...]
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON value."""
        return dict(msgspec.to_builtins(self))


def collect(
    state: StateFolder, cache: Path, limits: GcLimits, clock: Clock, *, dry_run: bool
) -> GcResult:
    """Look, choose, and remove what may go.

    Args:
        state: the state folder.
        cache: the SBOM cache.
        limits: how much is kept.
        clock: time.
        dry_run: whether only to say what would go.

    Raises:
        ShipsealError: a folder cannot be written.
    """
    found = take_inventory(state, cache)
    plan = choose(found, limits, clock.now())
    before = Usage(found.state_size, found.cache_size)
    if dry_run:
        cached = sum(one.size for one, _ in plan.things if one.kind in ("sbom", "fact"))
        freed = sum(one.bytes for one in _removed(plan))
        after = Usage(before.state - (freed - cached), before.cache - cached)
        remarks: tuple[str, ...] = ()
    else:
        collector = Collector(state, cache, clock)
        collector.remove(plan)
        left = take_inventory(state, cache)
        after, remarks = Usage(left.state_size, left.cache_size), tuple(collector.skipped)
    return GcResult(
        dry_run=dry_run,
        before=before,
        after=after,
        freed=before.state + before.cache - after.state - after.cache,
        over=plan.over,
        removed=tuple(_removed(plan)),
        kept=tuple(
            KeptRelease(one.identifier, one.status, one.size, why) for one, why in plan.kept
        ),
        remarks=remarks,
    )


def _removed(plan: GcPlan) -> Iterable[Removed]:
    for going in sorted(plan.releases, key=lambda one: one.release.last):
        one = going.release
        last = rfc3339(one.last)
        yield Removed("release", one.identifier, 1, one.size, last, f"{one.status}, {going.why}")
    if plan.blobs:
        size = sum(plan.blobs.values())
        yield Removed(
            "blob", "blobs", len(plan.blobs), size, "", "no release that stays names them"
        )
    groups: dict[tuple[str, str], list[Thing]] = {}
    for thing, why in plan.things:
        groups.setdefault((thing.kind, why), []).append(thing)
    for (kind, why), things in groups.items():
        size, latest = sum(one.size for one in things), rfc3339(_latest(things))
        yield Removed(kind, _name(kind, len(things)), len(things), size, latest, why)


def _name(kind: str, count: int) -> str:
    return _NAMES[kind][count != 1]


def _latest(things: Iterable[Thing]) -> datetime:
    return max(one.used for one in things)
