"""Which advisories touch a package, whatever holds them: evaluation, severity, exploitation, likelihood.

A :class:`Storage` gives entries by package, records by number and facts by id; nothing here knows how they are stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Protocol

from shipseal.advisories.interface import Answer, Hit, PackageQuery
from shipseal.advisories.ordering import scheme_for
from shipseal.advisories.ranges import Verdict, evaluate
from shipseal.advisories.rating import named
from shipseal.advisories.stored import Entry, IdFacts, Rating, StoredAdvisory, Touched
from shipseal.advisories.versions.scheme import Scheme
from shipseal.scan.interface import Cvss, Exploited, FixState, Likelihood, Severity


class Storage(Protocol):
    """Holds advisories."""

    def entries(self, query: PackageQuery) -> Sequence[Entry]:
        """Return what all records say about the package."""

    def advisory(self, number: int) -> StoredAdvisory:
        """Return a record."""

    def known(self, identifier: str) -> IdFacts | None:
        """Return what is known of a vulnerability by one of its ids."""

    def likelihood(self, identifier: str) -> Likelihood | None:
        """Return its EPSS score."""


def answer(query: PackageQuery, storage: Storage) -> Answer:
    """Return the advisories that touch the package."""
    entries = storage.entries(query)
    if not entries:
        return Answer()
    scheme = scheme_for(query.ecosystem)
    if scheme is None or not _can_be_ordered(query.version, scheme):
        return _as_text(query, scheme, entries, storage)
    found: dict[int, _Found] = {}
    for number, touched in entries:
        verdict = evaluate(touched, query.version, scheme)
        if verdict.affected:
            found.setdefault(number, _Found(touched)).add(verdict, touched)
    if not found:
        return Answer()
    hits: list[Hit] = []
    problems: list[str] = []
    for number, item in found.items():
        advisory = storage.advisory(number)
        hits += _hits(advisory, item, scheme, storage)
        problems += [
            f"{query.ecosystem} {query.name}: {advisory.id} has a bound that is no version ({bound}); "
            "it was compared as text"
            for bound in item.approximate
        ]
    return Answer(_once(hits), tuple(problems))


def resolved(query: PackageQuery, storage: Storage) -> frozenset[str]:
    """Return the ids, aliases included, of advisories for the package whose fix its version already has."""
    entries = storage.entries(query)
    scheme = scheme_for(query.ecosystem)
    if not entries or scheme is None or not _can_be_ordered(query.version, scheme):
        return frozenset()
    ids: set[str] = set()
    for number, touched in entries:
        verdict = evaluate(touched, query.version, scheme)
        if verdict.fixed_before and not verdict.affected:
            advisory = storage.advisory(number)
            ids |= {advisory.id, *advisory.other_ids()}
    return frozenset(ids)


def _as_text(
    query: PackageQuery, scheme: Scheme | None, entries: Sequence[Entry], storage: Storage
) -> Answer:
    """Answer for a version that cannot be ordered: only enumerated versions can be recognised."""
    listed = [(number, one) for number, one in entries if one.lists(query.version)]
    hits = [
        hit
        for number, touched in listed
        for hit in _hits(storage.advisory(number), _Found(touched), scheme, storage)
    ]
    missed = {number for number, one in entries if one.ranges and not one.lists(query.version)}
    what = f"{query.version!r} is not a version that can be ordered"
    gap = (
        f"{query.ecosystem} {query.name}: {what if query.version else 'it has no version'}, so the ranges of "
        f"{len(missed)} advisories were not compared"
    )
    return Answer(_once(hits), gaps=(gap,) if missed else ())


def _hits(
    advisory: StoredAdvisory, found: "_Found", scheme: Scheme | None, storage: Storage
) -> Iterator[Hit]:
    """Yield the advisory under the ids that people and ignore rules use.

    A distribution's record (``DSA-5532-1``, ``ALPINE-CVE-2023-5363``) says by ``upstream`` which vulnerabilities its
    package has; each of these is a finding of its own.
    """
    fixes = found.fixes(scheme)
    published = advisory.published
    for name in advisory.upstream or (advisory.id,):
        others = (
            {advisory.id, *advisory.aliases} if advisory.upstream else set(advisory.other_ids())
        )
        others.discard(name)
        known = _Known(name, tuple(sorted(others)), storage)
        rating = known.rating(advisory, found.touched, alone=bool(advisory.upstream))
        yield Hit(
            id=name,
            aliases=known.others,
            severity=Severity(rating.severity),
            severity_source=rating.source,
            fix_state=found.fix_state,
            fix_versions=fixes,
            summary=advisory.summary,
            url=advisory.url,
            cvss=tuple(Cvss(*one) for one in rating.cvss),
            kev=known.exploited(),
            epss=known.likelihood(),
            published=None if published is None else datetime.fromtimestamp(published, UTC),
        )


class _Known:
    """What is known of a vulnerability under all its ids."""

    def __init__(self, name: str, others: tuple[str, ...], storage: Storage) -> None:
        self.name, self.others = name, others
        self._storage = storage

    @cached_property
    def _facts(self) -> list[IdFacts]:
        found = (self._storage.known(one) for one in (self.name, *self.others))
        return [facts for facts in found if facts is not None]

    def rating(self, advisory: StoredAdvisory, touched: Touched, *, alone: bool) -> Rating:
        """Return the first rating that says something, with the vectors of all.

        Args:
            advisory: the record.
            touched: what it says about the package.
            alone: only what others say under the first id counts: the record has further vulnerabilities.
        """
        own = named(touched.rating or advisory.own, advisory.id)
        if alone:
            first = self._storage.known(self.name)
            facts = [] if first is None else [first]
        else:
            facts = self._facts
        ranked = [
            own,
            named(advisory.joined, advisory.id),
            *_worst_first(facts),
            *(one.stated for one in facts),
        ]
        decisive = next((one for one in ranked if one.severity), own)
        cvss = {one[1]: one for one in decisive.cvss}
        for rating in ranked:
            for one in rating.cvss:
                cvss.setdefault(one[1], one)
        return Rating(decisive.severity, decisive.source, tuple(cvss.values()))

    def exploited(self) -> Exploited | None:
        """Return the first entry of KEV."""
        for facts in self._facts:
            if (found := facts.exploited) is not None:
                due = None if found.due is None else date.fromordinal(found.due)
                return Exploited(date.fromordinal(found.added), due, found.ransomware)
        return None

    def likelihood(self) -> Likelihood | None:
        """Return the highest score."""
        found = (self._storage.likelihood(one) for one in (self.name, *self.others))
        return max(filter(None, found), key=lambda one: one.probability, default=None)


def _worst_first(facts: Iterable[IdFacts]) -> list[Rating]:
    return sorted((one.rating for one in facts), key=lambda rating: -rating.severity)


class _Found:
    """What several entries of one record say together."""

    def __init__(self, touched: Touched) -> None:
        self.touched = touched
        self.fix_state = FixState.UNKNOWN
        self.approximate: list[str] = []
        self._fixes: list[str] = []

    def add(self, verdict: Verdict, touched: Touched) -> None:
        self._fixes += [fix for fix in verdict.fix_versions if fix not in self._fixes]
        self.approximate += verdict.approximate
        if self.fix_state is not FixState.FIXED:
            self.fix_state = verdict.fix_state(touched)

    def fixes(self, scheme: Scheme | None) -> tuple[str, ...]:
        """Return the fixed versions, the lowest first where they can be ordered."""
        if len(self._fixes) < 2:
            return tuple(self._fixes)
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


def _weight(hit: Hit) -> tuple[bool, Severity]:
    return hit.fix_state is FixState.FIXED, hit.severity
