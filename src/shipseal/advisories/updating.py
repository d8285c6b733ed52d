"""Change the database in a store: from files, from feeds, from a registry. One at a time, all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from shipseal._internal.clock import rfc3339
from shipseal._internal.durable import disk_errors
from shipseal._internal.leftovers import scratch_folder
from shipseal._internal.progress import Reporter
from shipseal.advisories.artifact import Stored, pull_database
from shipseal.advisories.building import building
from shipseal.advisories.compiled import CompiledDatabase, open_database
from shipseal.advisories.compiler import write_database
from shipseal.advisories.feeds import EPSS, KEV, Feeds, Fetched, Fetcher, Known, Version, fetch_all
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.loading import load
from shipseal.advisories.review import Review, review
from shipseal.advisories.sources import Reading, gather
from shipseal.advisories.store import Store
from shipseal.advisories.stored import Source
from shipseal.errors import Code, ScanError
from shipseal.registry.interface import Target


@dataclass(frozen=True, slots=True)
class Read:
    """A source that was read.

    Attributes:
        name: of it.
        records: how many it has.
        changed: whether it was read; otherwise it is as it was.
        address: where it was fetched; empty for a file.
    """

    name: str
    records: int
    changed: bool = True
    address: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change came to.

    Attributes:
        path: of the database.
        digest: of it now.
        previous: of the one before; empty when there was none.
        sources: what was read or asked for.
        review: what of it cannot be compared exactly.
    """

    path: Path
    digest: str
    previous: str
    sources: tuple[Read, ...]
    review: Review


def import_files(
    store: Store, paths: Sequence[Path], reporter: Reporter, *, fresh: bool
) -> Changed:
    """Add what files and folders hold.

    Args:
        store: holds the database.
        paths: files and folders.
        reporter: hears of progress.
        fresh: whether what is there now is left out.

    Raises:
        ScanError: ``scan.db-unavailable``: one of them is malformed, or all hold nothing; nothing has changed then.
        ShipsealError: ``resource.disk-full``, or the store cannot be written.
    """
    with store.locked(reporter):
        before = _opened(store, reporter, fresh=fresh)
        gathered = Gathered() if before is None or fresh else load(before)
        read: list[Read] = []
        for path in paths:
            transfer = reporter.transfer(path.name or str(path), _size(path))
            source = gather(path, gathered, Reading(told=transfer.advance))
            transfer.done()
            read.append(Read(source.name, source.records))
        return _install(store, gathered, before, tuple(read))


def update(
    store: Store, feeds: Feeds, fetch: Fetcher, now: datetime, reporter: Reporter, *, fresh: bool
) -> Changed:
    """Fetch what has changed since the last time, and add it; what is no longer asked for goes.

    Args:
        store: holds the database.
        feeds: where from.
        fetch: gets one document.
        now: what the age of the data is counted from.
        reporter: hears of progress.
        fresh: whether what is there now is left out, and everything fetched.

    Raises:
        ScanError: ``scan.db-unavailable``: what came cannot be used; nothing has changed then.
        ShipsealError: a source could not be got from any of its addresses, and nothing has changed;
            ``resource.disk-full``.
    """
    with store.locked(reporter), scratch_folder("advisories") as folder:
        before = _opened(store, reporter, fresh=fresh)
        gathered = Gathered() if before is None or fresh else load(before)
        found = fetch_all(feeds, _known(gathered), folder, fetch, reporter)
        asked = {one.name for one in found}
        for source in list(gathered.sources.values()):
            if source.checked is not None and source.name not in asked:
                reporter.note(
                    f"{source.name} is no longer asked for: its {source.records} record(s) go"
                )
                gathered.forget(source.name)
        read = tuple(_take(one, gathered, now) for one in found)
        return _install(store, gathered, before, read)


