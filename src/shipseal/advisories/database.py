"""An advisory database in memory: records by ecosystem and name."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime  # noqa: TC003 - read at run time by whoever inspects the class
from pathlib import Path

from shipseal.advisories.ecosystems import ecosystem_key, name_key
from shipseal.advisories.interface import AdvisoryIndex, Answer, Hit, PackageQuery
from shipseal.advisories.ordering import scheme_for
from shipseal.advisories.ranges import Verdict, enumerated, evaluate
from shipseal.advisories.records import Affected, Record
from shipseal.advisories.severity import severity_of
from shipseal.advisories.sources import SourceFile, read_sources
from shipseal.advisories.versions.scheme import Scheme
from shipseal.errors import Code, ScanError
from shipseal.scan.interface import FixState

_Entry = tuple[Record, Affected]
_NAMED_FILES = 3


def load_database(path: Path) -> "AdvisoryDatabase":
    """Read the database at ``path``, a file or a folder of OSV records.

    Raises:
        ScanError: ``scan.db-unavailable`` when there is none, or it is malformed or empty.
    """
    files = tuple(read_sources(path))
    database = AdvisoryDatabase(files, origin=path.as_posix())
    if not database.records:
        raise ScanError(
            Code.DB_UNAVAILABLE,
            f"advisory database {path}: holds no advisory",
            hint="name the file or folder that the OSV records are in",
            context={"path": str(path)},
        )
    return database


class AdvisoryDatabase(AdvisoryIndex):
    """All records of some files, indexed.

    Args:
        files: what was read.
        origin: where it came from.

    Raises:
        ScanError: ``scan.db-unavailable`` when a record's date is no date.
    """

    def __init__(self, files: Iterable[SourceFile], *, origin: str) -> None:
        files = tuple(files)
        self.origin = origin
        self.digest = content_digest(files)
        self.records = sum(len(file.records) for file in files)
        self.notes = tuple(_skipped(files))
        self.newest: datetime | None = None
        self._entries: dict[tuple[str, str], list[_Entry]] = defaultdict(list)
        self._by_id: dict[str, list[Record]] = defaultdict(list)
        for file in files:
            for record in file.records:
                self._add(file, record)
        self._ecosystems = frozenset(ecosystem for ecosystem, _ in self._entries)

    def covers(self, ecosystem: str) -> bool:
        """See :meth:`AdvisoryIndex.covers`."""
        return ecosystem_key(ecosystem) in self._ecosystems

    def match(self, query: PackageQuery) -> Answer:
        """See :meth:`AdvisoryIndex.match`."""
        scheme, entries = scheme_for(query.ecosystem), self._find(query)
        if not entries:
            return Answer()
        if scheme is None or not _can_be_ordered(query.version, scheme):
            return self._match_as_text(query, scheme, entries)
        found: dict[str, _Found] = {}
        for record, affected in entries:
            verdict = evaluate(affected, query.version, scheme)
            if verdict.affected:
                found.setdefault(record.id, _Found(record, affected)).add(verdict, affected)
        hits = [hit for item in found.values() for hit in self._hits(item, scheme)]
        return Answer(
            _once(hits),
            tuple(
                f"{query.ecosystem} {query.name}: {record} has a bound that is no version ({bound}); "
                "it was compared as text"
                for record, item in found.items()
                for bound in item.approximate
            ),
        )

    def resolved(self, query: PackageQuery) -> frozenset[str]:
        """See :meth:`AdvisoryIndex.resolved`."""
        scheme = scheme_for(query.ecosystem)
        if scheme is None or not _can_be_ordered(query.version, scheme):
            return frozenset()
        ids: set[str] = set()
        for record, affected in self._find(query):
            verdict = evaluate(affected, query.version, scheme)
            if verdict.fixed_before and not verdict.affected:
                ids |= {record.id, *record.other_ids()}
        return frozenset(ids)

    def _find(self, query: PackageQuery) -> list[_Entry]:
        key = (ecosystem_key(query.ecosystem), name_key(query.ecosystem, query.name))
        return self._entries.get(key, [])

    def _add(self, file: SourceFile, record: Record) -> None:
        try:
            modified = record.modified_at()
        except ValueError as error:
            raise ScanError(
                Code.DB_UNAVAILABLE,
                f"advisory {record.id} in {file.name}: modified is not a date: {record.modified!r}",
                hint="OSV writes it as 2024-05-31T12:00:00Z",
            ) from error
        self.newest = modified if self.newest is None else max(self.newest, modified)
        if record.withdrawn:
            return
        for name in (record.id, *record.other_ids()):
            self._by_id[name].append(record)
        for affected in record.affected or ():
            if affected.package is not None:
                ecosystem = affected.package.ecosystem
                key = (ecosystem_key(ecosystem), name_key(ecosystem, affected.package.name))
                self._entries[key].append((record, affected))

    def _match_as_text(
        self, query: PackageQuery, scheme: Scheme | None, entries: list[_Entry]
    ) -> Answer:
        """Answer for a version that cannot be ordered: only enumerated versions can be recognised."""
        found = [_Found(record, it) for record, it in entries if enumerated(it, query.version)]
        hits = [hit for item in found for hit in self._hits(item, scheme)]
        missed = {
            record.id for record, it in entries if it.ranges and not enumerated(it, query.version)
        }
        what = f"{query.version!r} is not a version that can be ordered"
        gap = (
            f"{query.ecosystem} {query.name}: {what if query.version else 'it has no version'}, so the ranges of "
            f"{len(missed)} advisories were not compared"
        )
        return Answer(_once(hits), gaps=(gap,) if missed else ())

    def _hits(self, found: "_Found", scheme: Scheme | None) -> Iterator[Hit]:
        """Yield the advisory under the ids that people and ignore rules use.

        A distribution's record (``DSA-5532-1``, ``ALPINE-CVE-2023-5363``) says by ``upstream`` which vulnerabilities
        its package has; each of these is a finding of its own.
        """
        record = found.record
        for name in record.upstream or (record.id,):
            others = {record.id, *(record.aliases or ())} if record.upstream else record.other_ids()
            severity, source = severity_of(
                record,
                found.affected,
                self._related(record, (name, *(() if record.upstream else others))),
            )
            yield Hit(
                id=name,
                aliases=tuple(sorted({*others} - {name})),
                severity=severity,
                severity_source=source,
                fix_state=found.fix_state,
                fix_versions=found.fixes(scheme),
                summary=" ".join((record.summary or "").split()),
                url=record.url(),
            )

    def _related(self, record: Record, names: Iterable[str]) -> Iterator[Record]:
        for name in names:
            for other in self._by_id.get(name, ()):
                if other is not record and (name == other.id or not other.upstream):
                    yield other


class _Found:
    """What several ``affected`` entries of one record say together."""

    def __init__(self, record: Record, affected: Affected) -> None:
        self.record = record
        self.affected = affected
        self.fix_state = FixState.UNKNOWN
        self.approximate: list[str] = []
        self._fixes: list[str] = []

    def add(self, verdict: Verdict, affected: Affected) -> None:
        self._fixes += [fix for fix in verdict.fix_versions if fix not in self._fixes]
        self.approximate += verdict.approximate
        if self.fix_state is not FixState.FIXED:
            self.fix_state = verdict.fix_state(affected)

    def fixes(self, scheme: Scheme | None) -> tuple[str, ...]:
        """Return the fixed versions, the lowest first where they can be ordered."""
        keys = {fix: scheme.key(fix) if scheme else None for fix in self._fixes}
        if any(key is None for key in keys.values()):
            return tuple(self._fixes)
        return tuple(sorted(self._fixes, key=lambda fix: keys[fix]))  # type: ignore[arg-type,return-value]


def _can_be_ordered(version: str, scheme: Scheme) -> bool:
    # Some orders would take the catalogue's word for "not known" for a version.
    return version.lower() != "unknown" and scheme.key(version) is not None


def _once(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Return one hit for each id, sorted: of several the one with a fix, and of those the worst."""
    best: dict[str, Hit] = {}
    for hit in hits:
        known = best.get(hit.id)
        if known is None or _weight(hit) > _weight(known):
            best[hit.id] = hit
    return tuple(best[name] for name in sorted(best))


def _weight(hit: Hit) -> tuple[bool, int]:
    return hit.fix_state is FixState.FIXED, hit.severity


def content_digest(files: Iterable[SourceFile]) -> str:
    """Return the digest of a database: of the file itself, or of the lines that sha256sum prints for its files."""
    files = sorted(files, key=lambda file: file.name)
    if len(files) == 1:
        return f"sha256:{files[0].digest}"
    listing = "".join(f"{file.digest}  {file.name}\n" for file in files)
    return f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"


def _skipped(files: Iterable[SourceFile]) -> Iterator[str]:
    names = [file.name for file in files if not file.records]
    if names:
        shown = ", ".join(names[:_NAMED_FILES]) + (", …" if len(names) > _NAMED_FILES else "")
        yield f"{len(names)} file(s) of the advisory database hold no OSV record and were left out: {shown}"
