"""What Grype's report says beside severity: CVSS, known exploitation, likelihood.

Read from reports of Grype 0.121 (its ``presenter/models``). Older versions leave these members out.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from shipseal._internal.clock import parse_rfc3339
from shipseal.scan.interface import Cvss, Exploited, Likelihood

_NO_METRICS = -1.0


class _Metrics(msgspec.Struct, frozen=True, gc=False):
    baseScore: float = _NO_METRICS


class Rating(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``cvss``."""

    version: str = ""
    vector: str = ""
    source: str = ""
    metrics: _Metrics = _Metrics()


class KnownExploited(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``knownExploited``: a row of CISA's catalogue."""

    cve: str = ""
    dateAdded: str = ""
    dueDate: str = ""
    knownRansomwareCampaignUse: str = ""


class Epss(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``epss``."""

    cve: str = ""
    epss: float = 0.0
    percentile: float = 0.0
    date: str = ""


def ratings(entries: Iterable[tuple[str, Iterable[Rating]]]) -> tuple[Cvss, ...]:
    """Return the ratings of an advisory and its related records, each once, in the report's order.

    Args:
        entries: id of a record with its ratings; Grype takes the advisory's own before others.
    """
    found: dict[tuple[str, str], Cvss] = {}
    for record, listed in entries:
        for item in listed:
            if item.vector and 0 <= item.metrics.baseScore <= 10:
                source = f"{record}: {item.source}" if item.source else record
                rating = Cvss(item.version, item.vector, item.metrics.baseScore, source)
                found.setdefault((item.vector, record), rating)
    return tuple(found.values())


def exploited(entries: Iterable[KnownExploited]) -> Exploited | None:
    """Return the catalogue's earliest entry for a vulnerability under any of its ids; None when there is none.

    An entry without a readable day counts as one of the catalogue's first day: that it is known to be exploited is
    what matters.
    """
    known = [
        Exploited(
            added=captured(item.dateAdded) or _FIRST_DAY,
            due=captured(item.dueDate),
            ransomware=item.knownRansomwareCampaignUse.strip().lower() == "known",
        )
        for item in entries
    ]
    if not known:
        return None
    first = min(known, key=lambda item: item.added)
    return Exploited(first.added, first.due, any(item.ransomware for item in known))


def likelihood(entries: Iterable[Epss]) -> Likelihood | None:
    """Return the highest score of a vulnerability under any of its ids; None when there is none."""
    known = [
        Likelihood(item.epss, item.percentile, captured(item.date))
        for item in entries
        if 0 <= item.epss <= 1
    ]
    return max(known, key=lambda item: item.probability, default=None)


def captured(text: str) -> date | None:
    """Return the day of a date or a time; None when it is neither."""
    try:
        return date.fromisoformat(text) if len(text) == _DAY else parse_rfc3339(text).date()
    except ValueError:
        return None


_DAY = len("2026-01-31")
_FIRST_DAY = date(2021, 11, 3)
