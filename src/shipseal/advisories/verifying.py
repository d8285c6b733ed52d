"""Read all of a database: its seal first, then every row."""

from dataclasses import dataclass

from shipseal.advisories.compiled import open_database
from shipseal.advisories.facts import DatabaseFacts
from shipseal.advisories.file_check import AGAIN
from shipseal.advisories.loading import load
from shipseal.advisories.review import Review, review
from shipseal.errors import Code, ScanError


@dataclass(frozen=True, slots=True)
class Verified:
    """A database of which every row was read.

    Attributes:
        facts: which one.
        review: what of it cannot be compared exactly.
    """

    facts: DatabaseFacts
    review: Review


def verify_database(chosen: DatabaseFacts) -> Verified:
    """Read every row of a database, whatever was checked before.

    Args:
        chosen: the database that is used.

    Raises:
        ScanError: ``scan.db-unavailable``: it is not whole, or of a newer format, or it is used only because the one
            that should be is.
    """
    database = open_database(chosen.file)
    if chosen.passed_over:
        raise ScanError(Code.DB_UNAVAILABLE, chosen.passed_over, hint=AGAIN)
    return Verified(database.facts(), review(load(database).records()))
