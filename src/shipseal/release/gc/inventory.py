"""What lies in the state folder and in the SBOM cache, as values to decide on. Nothing is changed."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from shipseal._internal.clock import parse_rfc3339
from shipseal._internal.leftovers import PART
from shipseal._internal.limits import JOURNAL as JOURNAL_LIMIT
from shipseal._internal.limits import read_file
from shipseal.errors import ConfigError, ShipsealError
from shipseal.oci import Digest
from shipseal.release.folders import ATTEMPT, JOURNAL, StateFolder
from shipseal.release.journal import never_began, read_begun
from shipseal.release.lock import ReleaseLock
from shipseal.release.result import Status
from shipseal.release.rollback.known import KnownRollback, known_rollbacks
from shipseal.release.state import ReleaseState, replay

TRASH = "trash"
WORK = "work"
_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")
_RESUMABLE = frozenset({Status.PENDING, Status.PARTLY_PROMOTED, "interrupted"})
_LOCKS = "locks"
_FOLDERS = ("releases", "rollbacks", "blobs", "blobs/sha256", TRASH)


@dataclass(frozen=True, slots=True)
class Release:
    """A release that has a journal on this machine.

    Attributes:
        identifier: its id.
        image: the image's name; empty when its journal cannot be read.
        version: what was released; likewise.
        status: how it stands; ``unreadable`` when its journal cannot be read.
        last: when anything happened to it last.
        size: bytes of its folder, without what dead runs left there.
        blobs: every digest that its journals name.
        running: whether a process is at it.
        going: whether it can go on: it is held, half-way, or was cut off.
        digest: of the image; empty before the build.
        linked: whether its folder is a link, so that what lies there is somebody else's.
    """

    identifier: str
    image: str
    version: str
    status: str
    last: datetime
    size: int
    blobs: frozenset[str]
    running: bool = False
    going: bool = False
    digest: str = ""
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """Anything else that takes room.

    Attributes:
        path: where.
        kind: ``attempt``, ``work``, ``leftover``, ``rollback``, ``sbom``, ``fact``.
        size: in bytes.
        used: when it was last written or read.
    """

    path: Path
    kind: str
    size: int
    used: datetime


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that there is.

    Attributes:
        releases: of this machine.
        rollbacks: journals of rollbacks that have come to an end.
        leftovers: what dead runs left.
        blobs: size of each blob, by digest.
        cache: entries of the SBOM cache.
        pinned: digests of images that rollbacks went to, or are about: their releases are not to be forgotten.
        other: bytes in the state folder that are never collected: locks, journals of open rollbacks.
    """

    releases: tuple[Release, ...] = ()
    rollbacks: tuple[Thing, ...] = ()
    leftovers: tuple[Thing, ...] = ()
    blobs: dict[str, int] = field(default_factory=dict)
    cache: tuple[Thing, ...] = ()
    pinned: frozenset[str] = frozenset()
    other: int = 0

    @property
    def state_size(self) -> int:
        """Bytes in the state folder."""
        things = (*self.rollbacks, *self.leftovers)
        folders = sum(one.size for one in self.releases) + sum(one.size for one in things)
        return folders + sum(self.blobs.values()) + self.other

    @property
    def cache_size(self) -> int:
        """Bytes in the SBOM cache."""
        return sum(one.size for one in self.cache)


def take_inventory(state: StateFolder, cache: Path) -> Inventory:
    """Look at everything.

    Raises:
        ConfigError: a folder in the state folder is a link.
        OSError: a folder cannot be read.
    """
    _refuse_links(state)
    releases = tuple(
        read_release(state, identifier)
        for identifier in state.releases()
        if not never_began(state.journal(identifier))
    )
    rollbacks = list(known_rollbacks(state))
    ended = tuple(
        thing_at(state.rollback(one.start.rollback), "rollback")
        for one in rollbacks
        if not one.open
    )
    found = Inventory(
        releases=releases,
        rollbacks=ended,
        leftovers=tuple(_leftovers(state, releases)),
        blobs=dict(_blobs(state)),
        cache=tuple(cache_things(cache)),
        pinned=frozenset(_pinned(rollbacks)),
    )
    whole = size_of(state.root)
    return Inventory(
        found.releases,
        found.rollbacks,
        found.leftovers,
        found.blobs,
        found.cache,
        found.pinned,
        other=max(0, whole - found.state_size),
    )


