"""Whether a version is affected (https://ossf.github.io/osv-schema/, section "Evaluation").

(1) a version that is enumerated is affected;
(2) in each range the events are sorted, and the last one at or before the version decides;
(3) a range with limits counts only below one of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key

import msgspec

from shipseal.advisories.go_ranges import combined
from shipseal.advisories.ordering import compare_with_bound
from shipseal.advisories.records import Affected, Event, Range, specific
from shipseal.advisories.versions.scheme import Scheme
from shipseal.scan.interface import FixState


@dataclass(slots=True)
class Verdict:
    """What one ``affected`` entry says about a version.

    Attributes:
        affected: whether it is affected.
        fixed_before: whether a fix of it is at or before the version.
        fix_versions: the fixed versions that end the ranges it is in.
        open_ended: whether one of these ranges has no end.
        approximate: bounds that are no proper versions and were compared as text.
    """

    affected: bool = False
    fixed_before: bool = False
    fix_versions: list[str] = field(default_factory=list)
    open_ended: bool = False
    approximate: list[str] = field(default_factory=list)

    def fix_state(self, affected: Affected) -> FixState:
        """Return the fix state: a fix in a range wins, then what the database says, then an open range."""
        if self.fix_versions:
            return FixState.FIXED
        stated = specific(affected.ecosystem_specific, "fix_state")
        if stated in (FixState.NOT_FIXED, FixState.WONT_FIX):
            return FixState(str(stated))
        return FixState.NOT_FIXED if self.open_ended else FixState.UNKNOWN


def evaluate(affected: Affected, version: str, scheme: Scheme) -> Verdict:
    """Return whether ``affected`` touches ``version``, which ``scheme`` accepts."""
    verdict = Verdict()
    compare = _comparison(version, scheme, verdict)
    for events in _event_lists(affected):
        _evaluate_range(events, compare, _between(scheme), verdict)
    if not verdict.affected and version in (affected.versions or ()):  # (1)
        verdict.affected = True
    return verdict


def enumerated(affected: Affected, version: str) -> bool:
    """Return whether a version that no scheme accepts is listed as it is."""
    return version in (affected.versions or ())


def _event_lists(affected: Affected) -> Iterator[Sequence[Event]]:
    """Yield the events of each range that names versions; ``GIT`` ranges name commits."""
    ranges = [found for found in affected.ranges or () if found.type != "GIT"]
    custom = _custom_ranges(affected)
    if not custom:
        yield from (found.events for found in ranges)
        return
    standard = [event for found in ranges for event in found.events]
    yield combined(standard, [event for found in custom for event in found.events])


def _custom_ranges(affected: Affected) -> tuple[Range, ...]:
    found = specific(affected.ecosystem_specific, "custom_ranges")
    if not isinstance(found, list):
        return ()
    try:
        return msgspec.convert(found, tuple[Range, ...])
    except msgspec.ValidationError:
        return ()  # another database's own field of that name


_Compare = Callable[[str], int]


def _comparison(version: str, scheme: Scheme, verdict: Verdict) -> _Compare:
    def compare(bound: str) -> int:
        if bound == "0":
            return 1  # OSV: before any version
        result, proper = compare_with_bound(scheme, version, bound)
        if not proper and bound not in verdict.approximate:
            verdict.approximate.append(bound)
        return result

    return compare


def _between(scheme: Scheme) -> Callable[[Event, Event], int]:
    def compare(left: Event, right: Event) -> int:
        first, second = _bound(left), _bound(right)
        if first == second:
            return 0
        if "0" in (first, second):
            return -1 if first == "0" else 1
        return compare_with_bound(scheme, first, second)[0]

    return compare


def _bound(event: Event) -> str:
    return event.introduced or event.fixed or event.last_affected or event.limit or "0"


def _evaluate_range(
    events: Sequence[Event],
    compare: _Compare,
    between: Callable[[Event, Event], int],
    verdict: Verdict,
) -> None:
    limits = [event.limit for event in events if event.limit]
    if limits and not any(limit == "*" or compare(limit) < 0 for limit in limits):  # (3)
        return
    ordered = [event for event in events if not event.limit]
    if len(ordered) > 2:
        ordered.sort(key=cmp_to_key(between))
    inside, rest = False, iter(ordered)
    for event in rest:  # (2)
        if event.introduced is not None and compare(event.introduced) >= 0:
            inside = True
        elif event.fixed is not None and compare(event.fixed) >= 0:
            inside, verdict.fixed_before = False, True
        elif event.last_affected is not None and compare(event.last_affected) > 0:
            inside = False
        elif event.introduced is None:
            _note_end(event, rest, inside, verdict)
            return
    if inside:
        verdict.affected = verdict.open_ended = True


def _note_end(event: Event, rest: Iterator[Event], inside: bool, verdict: Verdict) -> None:
    """The first end beyond the version: where it is inside, this is how the range ends for it."""
    if not inside:
        return
    verdict.affected = True
    if event.fixed is None:
        # Some records name the last affected version and then the fix, which says more.
        event = next(rest, event)
    if event.fixed is not None and event.fixed not in verdict.fix_versions:
        verdict.fix_versions.append(event.fixed)
