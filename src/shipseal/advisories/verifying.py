"""Read all of a database: its seal first, then every row."""

from dataclasses import dataclass
from pathlib import Path

from shipseal.advisories.compiled import open_database
from shipseal.advisories.facts import DatabaseFacts
from shipseal.advisories.loading import load
from shipseal.advisories.review import Review, review


@dataclass(frozen=True, slots=True)
class Verified:
    """A database of which every row was read.

    Attributes:
        facts: which one.
        review: what of it cannot be compared exactly.
    """

    facts: DatabaseFacts
    review: Review


def verify_database(path: Path) -> Verified:
    """Read every row of the database at ``path``, whatever was checked before.

    Raises:
        ScanError: ``scan.db-unavailable``: it is not whole, or of a newer format.
    """
    database = open_database(path)
    return Verified(database.facts(), review(load(database).records()))
