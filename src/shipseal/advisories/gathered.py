"""All that goes into a database, gathered from sources and from an earlier database.

A record replaces older ones of the same id; records of one id from databases about different ecosystems stay beside one
another. What is withdrawn stays as that, so that an older copy does not come back.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec

from shipseal.advisories.packing import Packed
from shipseal.advisories.stored import Rating, Source, StoredExploited

Scores = Mapping[int, tuple[int, int]]
"""By :func:`~shipseal.advisories.tables.cve_key`: probability and percentile, in units of ``tables.SCALE``."""


@dataclass(slots=True)
class Gathered:
    """What a database will hold.

    Attributes:
        sources: by name, in the order in which they came.
        exploited: known exploited vulnerabilities by id.
        exploited_day: of that catalogue; None when there is none.
        scores: likelihoods.
        scores_day: of these; None when there are none.
        ratings: severities by id, from tables.
    """

    sources: dict[str, Source] = field(default_factory=dict)
    exploited: dict[str, StoredExploited] = field(default_factory=dict)
    exploited_day: date | None = None
    scores: Scores = field(default_factory=dict)
    scores_day: date | None = None
    ratings: dict[str, Rating] = field(default_factory=dict)
    _records: defaultdict[str, list[Packed]] = field(default_factory=lambda: defaultdict(list))

    def add(self, packed: Packed) -> None:
        """Take a record; of two versions of it the newer one stays, of two as old as one another both."""
        advisory = packed.advisory
        names = {name.lower() for name in advisory.ecosystems}
        kept = []
        for other in self._records[advisory.id]:
            theirs = {name.lower() for name in other.advisory.ecosystems}
            if names and theirs and names.isdisjoint(theirs):
                kept.append(other)
            elif other.advisory.modified > advisory.modified:
                return
            elif other.advisory.modified == advisory.modified:
                if _same(other, packed):
                    return
                kept.append(other)
        self._records[advisory.id] = [*kept, packed]

    def forget(self, source: str) -> None:
        """Remove a source with its records, because it is read again."""
        self.sources.pop(source, None)
        for identifier, found in list(self._records.items()):
            left = [packed for packed in found if packed.source != source]
            if left:
                self._records[identifier] = left
            else:
                del self._records[identifier]

    def records(self) -> Iterator[Packed]:
        """Yield all records, sorted by id."""
        for identifier in sorted(self._records):
            yield from sorted(
                self._records[identifier],
                key=lambda one: (one.advisory.modified, one.advisory.ecosystems, _sorted(one)),
            )

    def is_empty(self) -> bool:
        """Return whether there is nothing at all."""
        return not (self._records or self.exploited or self.scores or self.ratings)

    def rate(self, ratings: Iterable[tuple[str, Rating]]) -> None:
        """Take a table of severities by id; a newer table wins."""
        self.ratings.update(ratings)


def _same(left: Packed, right: Packed) -> bool:
    plain = msgspec.structs.replace
    return plain(left.advisory, source=0) == plain(right.advisory, source=0) and _sorted(
        left
    ) == _sorted(right)


def _sorted(packed: Packed) -> list[tuple[tuple[str, str], bytes]]:
    return sorted((key, bytes(value)) for key, value in packed.packages)