def read_release(state: StateFolder, identifier: str) -> Release:
    """Return one release as it stands now."""
    folder = state.release(identifier)
    linked = folder.is_symlink()
    blobs = frozenset(_named(folder))
    size = size_of(folder, without=(ATTEMPT, WORK))
    try:
        folded = replay(read_begun(folder / JOURNAL))
    except ShipsealError:
        folded = ReleaseState()
    if not folded.last:  # Not even its first line can be read.
        last = thing_at(folder / JOURNAL, "journal").used
        return Release(identifier, "", "", "unreadable", last, size, blobs, linked=linked)
    return Release(
        identifier=identifier,
        image=folded.plan.image if folded.plan else "",
        version=folded.plan.version if folded.plan else "",
        status=folded.status,
        last=parse_rfc3339(folded.last),
        size=size + (size_of(folder / WORK) if folded.status in _RESUMABLE else 0),
        blobs=blobs,
        running=_is_running(state, folded),
        going=folded.status in _RESUMABLE and not (folded.dry_run or folded.fork),
        digest=folded.image.digest if folded.image else "",
        linked=linked,
    )


def _refuse_links(state: StateFolder) -> None:
    """Let no folder lead out of the state folder: all that lies in it would be taken for a leftover, and go."""
    for path in (state.root / name for name in _FOLDERS):
        if path.is_symlink():
            raise ConfigError(
                f"gc: {path} is a link to {path.readlink()}: behind a link nothing is removed",
                hint="put a folder in its place; SHIPSEAL_STATE says where a whole state folder lies",
                context={"path": str(path)},
            )


def cache_things(folder: Path) -> Iterator[Thing]:
    """Yield the entries of the SBOM cache: runs of Syft, and small facts."""
    if not folder.is_dir():
        return
    for kind in sorted(folder.iterdir()):
        if kind.is_dir() and not kind.is_symlink() and kind.name != _LOCKS:
            for path in kind.iterdir():
                if path.is_file() and not path.name.startswith(PART):
                    yield thing_at(path, "sbom" if path.suffix == ".sbom" else "fact")


def thing_at(path: Path, kind: str) -> Thing:
    """Return a file or folder with its size; a folder was used when anything in it was."""
    times = [entry.stat(follow_symlinks=False).st_mtime for entry in _entries(path)]
    try:
        times.append(path.stat().st_mtime)
    except FileNotFoundError:
        times.append(0.0)
    return Thing(path, kind, size_of(path), datetime.fromtimestamp(max(times), UTC))


def size_of(path: Path, *, without: Iterable[str] = ()) -> int:
    """Return the bytes of a file or of all files in a folder; those of ``without`` below it are left out."""
    if not path.is_dir():
        return path.lstat().st_size if path.exists() else 0
    left_out = {str(path / name) for name in without}
    return sum(
        entry.stat(follow_symlinks=False).st_size
        for entry in _entries(path)
        if not any(entry.path.startswith(f"{name}/") for name in left_out)
    )


def _entries(path: Path) -> Iterator["os.DirEntry[str]"]:
    """Yield the files below a folder; what vanishes meanwhile is not there."""
    try:
        with os.scandir(path) as found:
            entries = list(found)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield entry


def _named(folder: Path) -> Iterator[str]:
    """Yield every digest in the journals of a release, damaged ends of them included: none of it may go."""
    for path in (folder, folder / ATTEMPT):
        for name in (JOURNAL, "journal.damaged"):
            try:
                raw = read_file(path / name, JOURNAL_LIMIT)
            except (FileNotFoundError, IsADirectoryError):
                continue
            yield from (found.decode() for found in _DIGEST.findall(raw))


def _is_running(state: StateFolder, folded: ReleaseState) -> bool:
    plan = folded.plan
    return (
        plan is not None and ReleaseLock(state.lock(plan.image, plan.version)).holder() is not None
    )


def _leftovers(state: StateFolder, releases: Iterable[Release]) -> Iterator[Thing]:
    known = {one.identifier: one for one in releases}
    folder = state.root / "releases"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        release = known.get(path.name)
        if path.is_symlink():
            continue
        if release is None:
            yield thing_at(path, "leftover")
            continue
        if (path / ATTEMPT).is_dir():
            yield thing_at(path / ATTEMPT, "attempt")
        if (path / WORK).is_dir() and release.status not in _RESUMABLE:
            yield thing_at(path / WORK, "work")
    trash = state.root / TRASH
    for path in sorted(trash.iterdir()) if trash.is_dir() else ():
        yield thing_at(path, "trash")


def _blobs(state: StateFolder) -> Iterator[tuple[Digest, int]]:
    folder = state.blobs.root / "sha256"
    for entry in _entries(folder):
        if re.fullmatch(r"[0-9a-f]{64}", entry.name):
            yield Digest(f"sha256:{entry.name}"), entry.stat().st_size


def _pinned(rollbacks: Iterable[KnownRollback]) -> Iterator[str]:
    done: dict[str, str] = {}
    for one in rollbacks:
        if one.open:
            yield from (one.start.digest, *one.start.versions)
        elif one.status == "done":
            done[one.start.image] = one.start.digest
    yield from done.values()
