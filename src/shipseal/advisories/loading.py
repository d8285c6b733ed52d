"""Take a compiled database apart again, so that more can be added to it."""

from datetime import date
from pathlib import Path

import msgspec

from shipseal.advisories.compiled import CompiledDatabase, expanded
from shipseal.advisories.file_check import unavailable
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.packing import Key, Packed
from shipseal.advisories.stored import IdFacts, Source, StoredAdvisory, Table

_ADVISORY = msgspec.msgpack.Decoder(StoredAdvisory)
_FACTS = msgspec.msgpack.Decoder(IdFacts)
_ENTRIES = msgspec.msgpack.Decoder(list[tuple[int, msgspec.Raw]])


def load(database: CompiledDatabase) -> Gathered:
    """Return all that ``database`` holds.

    Raises:
        ScanError: ``scan.db-unavailable``: it is damaged.
    """
    try:
        return _load(database)
    except (msgspec.MsgspecError, ValueError, LookupError, TypeError) as error:
        raise unavailable(Path(database.origin), f"is damaged: {error}") from error


def _load(database: CompiledDatabase) -> Gathered:
    meta = database.meta
    gathered = Gathered(
        sources={source.name: source for source in meta.sources},
        exploited_day=_day(meta.kev),
        scores={key: (p, q) for key, p, q in database.rows("SELECT * FROM scores")},
        scores_day=_day(meta.epss),
    )
    packed = _records(database, meta.sources)
    for ecosystem, name, value in database.rows("SELECT * FROM packages"):
        key: Key = (ecosystem, name)
        for number, touched in _ENTRIES.decode(expanded(value)):
            packed[number].packages.append((key, msgspec.Raw(bytes(touched))))
    for one in packed.values():
        gathered.add(one)
    for identifier, value in database.rows("SELECT * FROM ids"):
        facts = _FACTS.decode(value)
        if facts.exploited is not None:
            gathered.exploited[identifier] = facts.exploited
        if facts.stated.severity:
            gathered.ratings[identifier] = facts.stated
    return gathered


def _records(database: CompiledDatabase, sources: tuple[Source, ...]) -> dict[int, Packed]:
    found: dict[int, Packed] = {}
    for number, value in database.rows("SELECT * FROM records"):
        advisory = _ADVISORY.decode(value)
        source = sources[advisory.source].name if advisory.source < len(sources) else ""
        found[number] = Packed(advisory, [], source)
    return found


def _day(table: Table | None) -> date | None:
    return None if table is None or table.day is None else date.fromordinal(table.day)
