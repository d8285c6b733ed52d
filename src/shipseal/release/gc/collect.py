"""Remove what was chosen, so that a kill at any moment leaves nothing half that something needs.

A release goes by one rename out of its place, under its lock, if it still is what was decided about; only then its
bytes are removed. Blobs go last, after all journals that are left were read again, and only while no release runs: a
release takes blobs that lie there for its own before it names them. What a kill leaves is removed by the next one.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from shipseal._internal.clock import Clock
from shipseal._internal.durable import disk_errors
from shipseal._internal.leftovers import sweep_parts
from shipseal.errors import ReleaseError
from shipseal.oci import parse_digest
from shipseal.release.folders import StateFolder
from shipseal.release.gc.choose import GcPlan, Going
from shipseal.release.gc.inventory import TRASH, Thing, read_release
from shipseal.release.lock import ReleaseLock, StateUse

_CACHE = frozenset({"sbom", "fact"})


class Collector:
    """Removes.

    Args:
        state: the state folder.
        cache: the SBOM cache.
        clock: for locks.

    Attributes:
        skipped: what was not removed, a sentence each.
    """

    def __init__(self, state: StateFolder, cache: Path, clock: Clock) -> None:
        self._state = state
        self._cache = cache
        self._clock = clock
        self.skipped: list[str] = []

    def remove(self, plan: GcPlan) -> None:
        """Remove all that goes.

        Raises:
            ShipsealError: a folder cannot be written.
        """
        with disk_errors(self._state.root):
            for thing in (one for one, _ in plan.things if one.kind in _CACHE):
                thing.path.unlink(missing_ok=True)
            self._sweep_cache()
            for going in plan.releases:
                self._remove_release(going)
            with StateUse(self._state.use).alone() as alone:
                if alone:
                    self._remove_rest(plan)
                else:
                    self.skipped.append(
                        "a release is running: blobs and leftovers are collected next time"
                    )
            self._empty_trash()

    def _remove_release(self, going: Going) -> None:
        """Take a release out of its place, unless somebody has done something to it since it was looked at."""
        known = going.release
        lock = ReleaseLock(self._state.lock(known.image, known.version))
        try:
            lock.acquire("gc", self._clock)
        except ReleaseError:
            self.skipped.append(f"release {known.identifier} is running now")
            return
        try:
            now = read_release(self._state, known.identifier)
            if (now.status, now.last) == (known.status, known.last):
                self._trash(self._state.release(known.identifier))
            else:
                self.skipped.append(f"release {known.identifier} has gone on meanwhile")
        finally:
            lock.free()

    def _remove_rest(self, plan: GcPlan) -> None:
        for thing in (one for one, _ in plan.things if one.kind not in _CACHE):
            self._remove_leftover(thing)
        self._state.blobs.sweep()
        named = {
            digest
            for identifier in self._state.releases()
            for digest in read_release(self._state, identifier).blobs
        }
        for digest in plan.blobs:
            if digest not in named:
                self._state.blobs.path(parse_digest(digest)).unlink(missing_ok=True)

    def _remove_leftover(self, thing: Thing) -> None:
        if thing.kind != "trash" and thing.path.exists():
            self._trash(thing.path)

    def _trash(self, path: Path) -> None:
        """Take ``path`` out of its place in one step; it is gone then, whatever happens to its bytes."""
        trash = self._state.root / TRASH
        trash.mkdir(parents=True, exist_ok=True)
        numbers = (number for number in range(1_000_000))
        free = (trash / f"{path.parent.name}-{path.name}-{number}" for number in numbers)
        path.rename(next(one for one in free if not one.exists()))

    def _empty_trash(self) -> None:
        shutil.rmtree(self._state.root / TRASH, ignore_errors=True)

    def _sweep_cache(self) -> None:
        for folder in _folders(self._cache):
            sweep_parts(folder)


def _folders(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        yield from [Path(one.path) for one in entries if one.is_dir(follow_symlinks=False)]
