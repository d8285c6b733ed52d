"""From an OSV record to what a compiled database holds of it. No versions are ordered here.

What a newer order of versions would decide otherwise is not settled in the file, so a database stays right when the
program that reads it learns better.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from shipseal.advisories.ecosystems import DISTRIBUTIONS, ecosystem_key, name_key
from shipseal.advisories.go_ranges import combined
from shipseal.advisories.records import Affected, Event, Range, Record, specific
from shipseal.advisories.severity import joined_rating, own_rating
from shipseal.advisories.stored import StoredAdvisory, StoredEvent, Touched

Key = tuple[str, str]
"""Ecosystem and name of a package, in the forms of :mod:`shipseal.advisories.ecosystems`."""


@dataclass(slots=True)
class Packed:
    """A record, ready to be written.

    Attributes:
        advisory: the record itself.
        packages: each package that it touches, with its :class:`Touched`, encoded.
        source: where it came from.
    """

    advisory: StoredAdvisory
    packages: list[tuple[Key, msgspec.Raw]]
    source: str = ""


_ENCODER = msgspec.msgpack.Encoder()


def pack(record: Record, source: str = "") -> Packed:
    """Return what a database holds of ``record``; of a withdrawn one only that it is.

    Raises:
        ValueError: ``modified`` is no date.
    """
    own = own_rating(record, None)
    published = record.published_at()
    touched = [one for one in record.affected or () if one.package is not None]
    names = dict.fromkeys(one.package.ecosystem.partition(":")[0] for one in touched if one.package)
    withdrawn = bool(record.withdrawn)
    advisory = StoredAdvisory(
        id=record.id,
        modified=round(record.modified_at().timestamp() * 1_000_000),
        aliases=tuple(dict.fromkeys(record.aliases or ())),
        upstream=upstream_of(record, tuple(names)),
        published=int(published.timestamp()) if published else None,
        summary=" ".join((record.summary or "").split()),
        url=record.url(),
        own=own,
        joined=joined_rating(record),
        ecosystems=tuple(sorted(names)),
        withdrawn=withdrawn,
    )
    packages: list[tuple[Key, msgspec.Raw]] = []
    for affected in () if withdrawn else touched:
        if affected.package is not None:
            rating = own_rating(record, affected)
            value = Touched(
                ranges=tuple(_event_lists(affected)),
                versions="\n".join(("", *affected.versions, "")) if affected.versions else "",
                fix_state=_fix_state(affected),
                rating=None if rating == own else rating,
            )
            ecosystem = affected.package.ecosystem
            key = (ecosystem_key(ecosystem), name_key(ecosystem, affected.package.name))
            packages.append((key, msgspec.Raw(_ENCODER.encode(value))))
    return Packed(advisory, packages, source)


def upstream_of(record: Record, ecosystems: Sequence[str]) -> tuple[str, ...]:
    """Return the vulnerabilities that a distribution's record is about.

    Some distributions name them in ``related``, which elsewhere only means "see also".
    """
    if record.upstream:
        return tuple(dict.fromkeys(record.upstream))
    if record.aliases or not any(name.lower() in DISTRIBUTIONS for name in ecosystems):
        return ()
    return tuple(dict.fromkeys(one for one in record.related or () if one.startswith("CVE-")))


def _fix_state(affected: Affected) -> str:
    found = specific(affected.ecosystem_specific, "fix_state")
    return found if isinstance(found, str) else ""


def _event_lists(affected: Affected) -> Iterator[tuple[StoredEvent, ...]]:
    """Yield the events of each range that names versions; ``GIT`` ranges name commits."""
    ranges = [found for found in affected.ranges or () if found.type != "GIT"]
    custom = _custom_ranges(affected)
    if not custom:
        for found in ranges:
            yield _stored(found.events)
        return
    standard = [event for found in ranges for event in found.events]
    yield _stored(combined(standard, [event for found in custom for event in found.events]))


def _custom_ranges(affected: Affected) -> tuple[Range, ...]:
    found = specific(affected.ecosystem_specific, "custom_ranges")
    if not isinstance(found, list):
        return ()
    try:
        return msgspec.convert(found, tuple[Range, ...])
    except msgspec.ValidationError:
        return ()  # another database's own field of that name


def _stored(events: Sequence[Event]) -> tuple[StoredEvent, ...]:
    return tuple(
        StoredEvent(event.introduced, event.fixed, event.last_affected, event.limit)
        for event in events
    )