def pull(
    store: Store, target: Target, stored: Stored, reporter: Reporter, *, older: bool
) -> Changed:
    """Take the database that lies in a registry instead of the one that is here.

    Args:
        store: holds the database.
        target: where it lies.
        stored: which one.
        reporter: hears of progress.
        older: whether it may be older than the one that is here.

    Raises:
        ImageError: ``image.digest-mismatch``.
        ScanError: ``scan.db-unavailable``: it cannot be read by this program; ``scan.db-stale``: it is older.
        ShipsealError: the registry refused or could not be reached; ``resource.disk-full``.
    """
    with store.locked(reporter):
        before = _opened(store, reporter, fresh=True)
        read = (Read(f"{target.name}@{stored.manifest}", 0),)
        if before is not None and before.digest == stored.layer.digest:
            return Changed(store.choose().path, before.digest, before.digest, (), Review())
        with building(store.parts_folder()) as part:
            with disk_errors(part, needed=stored.layer.size):
                pull_database(target, stored, part, reporter)
            found = open_database(part, origin=target.name)
            if not older:
                _refuse_older(before, found, target.name)
            checked = store.install(part)
        return Changed(
            store.choose().path, checked.digest, before.digest if before else "", read, Review()
        )


def _opened(store: Store, reporter: Reporter, *, fresh: bool) -> CompiledDatabase | None:
    """Return the database that is there; None when there is none, or, if all is new, none of use."""
    if store.is_empty_file():
        reporter.note(f"{store.path} is an empty file: the database is begun anew")
        return None
    try:
        found = store.open()
    except ScanError as error:
        if fresh or not any(path.exists() for path in store.candidates()):
            return None
        error.hint = f"{error.hint}; or begin anew with --fresh"
        raise
    if found.note:
        reporter.note(found.note)
    return found


def _install(
    store: Store, gathered: Gathered, before: CompiledDatabase | None, read: tuple[Read, ...]
) -> Changed:
    if gathered.is_empty():
        raise ScanError(
            Code.DB_UNAVAILABLE,
            "there is no advisory in what was read",
            hint="name the files or folders that the OSV records are in",
        )
    names = {one.name for one in read if one.changed}
    found = review(packed for packed in gathered.records() if packed.source in names)
    with building(store.parts_folder()) as part:
        write_database(gathered, part)
        checked = store.install(part)
    return Changed(
        store.choose().path, checked.digest, before.digest if before else "", read, found
    )


def _known(gathered: Gathered) -> Known:
    return {
        source.name: (source.address, Version(source.etag, source.last_modified))
        for source in gathered.sources.values()
    }


def _take(found: Fetched, gathered: Gathered, now: datetime) -> Read:
    """Read what was fetched; what has not changed was looked at now."""
    checked = round(now.timestamp() * 1_000_000)
    if found.file is None:
        source = msgspec.structs.replace(gathered.sources[found.name], checked=checked)
        gathered.sources[found.name] = source
        return Read(found.name, source.records, changed=False, address=found.address)
    gathered.forget(found.name)
    if found.name == KEV:
        gathered.exploited, gathered.exploited_day = {}, None
    elif found.name == EPSS:
        gathered.scores, gathered.scores_day = {}, None
    source = gather(
        found.file, gathered, Reading(name=found.name, shown=found.address, forgiving=True)
    )
    _check_kind(found, source, gathered)
    gathered.sources[found.name] = msgspec.structs.replace(
        source,
        address=found.address,
        checked=checked,
        etag=found.version.etag,
        last_modified=found.version.last_modified,
    )
    return Read(found.name, source.records, address=found.address)


def _check_kind(found: Fetched, source: Source, gathered: Gathered) -> None:
    """Refuse an address that has something else than what it is asked for."""
    kinds = {KEV: bool(gathered.exploited), EPSS: bool(gathered.scores)}
    if not kinds.get(found.name, source.records > 0):
        raise ScanError(
            Code.DB_UNAVAILABLE,
            f"{found.address}: has nothing of {found.name}",
            hint="check the address; nothing was changed",
            context={"address": found.address},
        )


def _refuse_older(before: CompiledDatabase | None, found: CompiledDatabase, name: str) -> None:
    if before is None or before.newest is None or found.newest is None:
        return
    if found.newest < before.newest:
        raise ScanError(
            Code.DB_STALE,
            f"{name}: its database is of {rfc3339(found.newest)}, older than the one that is here "
            f"({rfc3339(before.newest)})",
            hint="somebody may have put an old one there; take it all the same with --older",
            context={"target": name},
        )


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
