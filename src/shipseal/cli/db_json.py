"""The shapes of `shipseal db` under ``--json`` (``schemas/db-*.schema.json``)."""

from datetime import date, datetime
from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.advisories.facts import DatabaseFacts
from shipseal.advisories.review import Review
from shipseal.advisories.stored import Table, moment_of
from shipseal.advisories.updating import Changed
from shipseal.advisories.verifying import Verified


def status_json(database: DatabaseFacts, now: datetime) -> dict[str, Any]:
    """Return the object of ``db-status.schema.json``."""
    meta = database.meta
    return {
        "path": str(database.file),
        "digest": database.digest,
        "format": meta.format,
        "built": _moment(database.newest),
        "ageSeconds": age_of(database, now),
        "newest": _moment(moment_of(meta.newest)),
        "checked": _moment(moment_of(meta.checked)),
        "bytes": database.size,
        "records": meta.records,
        "withdrawn": meta.withdrawn,
        "ecosystems": [
            {"name": name, "records": one.records, "newest": _moment(moment_of(one.newest))}
            for name, one in meta.ecosystems.items()
        ],
        "kev": _table(meta.kev, database.kev),
        "epss": _table(meta.epss, database.epss),
        "severities": meta.ratings.entries if meta.ratings else 0,
        "sources": [
            {
                "name": source.name,
                "digest": source.digest,
                "records": source.records,
                "address": source.address or None,
                "checked": _moment(moment_of(source.checked)),
            }
            for source in meta.sources
        ],
        "notes": list(database.notes),
    }


def changed_json(changed: Changed, database: DatabaseFacts, now: datetime) -> dict[str, Any]:
    """Return the object of ``db-change.schema.json``."""
    return {
        "path": str(changed.path),
        "digest": changed.digest,
        "previous": changed.previous or None,
        "changed": changed.digest != changed.previous,
        "records": database.meta.records,
        "built": _moment(database.newest),
        "ageSeconds": age_of(database, now),
        "sources": [
            {
                "name": one.name,
                "records": one.records,
                "changed": one.changed,
                "address": one.address or None,
            }
            for one in changed.sources
        ],
        "review": _review(changed.review),
        "notes": list(database.notes),
    }


def verify_json(verified: Verified) -> dict[str, Any]:
    """Return the object of ``db-verify.schema.json``."""
    database = verified.facts
    return {
        "path": str(database.file),
        "digest": database.digest,
        "format": database.meta.format,
        "records": database.meta.records,
        "whole": True,
        "review": _review(verified.review),
    }


def age_of(database: DatabaseFacts, now: datetime) -> int | None:
    """Return the age of the data in seconds; negative when it is from the future, None when it cannot be told."""
    return None if database.newest is None else int((now - database.newest).total_seconds())


def _review(review: Review) -> dict[str, Any]:
    return {
        "unordered": dict(sorted(review.unordered.items())),
        "oddBounds": review.odd_bounds,
        "impossible": review.impossible,
    }


def _table(table: Table | None, day: date | None) -> dict[str, Any] | None:
    if table is None:
        return None
    return {"entries": table.entries, "date": day.isoformat() if day else None}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
