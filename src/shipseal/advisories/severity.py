"""The severity of an advisory, and where it comes from.

Order: (1) the word that the advisory's own database gives, because it was given for this package; (2) the vectors of
the affected entry, then of the record, the newest CVSS version first; (3) what was joined into the record from
elsewhere (``database_specific.joined_severity``); (4) other records of the same vulnerability, the worst of them;
(5) a table of severities by id. Nothing found is UNKNOWN, for which the gate has a rule.

(1) to (3) are read here, when a database is compiled; (4) and (5) are joined by id when a hit is told.
"""

from collections.abc import Iterable, Mapping, Sequence

from shipseal.advisories.cvss import parse_cvss
from shipseal.advisories.records import Affected, Record, SeverityEntry, specific
from shipseal.advisories.stored import UNRATED, Rating
from shipseal.scan.interface import Severity

_WORDS = {
    "critical": Severity.CRITICAL,
    "important": Severity.HIGH,
    "high": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "minor": Severity.LOW,
    "negligible": Severity.NEGLIGIBLE,
    "none": Severity.NEGLIGIBLE,
    "unimportant": Severity.NEGLIGIBLE,
}
_JOINED = "joined_severity"


def own_rating(record: Record, affected: Affected | None) -> Rating:
    """Return what the record itself states, for one of its packages or for all: steps (1) and (2)."""
    places = [(record.database_specific, "database_specific.severity")]
    entries = record.severity or ()
    if affected is not None:
        places = [
            (affected.database_specific, "affected.database_specific.severity"),
            (affected.ecosystem_specific, "affected.ecosystem_specific.severity"),
            *places,
        ]
        entries = (*(affected.severity or ()), *entries)
    words = ((specific(value, "severity"), field) for value, field in places)
    return rating_of(words, entries)


def joined_rating(record: Record) -> Rating:
    """Return what somebody joined into the record from elsewhere, with its source: step (3)."""
    value = specific(record.database_specific, _JOINED)
    return stated_rating(value, _JOINED)


def stated_rating(value: object, where: str) -> Rating:
    """Return a severity that was collected elsewhere: ``{"from", "rating" | "score" | "vectors"}``.

    Args:
        value: it.
        where: it stands.
    """
    if not isinstance(value, Mapping):
        return UNRATED
    whose = value.get("from")
    source = f"{where} from {whose[:100]}" if isinstance(whose, str) and whose else where
    listed = value.get("vectors")
    texts = [value.get("score"), *(listed if isinstance(listed, list) else ())]
    vectors = [SeverityEntry("", text) for text in texts if isinstance(text, str)]
    found = rating_of([], vectors)
    if not found.severity:
        return rating_of([(value.get("rating"), source)], ())
    return Rating(found.severity, f"{source}: {found.source}", found.cvss)


def rating_of(words: Iterable[tuple[object, str]], entries: Sequence[SeverityEntry]) -> Rating:
    """Return the rating that the first known word gives, else the best vector; its record is not named yet.

    Args:
        words: each with the field it stands in.
        entries: vectors, and words where the type is ``Ubuntu``.
    """
    scores = [score for entry in entries if (score := parse_cvss(entry.score)) is not None]
    best = max(scores, key=lambda score: score.version, default=None)
    if best is not None:
        scores = [best, *(score for score in scores if score is not best)]
    cvss = tuple((score.version, score.vector, score.score, "") for score in scores)
    for word, field in words:
        severity = _severity(word)
        if severity:
            return Rating(severity, field, cvss)
    for entry in entries:
        if entry.type == "Ubuntu" and (severity := _severity(entry.score)):
            return Rating(severity, "severity", cvss)
    if best is None:
        return UNRATED
    return Rating(best.severity, f"CVSS:{best.version} {best.score:.1f}", cvss)


def _severity(word: object) -> int:
    return int(_WORDS.get(word.strip().lower(), 0)) if isinstance(word, str) else 0
