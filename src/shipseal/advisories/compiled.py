"""A compiled database, opened: nothing of it is loaded before somebody asks for it.

Opening reads the header, the seal and one row; a look-up reads one row and decodes it. The file is never changed: a
newer one takes its name, and who has this one open goes on with it.
"""

import sqlite3
import weakref
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shipseal._internal.clock import rfc3339
from shipseal._internal.limits import MIB
from shipseal.advisories.ecosystems import ecosystem_key, name_key
from shipseal.advisories.facts import DatabaseFacts
from shipseal.advisories.file_check import check_file, is_unchanged, unavailable
from shipseal.advisories.interface import AdvisoryIndex, Answer, PackageQuery
from shipseal.advisories.matching import answer, resolved
from shipseal.advisories.stored import Entry, IdFacts, Meta, StoredAdvisory, Table, moment_of
from shipseal.advisories.tables import SCALE, cve_key
from shipseal.scan.interface import Likelihood

T = TypeVar("T")
_ANSWERS = 1 << 14
_ENTRIES = msgspec.msgpack.Decoder(tuple[Entry, ...])
_ADVISORY = msgspec.msgpack.Decoder(StoredAdvisory)
_FACTS = msgspec.msgpack.Decoder(IdFacts)
_META = msgspec.msgpack.Decoder(Meta)
_TRIES = 3
_STILL_DAYS = 30
_ZLIB = b"\x78"
_LARGEST = 256 * MIB


