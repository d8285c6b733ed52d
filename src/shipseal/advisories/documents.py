"""What a document is: OSV records, a catalogue of exploited vulnerabilities, scores, a table of severities.

Told apart by their shape, because files are called anything.
"""

import contextlib
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from shipseal.advisories.rating import named
from shipseal.advisories.records import Record
from shipseal.advisories.severity import stated_rating
from shipseal.advisories.stored import Rating, StoredExploited
from shipseal.advisories.tables import SCALE, cve_key

_RECORD = msgspec.json.Decoder(Record)
_ANY = msgspec.json.Decoder()
_SCORED = ["cve", "epss", "percentile"]


class NotUsableError(Exception):
    """A document is not what its form says; the text says why."""


@dataclass(slots=True)
class Document:
    """What was found in a document.

    Attributes:
        records: OSV records.
        exploited: entries of KEV by id; None when it is no such catalogue.
        scores: likelihoods; None when there are none.
        ratings: severities by id; None when it is no such table.
        day: of the catalogue or the scores.
    """

    records: list[Record] = field(default_factory=list)
    exploited: dict[str, StoredExploited] | None = None
    scores: dict[int, tuple[int, int]] | None = None
    ratings: dict[str, Rating] | None = None
    day: date | None = None

    def __bool__(self) -> bool:
        tables = (self.exploited, self.scores, self.ratings)
        return bool(self.records) or any(table is not None for table in tables)


def read_json(data: bytes, *, strict: bool) -> Document:
    """Read a JSON document.

    Args:
        data: its bytes.
        strict: whether it must be one of the forms; otherwise another one is an empty document.

    Raises:
        NotUsableError: it is not JSON, or a record in it is malformed.
    """
    with contextlib.suppress(msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
        return Document([_RECORD.decode(data)])
    try:
        value = _ANY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUsableError(f"is not JSON: {error}") from error
    return read_value(value, strict=strict)


def read_line(line: bytes, number: int) -> Record:
    """Read one line of JSON lines.

    Raises:
        NotUsableError: it is no record.
    """
    try:
        return _RECORD.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUsableError(f"line {number} is not in OSV form: {error}") from error


def read_value(value: object, *, strict: bool) -> Document:
    """Read a document that was parsed already; see :func:`read_json`.

    Raises:
        NotUsableError: a record in it is malformed.
    """
    table = _exploited(value) or _ratings(value)
    if table is not None:
        return table
    items = value if isinstance(value, list) else [value]
    if not strict and not any(_looks_like_osv(item) for item in items):
        return Document()
    found = Document()
    for position, item in enumerate(items, start=1):
        try:
            found.records.append(msgspec.convert(item, Record))
        except msgspec.ValidationError as error:
            raise NotUsableError(f"record {position} is not in OSV form: {error}") from error
    return found


def read_scores(lines: Iterator[str]) -> Document:
    """Read EPSS scores as FIRST publishes them: a comment with the day, a heading, a line for each CVE.

    Raises:
        NotUsableError: it is something else.
    """
    first = next(lines, "")
    day = None
    if first.startswith("#"):
        day = _score_day(first)
        first = next(lines, "")
    if [cell.strip().lower() for cell in first.split(",")] != _SCORED:
        raise NotUsableError("is no table of EPSS scores: its heading is not cve,epss,percentile")
    scores: dict[int, tuple[int, int]] = {}
    for number, row in enumerate(csv.reader(lines), start=1):
        if not row:
            continue
        try:
            key, (probability, percentile) = cve_key(row[0]), map(_scaled, row[1:3])
        except ValueError as error:
            raise NotUsableError(
                f"score {number} cannot be read: {','.join(row)[:100]!r}"
            ) from error
        if key is None:
            raise NotUsableError(f"score {number} is of no CVE: {row[0][:100]!r}")
        scores[key] = (probability, percentile)
    return Document(scores=scores, day=day)


def _scaled(text: str) -> int:
    found = float(text)
    if not 0.0 <= found <= 1.0:
        raise ValueError(text)
    return round(found * SCALE)


def _score_day(comment: str) -> date | None:
    for part in comment.lstrip("# ").split(","):
        name, _, value = part.strip().partition(":")
        if name == "score_date":
            return _day(value)
    return None


def _exploited(value: object) -> Document | None:
    """Read CISA's catalogue: its own document, or the entries alone in a list or by id."""
    released = None
    items: object = value
    if isinstance(value, Mapping):
        if isinstance(value.get("vulnerabilities"), list):
            items, released = value["vulnerabilities"], _day(value.get("dateReleased"))
        else:
            items = list(value.values())
    if not isinstance(items, list) or not items:
        return None
    if not all(isinstance(item, Mapping) and "cveID" in item for item in items):
        return None
    entries = dict(map(_entry, items))
    newest = max(date.fromordinal(entry.added) for entry in entries.values())
    return Document(exploited=entries, day=released or newest)


def _entry(item: Mapping[str, Any]) -> tuple[str, StoredExploited]:
    added, due = _day(item.get("dateAdded")), _day(item.get("dueDate"))
    if added is None or not isinstance(item["cveID"], str):
        raise NotUsableError(f"entry {str(item['cveID'])[:100]!r} of KEV has no dateAdded")
    ransomware = str(item.get("knownRansomwareCampaignUse", "")).lower() == "known"
    return item["cveID"].strip().upper(), StoredExploited(
        added.toordinal(), due.toordinal() if due else None, ransomware
    )


def _ratings(value: object) -> Document | None:
    """Read severities by id: ``{"CVE-…": {"from": …, "vectors": […]}}``, or ``rating`` with a word."""
    if not isinstance(value, Mapping) or not value:
        return None
    if not all(
        isinstance(item, Mapping) and ("vectors" in item or "rating" in item) and "id" not in item
        for item in value.values()
    ):
        return None
    found = {}
    for name, item in value.items():
        rating = named(stated_rating(item, "severity by id"), str(name))
        if rating.severity:
            found[str(name)] = rating
    return Document(ratings=found)


def _day(value: object) -> date | None:
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None


def _looks_like_osv(value: object) -> bool:
    return (
        isinstance(value, dict) and "id" in value and ("modified" in value or "affected" in value)
    )
