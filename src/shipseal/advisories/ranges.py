"""Whether a version is affected (https://ossf.github.io/osv-schema/, section "Evaluation").

(1) a version that is enumerated is affected;
(2) a range is a list of intervals, from where a fault was introduced to where it was fixed or last seen;
(3) a range with limits counts only below one of them.
"""

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from itertools import zip_longest

import msgspec

from shipseal.advisories.ordering import compare_with_bound
from shipseal.advisories.records import Event
from shipseal.advisories.stored import Touched
from shipseal.advisories.versions.scheme import Scheme
from shipseal.scan.interface import FixState


class Verdict(msgspec.Struct):
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
    fix_versions: list[str] = msgspec.field(default_factory=list)
    open_ended: bool = False
    approximate: list[str] = msgspec.field(default_factory=list)

    def fix_state(self, touched: Touched) -> FixState:
        """Return the fix state: a fix in a range wins, then what the database says, then an open range."""
        if self.fix_versions:
            return FixState.FIXED
        if touched.fix_state in (FixState.NOT_FIXED, FixState.WONT_FIX):
            return FixState(touched.fix_state)
        return FixState.NOT_FIXED if self.open_ended else FixState.UNKNOWN


def evaluate(touched: Touched, version: str, scheme: Scheme) -> Verdict:
    """Return whether ``touched`` means ``version``, which ``scheme`` accepts."""
    verdict = Verdict()
    compare = _comparison(version, scheme, verdict)
    for events in touched.ranges:
        _evaluate_range(events, compare, _between(scheme), verdict)
    if not verdict.affected and touched.lists(version):  # (1)
        verdict.affected = True
    return verdict


_Compare = Callable[[str], int]
_Between = Callable[[Event, Event], int]


def _comparison(version: str, scheme: Scheme, verdict: Verdict) -> _Compare:
    def compare(bound: str) -> int:
        if bound == "0":
            return 1  # OSV: before any version
        result, proper = compare_with_bound(scheme, version, bound)
        if not proper and bound not in verdict.approximate:
            verdict.approximate.append(bound)
        return result

    return compare


def _between(scheme: Scheme) -> _Between:
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
    between: _Between,
    verdict: Verdict,
) -> None:
    limits = [event.limit for event in events if event.limit]
    if limits and not any(limit == "*" or compare(limit) < 0 for limit in limits):  # (3)
        return
    bounds = [event for event in events if not event.limit]
    for start, end in _intervals(bounds, between):  # (2)
        _evaluate_interval(start, end, compare, verdict)


def _evaluate_interval(
    start: Event, end: Event | None, compare: _Compare, verdict: Verdict
) -> None:
    if compare(start.introduced or "0") < 0:
        return
    if end is None:
        verdict.affected = verdict.open_ended = True
    elif end.last_affected is not None and compare(end.last_affected) <= 0:
        verdict.affected = True
        if end.fixed and end.fixed not in verdict.fix_versions:
            verdict.fix_versions.append(end.fixed)
    elif end.last_affected is None and end.fixed is not None:
        if compare(end.fixed) >= 0:
            verdict.fixed_before = True
        else:
            verdict.affected = True
            if end.fixed not in verdict.fix_versions:
                verdict.fix_versions.append(end.fixed)


def _intervals(events: Sequence[Event], between: _Between) -> list[tuple[Event, Event | None]]:
    """Return the affected intervals: each beginning with its end, which is None where there is none.

    Nearly all records list beginnings and ends in turn, and are taken at their word; others are sorted first, as OSV
    says. An interval that ends before it begins holds no version where sorting does not bring beginnings and ends in
    turn either: sorted, such a record would mean all later versions, because of a mistake in one line.
    """
    paired = _pairs(events)
    if paired is None:
        return _sorted_intervals(events, between)
    if len(paired) == 1:
        return paired
    proper = [(start, end) for start, end in paired if end is None or between(start, end) <= 0]
    if len(proper) == len(paired) or _pairs(sorted(events, key=cmp_to_key(between))) is None:
        return proper
    return _sorted_intervals(events, between)


def _pairs(events: Sequence[Event]) -> list[tuple[Event, Event | None]] | None:
    starts, ends = events[0::2], events[1::2]
    if any(event.introduced is None for event in starts):
        return None
    if any(event.introduced is not None for event in ends):
        return None
    return list(zip_longest(starts, ends))


def _sorted_intervals(
    events: Sequence[Event], between: _Between
) -> list[tuple[Event, Event | None]]:
    found: list[tuple[Event, Event | None]] = []
    start: Event | None = None
    closed = False
    for event in sorted(events, key=cmp_to_key(between)):
        if event.introduced is not None:
            start, closed = (start if start and not closed else event), False
        elif start is not None and not closed:
            found.append((start, event))
            closed = True
        elif found and event.fixed is not None:
            found[-1] = _with_fix(*found[-1], event.fixed)
    if start is not None and not closed:
        found.append((start, None))
    return found


def _with_fix(start: Event, end: Event | None, fixed: str) -> tuple[Event, Event | None]:
    """Some records name the last affected version and then the fix, which says more."""
    if end is None or end.fixed is not None:
        return start, end
    return start, msgspec.structs.replace(end, fixed=fixed)