class CompiledDatabase(AdvisoryIndex):
    """Advisories in a file. Safe to use from several threads.

    Args:
        connection: to the file, usable from any thread.
        file: where it lay when it was opened.
        origin: where the data came from, for people.
        digest: of the file.
        note: what a person should know about this file, before what it says itself.

    Attributes:
        file: where it lay when it was opened.
        note: what a person should know about this file; empty for nothing.
        meta: what it says of itself.
        close: closes the file; when nobody uses it any more, it is closed by itself.

    Raises:
        ScanError: ``scan.db-unavailable``: it says nothing of itself.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        file: Path,
        *,
        origin: str,
        digest: str,
        note: str = "",
    ) -> None:
        self._connection = connection
        # Whoever scans until the end of the process closes nothing.
        self.close = weakref.finalize(self, connection.close)
        self.file = file
        self.note = note
        self.origin = origin
        self.digest = digest
        self.meta = meta = self._read(_META, "SELECT value FROM meta", ())
        self.records = meta.records
        self.notes = tuple(filter(None, (note, *_notes(meta))))
        self.newest = moment_of(meta.newest if meta.checked is None else meta.checked)
        self.kev = _day(meta.kev)
        self.epss = _day(meta.epss)
        self._covered = frozenset(meta.covered)
        # Images have packages in common, and binary packages their source.
        self._answers = lru_cache(maxsize=_ANSWERS)(self._answer)

    def facts(self) -> DatabaseFacts:
        """Return what is known of it without looking into it."""
        return DatabaseFacts(
            file=self.file,
            origin=self.origin,
            digest=self.digest,
            meta=self.meta,
            newest=self.newest,
            kev=self.kev,
            epss=self.epss,
            notes=self.notes,
            passed_over=self.note,
        )

    def covers(self, ecosystem: str) -> bool:
        """See :meth:`AdvisoryIndex.covers`."""
        return ecosystem_key(ecosystem) in self._covered

    def match(self, query: PackageQuery) -> Answer:
        """See :meth:`AdvisoryIndex.match`.

        Raises:
            ScanError: ``scan.db-unavailable``: the file was damaged while it was open.
        """
        return self._answers(query)

    def resolved(self, query: PackageQuery) -> frozenset[str]:
        """See :meth:`AdvisoryIndex.resolved`.

        Raises:
            ScanError: ``scan.db-unavailable``: the file was damaged while it was open.
        """
        return resolved(query, self)

    def entries(self, query: PackageQuery) -> Sequence[Entry]:
        """Return what all records say about a package."""
        ecosystem = query.ecosystem
        key = (ecosystem_key(ecosystem), name_key(ecosystem, query.name))
        row = self._row("SELECT value FROM packages WHERE ecosystem = ? AND name = ?", key)
        if row is None:
            return ()
        found: tuple[Entry, ...] = self._decoded(_ENTRIES, row)
        return found

    def advisory(self, number: int) -> StoredAdvisory:
        """Return a record."""
        return self._read(_ADVISORY, "SELECT value FROM records WHERE number = ?", (number,))

    def known(self, identifier: str) -> IdFacts | None:
        """Return what is known of a vulnerability by one of its ids."""
        row = self._row("SELECT value FROM ids WHERE id = ?", (identifier,))
        return None if row is None else self._decoded(_FACTS, row)

    def likelihood(self, identifier: str) -> Likelihood | None:
        """Return its EPSS score."""
        key = cve_key(identifier) if self.meta.epss else None
        if key is None:
            return None
        row = self._row("SELECT probability, percentile FROM scores WHERE cve = ?", (key,))
        return None if row is None else Likelihood(row[0] / SCALE, row[1] / SCALE, self.epss)

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """Yield all rows that a statement finds.

        Raises:
            ScanError: ``scan.db-unavailable``: the file is damaged.
        """
        with self._damage_told():
            yield from self._connection.execute(statement)

    def _answer(self, query: PackageQuery) -> Answer:
        return answer(query, self)

    def _read(
        self, decoder: msgspec.msgpack.Decoder[T], statement: str, values: tuple[Any, ...]
    ) -> T:
        row = self._row(statement, values)
        if row is None:
            raise unavailable(Path(self.origin), "is damaged: a row is missing")
        return self._decoded(decoder, row)

    def _row(self, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        try:
            found: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        except UnicodeEncodeError:
            return (
                None  # half a character, as some catalogues write a broken name, is in no advisory
            )
        except sqlite3.DatabaseError as error:
            raise unavailable(Path(self.origin), f"is damaged: {error}") from error
        return found

    def _decoded(self, decoder: msgspec.msgpack.Decoder[T], row: tuple[Any, ...]) -> T:
        try:
            return decoder.decode(expanded(row[0]))
        except (msgspec.MsgspecError, zlib.error, ValueError, TypeError) as error:
            raise unavailable(Path(self.origin), f"is damaged: {error}") from error

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise unavailable(Path(self.origin), f"is damaged: {error}") from error


def open_database(
    path: Path, *, origin: str = "", stamps: Path | None = None, note: str = ""
) -> CompiledDatabase:
    """Open the compiled database at ``path``, after its seal was checked.

    Args:
        path: the file.
        origin: what it is called in reports; default: the path.
        stamps: folder in which is kept which files were checked, so that an unchanged one is not read again; None
            checks every time.
        note: see :class:`CompiledDatabase`.

    Raises:
        ScanError: ``scan.db-unavailable``: there is none, it is damaged, cut off, or of a newer format.
    """
    for _ in range(_TRIES):
        checked = check_file(path, stamps=stamps)
        connection = _connect(path)
        if is_unchanged(path, checked):
            name = origin or path.as_posix()
            return CompiledDatabase(connection, path, origin=name, digest=checked.digest, note=note)
        connection.close()
    raise unavailable(path, "changes again and again while it is opened", hint="run it once more")


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file that never changes: SQLite needs no lock, and looks for no journal beside it."""
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # SQLite itself lets threads take turns
        )
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
    except sqlite3.Error as error:
        raise unavailable(path, f"cannot be opened: {error}") from error
    return connection


def expanded(value: bytes) -> bytes:
    """Return a value as it was encoded.

    Raises:
        ValueError: it expands to more than any value is.
        zlib.error: it is damaged.
    """
    if value[:1] != _ZLIB:
        return value
    expander = zlib.decompressobj()
    whole = expander.decompress(value, _LARGEST)
    if not expander.eof:
        raise ValueError(f"a value expands to more than {_LARGEST} bytes")
    return whole


def _notes(meta: Meta) -> Iterator[str]:
    for source in meta.sources:
        yield from source.notes
    newest, checked = moment_of(meta.newest), moment_of(meta.checked)
    if newest and checked and (checked - newest).days > _STILL_DAYS:
        yield (
            f"the newest advisory is of {rfc3339(newest)}, {(checked - newest).days} days before the update: what it "
            "was fetched from may no longer be filled"
        )


def _day(table: Table | None) -> date | None:
    return None if table is None or table.day is None else date.fromordinal(table.day)
