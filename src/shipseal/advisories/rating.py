"""Ratings that were read already: whose they are, and which of several counts."""

from collections.abc import Iterable

from shipseal.advisories.stored import UNRATED, Rating


def named(rating: Rating, identifier: str) -> Rating:
    """Return the rating with the name of the record that it is stored with, and so does not repeat."""
    if not (rating.source or rating.cvss):
        return rating
    source = f"{identifier}: {rating.source}" if rating.source else ""
    cvss = tuple((version, vector, score, identifier) for version, vector, score, _ in rating.cvss)
    return Rating(rating.severity, source, cvss)


def worst(ratings: Iterable[Rating]) -> Rating:
    """Return the worst rating with the vectors of all; of several equal ones the first."""
    found = list(ratings)
    decisive = max(found, key=lambda rating: rating.severity, default=UNRATED)
    cvss = dict.fromkeys(decisive.cvss)
    for rating in found:
        cvss.update(dict.fromkeys(rating.cvss))
    return Rating(decisive.severity, decisive.source, tuple(cvss))
