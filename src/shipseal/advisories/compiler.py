"""Write a compiled database. The same content gives the same bytes, whatever order it came in."""

import errno
import hashlib
import os
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from shipseal._internal.limits import MIB
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.packing import Key, Packed
from shipseal.advisories.rating import named, worst
from shipseal.advisories.stored import (
    FORMAT,
    UNRATED,
    Ecosystem,
    IdFacts,
    Meta,
    Rating,
    Table,
    Touched,
)
from shipseal.advisories.tables import APPLICATION_ID, LEAST_COMPRESSED, MARKER, PAGE_SIZE, SCHEMA

_encode = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class _Index:
    """What is known when all records have been written."""

    packages: defaultdict[Key, list[tuple[int, msgspec.Raw]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    ratings: defaultdict[str, list[Rating]] = field(default_factory=lambda: defaultdict(list))
    named: set[str] = field(default_factory=set)
    ecosystems: dict[str, Ecosystem] = field(default_factory=dict)
    records: int = 0
    withdrawn: int = 0
    newest: int | None = None


def write_database(gathered: Gathered, path: Path) -> str:
    """Write ``gathered`` to ``path``, an empty file or none, with its seal; return its digest, ``sha256:…``.

    It is on disk when this returns; giving it its name is left to the caller.

    Raises:
        OSError: it cannot be written.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _write(connection, gathered)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise _as_os_error(error, path) from error
    return _seal(path)


def _write(connection: sqlite3.Connection, gathered: Gathered) -> None:
    # A half-written file is thrown away, so nothing here needs a journal.
    for pragma in (
        "journal_mode = OFF",
        "synchronous = OFF",
        f"page_size = {PAGE_SIZE}",
        f"application_id = {APPLICATION_ID}",
        f"user_version = {FORMAT}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(f"BEGIN;{SCHEMA}")
    index = _Index()
    connection.executemany("INSERT INTO records VALUES (?, ?)", _records(gathered, index))
    connection.executemany(
        "INSERT INTO packages VALUES (?, ?, ?)",
        ((*key, _squeezed(_encode(index.packages[key]))) for key in sorted(index.packages)),
    )
    connection.executemany("INSERT INTO ids VALUES (?, ?)", _ids(gathered, index))
    connection.executemany(
        "INSERT INTO scores VALUES (?, ?, ?)",
        ((key, *gathered.scores[key]) for key in sorted(gathered.scores)),
    )
    connection.execute("INSERT INTO meta VALUES (?)", (_encode(_meta(gathered, index)),))
    connection.execute("COMMIT")


def _squeezed(value: bytes) -> bytes:
    """Return ``value`` compressed where that saves something worth the time that expanding takes."""
    if len(value) < LEAST_COMPRESSED:
        return value
    packed = zlib.compress(value, 9)
    return packed if len(packed) < len(value) else value


def _records(gathered: Gathered, index: _Index) -> Iterator[tuple[int, bytes]]:
    numbers = {name: number for number, name in enumerate(gathered.sources)}
    for number, packed in enumerate(gathered.records(), start=1):
        _count(packed, number, index)
        advisory = msgspec.structs.replace(packed.advisory, source=numbers.get(packed.source, 0))
        yield number, _encode(advisory)


def _count(packed: Packed, number: int, index: _Index) -> None:
    advisory = packed.advisory
    index.records += 1
    index.newest = max(index.newest or advisory.modified, advisory.modified)
    for name in advisory.ecosystems:
        known = index.ecosystems.get(name, Ecosystem(0, advisory.modified))
        newest = max(known.newest, advisory.modified)
        index.ecosystems[name] = Ecosystem(known.records + 1, newest)
    if advisory.withdrawn:
        index.withdrawn += 1
        return
    for key, value in packed.packages:
        index.packages[key].append((number, value))
    index.named.update(advisory.other_ids())
    rating = _rating(packed)
    if rating.severity or rating.cvss:
        # A distribution's record is about several vulnerabilities: what it says of severity is said of it alone.
        others = () if advisory.upstream else advisory.other_ids()
        for identifier in (advisory.id, *others):
            index.ratings[identifier].append(rating)


def _rating(packed: Packed) -> Rating:
    """Return what a record says to others: its own word, else the worst for one of its packages, else what it got."""
    advisory = packed.advisory
    if advisory.own.severity:
        return named(advisory.own, advisory.id)
    found = (msgspec.msgpack.decode(value, type=Touched).rating for _, value in packed.packages)
    most = worst(rating for rating in found if rating is not None)
    return named(most if most.severity else advisory.joined, advisory.id)


def _ids(gathered: Gathered, index: _Index) -> Iterator[tuple[str, bytes]]:
    # Nobody asks for the id of a record that no other one names: the record says it all itself.
    rated = index.ratings.keys() & index.named
    names = {*rated, *gathered.exploited, *gathered.ratings}
    for name in sorted(names):
        found = index.ratings[name] if name in rated else ()
        facts = IdFacts(
            rating=worst(found) if found else UNRATED,
            stated=gathered.ratings.get(name, UNRATED),
            exploited=gathered.exploited.get(name),
        )
        yield name, _encode(facts)


def _meta(gathered: Gathered, index: _Index) -> Meta:
    # What a file had is as old as its newest record: nobody said that there is nothing newer.
    checked = [one.checked for one in gathered.sources.values() if one.records]
    fetched = [moment for moment in checked if moment is not None]
    return Meta(
        format=FORMAT,
        records=index.records,
        withdrawn=index.withdrawn,
        newest=index.newest,
        checked=min(fetched) if fetched and len(fetched) == len(checked) else None,
        ecosystems=dict(sorted(index.ecosystems.items())),
        covered=tuple(sorted({ecosystem for ecosystem, _ in index.packages})),
        sources=tuple(gathered.sources.values()),
        kev=_table(len(gathered.exploited), gathered.exploited_day),
        epss=_table(len(gathered.scores), gathered.scores_day),
        ratings=_table(len(gathered.ratings), None),
    )


def _table(entries: int, day: date | None) -> Table | None:
    return Table(entries, day.toordinal() if day else None) if entries else None


def _seal(path: Path) -> str:
    """Append the marker and the digest of what stands before it; return the digest of the whole."""
    with path.open("r+b") as stream:
        digest = hashlib.sha256()
        while chunk := stream.read(MIB):
            digest.update(chunk)
        end = MARKER + digest.digest()
        stream.write(end)
        stream.flush()
        os.fsync(stream.fileno())
        digest.update(end)
    return f"sha256:{digest.hexdigest()}"


def _as_os_error(error: sqlite3.OperationalError, path: Path) -> OSError:
    """Return what SQLite says of the disk as the system says it."""
    number = errno.ENOSPC if error.sqlite_errorcode == sqlite3.SQLITE_FULL else errno.EIO
    return OSError(number, f"{os.strerror(number)} ({error})", str(path))
