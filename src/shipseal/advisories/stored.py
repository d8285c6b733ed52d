"""What a compiled database holds: small values in MessagePack, written once and read one at a time.

Fields are stored by position. Whoever changes one of these shapes counts :data:`FORMAT` up: an older shipseal then says
that the file is newer than it can read, instead of reading something else out of it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec

from shipseal.advisories.records import Event

FORMAT: Final = 1
"""The version of these shapes and of the tables in :mod:`shipseal.advisories.tables`."""

# What is not within these is no date, and no severity: a file that holds it is damaged.
_Level = Annotated[int, msgspec.Meta(ge=0, le=5)]
_Day = Annotated[int, msgspec.Meta(ge=1, le=3_652_059)]
_Seconds = Annotated[int, msgspec.Meta(ge=-62_135_596_800, le=253_402_300_799)]
_Micros = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000_000, le=253_402_300_799_999_999)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

StoredCvss = tuple[str, str, float, str]
"""Version, vector, score and source, as in :class:`shipseal.scan.interface.Cvss`."""


class StoredEvent(Event, frozen=True, array_like=True, gc=False):
    """A bound of a range, by position."""


class Rating(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one source says of severity.

    Attributes:
        severity: number of :class:`shipseal.scan.interface.Severity`; 0 is unknown.
        source: the record and its field; empty when unknown.
        cvss: all ratings, the deciding one first.
    """

    severity: _Level = 0
    source: str = ""
    cvss: tuple[StoredCvss, ...] = ()


UNRATED = Rating()


class StoredAdvisory(msgspec.Struct, frozen=True, array_like=True):
    """A record without the packages that it is about.

    Attributes:
        id: of the record.
        modified: microseconds since 1970.
        aliases: other ids of the same vulnerability.
        upstream: ids of the vulnerabilities that a distribution's record is about; each is a finding of its own.
        published: seconds since 1970; None when not stated.
        summary: one line; may be empty.
        url: may be empty.
        own: what the record itself says of severity.
        joined: what somebody added to it from elsewhere.
        ecosystems: names without release, as OSV writes them.
        source: number of the source in :attr:`Meta.sources`.
        withdrawn: whether it counts no more. It stays, so that an older copy of it does not come back.
    """

    id: str
    modified: _Micros
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    published: _Seconds | None = None
    summary: str = ""
    url: str = ""
    own: Rating = UNRATED
    joined: Rating = UNRATED
    ecosystems: tuple[str, ...] = ()
    source: int = 0
    withdrawn: bool = False

    def other_ids(self) -> tuple[str, ...]:
        """Return the ids under which the vulnerability is known elsewhere, sorted."""
        return tuple(sorted({*self.aliases, *self.upstream} - {self.id}))


class Touched(msgspec.Struct, frozen=True, array_like=True):
    """What a record says about one package.

    Attributes:
        ranges: events of each range that names versions.
        versions: enumerated versions, each between two line ends; empty when there are none.
        fix_state: what the database says where no range names a fix; may be empty.
        rating: what it says of severity for this package alone; None where that is what the record says.
    """

    ranges: tuple[tuple[StoredEvent, ...], ...] = ()
    versions: str = ""
    fix_state: str = ""
    rating: Rating | None = None

    def lists(self, version: str) -> bool:
        """Return whether ``version`` is enumerated, as it is written."""
        return bool(self.versions) and f"\n{version}\n" in self.versions


Entry = tuple[int, Touched]
"""A record's number, and what it says about the package under whose name the entry stands."""


class StoredExploited(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An entry of the catalogue of known exploited vulnerabilities; days since 0001-01-01, as Python counts them."""

    added: _Day
    due: _Day | None = None
    ransomware: bool = False


class IdFacts(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a vulnerability by its id, whichever record names it.

    Attributes:
        rating: the worst of the records of it.
        stated: what a table of severities by id says.
        exploited: its entry in KEV.
    """

    rating: Rating = UNRATED
    stated: Rating = UNRATED
    exploited: StoredExploited | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where data came from.

    Attributes:
        name: of a file, or ``osv:ECOSYSTEM``, ``kev``, ``epss`` where it was fetched.
        digest: sha256 of it.
        records: how many records it had.
        address: where it was fetched; empty for a file.
        checked: when it was last asked for, microseconds since 1970; None for a file.
        etag: of the answer, to ask whether there is a newer one.
        last_modified: likewise.
        notes: what a person should know of it, a sentence each.
    """

    name: str
    digest: str
    records: int = 0
    address: str = ""
    checked: _Micros | None = None
    etag: str = ""
    last_modified: str = ""
    notes: tuple[str, ...] = ()


class Ecosystem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How much is known of an ecosystem: records, and when the newest was modified (microseconds since 1970)."""

    records: int
    newest: _Micros


class Table(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A table by id: how many entries, and of which day (as Python counts days; None when not stated)."""

    entries: int
    day: _Day | None = None


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What a database says of itself.

    Attributes:
        format: see :data:`FORMAT`.
        records: how many advisories, withdrawn ones included.
        withdrawn: how many of them are.
        newest: when the newest was modified, microseconds since 1970; None when there is none.
        checked: when all its sources of records were last asked for; None when one of them is a file.
        ecosystems: by name without release, as OSV writes it.
        covered: keys of ecosystems and releases that have an entry.
        sources: where it all came from.
        kev: known exploited vulnerabilities.
        epss: scores of likelihood.
        ratings: severities by id.
    """

    format: int
    records: int
    withdrawn: int
    newest: _Micros | None
    checked: _Micros | None
    ecosystems: Mapping[str, Ecosystem]
    covered: tuple[str, ...]
    sources: tuple[Source, ...]
    kev: Table | None
    epss: Table | None
    ratings: Table | None


def moment_of(micros: int | None) -> datetime | None:
    """Return the time that a database has as microseconds since 1970."""
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)
