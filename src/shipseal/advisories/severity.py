"""The severity of an advisory, and where it comes from.

Order: (1) the word that the advisory's own database gives, because it was given for this package; (2) the vectors of
the affected entry, then of the record, the newest CVSS version first; (3) the same of other records of the same
vulnerability, the worst of them. Nothing found is UNKNOWN, for which the gate has a rule.
"""

from collections.abc import Iterable, Sequence

from shipseal.advisories.cvss import CvssScore, parse_cvss
from shipseal.advisories.records import Affected, Record, SeverityEntry, specific
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

Rated = tuple[Severity, str]


def severity_of(record: Record, affected: Affected | None, related: Iterable[Record]) -> Rated:
    """Return the severity and its source: ``GHSA-…: database_specific.severity``, ``CVE-…: CVSS:3.1 9.8``."""
    own = own_severity(record, affected)
    if own[0] is not Severity.UNKNOWN:
        return own
    others = [own_severity(other, None) for other in related]
    return max(others, key=lambda rated: rated[0], default=(Severity.UNKNOWN, ""))


def own_severity(record: Record, affected: Affected | None) -> Rated:
    """Return what the record itself states, or UNKNOWN."""
    places = [(record.database_specific, "database_specific.severity")]
    if affected is not None:
        places = [
            (affected.database_specific, "affected.database_specific.severity"),
            (affected.ecosystem_specific, "affected.ecosystem_specific.severity"),
            *places,
        ]
    for value, field in places:
        word = specific(value, "severity")
        if isinstance(word, str) and word.strip().lower() in _WORDS:
            return _WORDS[word.strip().lower()], f"{record.id}: {field}"
    entries = (*((affected and affected.severity) or ()), *(record.severity or ()))
    score = best_score(entries)
    if score is None:
        return Severity.UNKNOWN, ""
    return score.severity, f"{record.id}: CVSS:{score.version} {score.score:.1f}"


def best_score(entries: Sequence[SeverityEntry]) -> CvssScore | None:
    """Return the score of the newest CVSS version; of several of one version the first, as the record ranks them."""
    scores = [score for entry in entries if (score := parse_cvss(entry.score)) is not None]
    return max(scores, key=lambda score: score.version, default=None)
