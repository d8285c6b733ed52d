"""What of the data cannot be compared exactly, found when it is read: nobody should learn it from a missing finding."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from shipseal.advisories.ordering import scheme_for
from shipseal.advisories.packing import Packed
from shipseal.advisories.stored import StoredEvent, Touched
from shipseal.advisories.versions.scheme import Scheme

_TOUCHED = msgspec.msgpack.Decoder(Touched)
_SHOWN = 3


@dataclass(slots=True)
class Review:
    """What was found.

    Attributes:
        unordered: packages by ecosystem whose versions cannot be ordered here.
        odd_bounds: bounds that are no versions of their ecosystem; they are compared approximately.
        impossible: ranges that end before they begin, and so hold no version.
    """

    unordered: Counter[str] = field(default_factory=Counter)
    odd_bounds: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)

    def sentences(self) -> Iterator[str]:
        """Yield what a person should know."""
        for ecosystem, count in sorted(self.unordered.items()):
            yield (
                f"{ecosystem}: its versions cannot be ordered here: of {count} package(s) only enumerated versions "
                "are recognised"
            )
        if self.odd_bounds:
            yield (
                f"{len(self.odd_bounds)} bound(s) are no versions and are compared approximately: "
                + _some(self.odd_bounds)
            )
        if self.impossible:
            yield (
                f"{len(self.impossible)} range(s) end before they begin and hold no version: "
                + _some(self.impossible)
            )


def review(records: Iterable[Packed]) -> Review:
    """Return what cannot be compared exactly in ``records``."""
    found = Review()
    for packed in records:
        for (ecosystem, name), value in packed.packages:
            scheme = scheme_for(ecosystem)
            if scheme is None:
                found.unordered[ecosystem.partition(":")[0]] += 1
                continue
            where = f"{packed.advisory.id} {name}"
            for events in _TOUCHED.decode(value).ranges:
                _look(events, scheme, where, found)
    return found


def _look(events: Iterable[StoredEvent], scheme: Scheme, where: str, found: Review) -> None:
    start = ""
    for event in events:
        bound = event.introduced or event.fixed or event.last_affected or event.limit or ""
        if bound in ("", "0", "*"):
            start = "" if event.introduced else start
            continue
        if scheme.key(bound) is None:
            found.odd_bounds.append(f"{where} {bound}")
        elif event.introduced:
            start = bound
        elif start and not event.limit and scheme.compare(bound, start) == -1:
            found.impossible.append(f"{where} {start} to {bound}")


def _some(texts: list[str]) -> str:
    return "; ".join(texts[:_SHOWN]) + ("; …" if len(texts) > _SHOWN else "")
