"""OSV records, decoded as far as matching needs (https://ossf.github.io/osv-schema/).

Unknown fields are skipped. Fields that databases fill in their own ways (``database_specific``,
``ecosystem_specific``) stay untyped, so that a foreign shape there never loses a record.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from shipseal._internal.clock import parse_rfc3339


class Event(msgspec.Struct, frozen=True, gc=False):
    """One bound of a range; exactly one of its fields is set."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(msgspec.Struct, frozen=True):
    """Affected versions between events; ``GIT`` ranges name commits and are not used here."""

    type: str = "ECOSYSTEM"
    events: tuple[Event, ...] = ()


class SeverityEntry(msgspec.Struct, frozen=True, gc=False):
    """A CVSS vector, or a word where the type is ``Ubuntu``."""

    type: str
    score: str


class AffectedPackage(msgspec.Struct, frozen=True, gc=False):
    """Which package."""

    ecosystem: str
    name: str


class Affected(msgspec.Struct, frozen=True):
    """One package that the record touches, and at which versions."""

    package: AffectedPackage | None = None
    ranges: tuple[Range, ...] | None = None
    versions: tuple[str, ...] | None = None
    severity: tuple[SeverityEntry, ...] | None = None
    ecosystem_specific: Any = None
    database_specific: Any = None


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A link."""

    type: str = ""
    url: str = ""


class Record(msgspec.Struct, frozen=True):
    """One advisory."""

    id: str
    modified: str
    withdrawn: str | None = None
    aliases: tuple[str, ...] | None = None
    upstream: tuple[str, ...] | None = None
    related: tuple[str, ...] | None = None
    published: str | None = None
    summary: str | None = None
    severity: tuple[SeverityEntry, ...] | None = None
    affected: tuple[Affected, ...] | None = None
    references: tuple[Reference, ...] | None = None
    database_specific: Any = None

    def modified_at(self) -> datetime:
        """Return when the record was last changed.

        Raises:
            ValueError: ``modified`` is no date.
        """
        return _moment(self.modified)

    def published_at(self) -> datetime | None:
        """Return when the advisory was first published; None when that is not stated, or is no date."""
        try:
            return _moment(self.published) if self.published else None
        except ValueError:
            return None

    def url(self) -> str:
        """Return the advisory's own page where the record names one."""
        references = self.references or ()
        for kind in ("ADVISORY", "WEB", ""):
            for reference in references:
                if reference.url and kind in ("", reference.type):
                    return reference.url
        return ""


def _moment(text: str) -> datetime:
    if len(text) == len("2024-01-31"):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    return parse_rfc3339(text)


def specific(value: object, key: str) -> object:
    """Return ``value[key]`` of a ``*_specific`` object, or None when there is no such thing."""
    return value.get(key) if isinstance(value, Mapping) else None
