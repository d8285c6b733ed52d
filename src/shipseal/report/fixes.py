"""Fixes first: which updates there are, and what each of them is good for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shipseal.report.interface import FindingEntry, FixRow
from shipseal.scan.interface import FixAdvice, Severity

Later = Callable[[str, str, str], bool]
"""Says of a type of packages whether its version, the second, is later than another, the third."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One update of one version of a package.

    Attributes:
        entries: what it takes away, worst first; at least one.
        version: the version to update to.
        advice: how it is made.
        left: how many vulnerabilities of this package it does not take away, because nothing does.
    """

    entries: tuple[FindingEntry, ...]
    version: str
    advice: FixAdvice
    left: int

    @property
    def blocking(self) -> int:
        """How many of them stand in the way of a pass."""
        return sum(entry.blocks for entry in self.entries)


def fixes_of(entries: Iterable[FindingEntry], later: Later) -> tuple[Fix, ...]:
    """Return the updates that take vulnerabilities away, the best first: what blocks, what is exploited, the worst.

    Args:
        entries: what was found.
        later: the order of versions.
    """
    groups: dict[tuple[str, str, str], list[FindingEntry]] = {}
    for entry in entries:
        if not entry.ignored:
            package = entry.finding.package
            groups.setdefault((package.type, package.name, package.version), []).append(entry)
    found = [_fix(members, later) for members in groups.values()]
    return tuple(sorted((fix for fix in found if fix), key=_order))


def blocking_rows(fixes: Iterable[Fix]) -> tuple[FixRow, ...]:
    """Return the lines of those that take away something that stands in the way, each once."""
    rows: dict[str, FixRow] = {}
    for fix in fixes:
        command = fix.advice.command
        if fix.blocking and command:
            origin = str(fix.entries[0].finding.origin)
            rows.setdefault(command, FixRow(command, origin))
    return tuple(rows.values())


def _fix(members: list[FindingEntry], later: Later) -> Fix | None:
    fixable = [entry for entry in members if entry.finding.fix_versions]
    if not fixable:
        return None
    last = fixable[0]
    for entry in fixable[1:]:
        if later(entry.finding.package.type, _version(entry), _version(last)):
            last = entry
    return Fix(tuple(fixable), _version(last), last.advice, len(members) - len(fixable))


def _version(entry: FindingEntry) -> str:
    """Return the version that takes a finding away: on the branch that is installed, where that is known."""
    return entry.advice.version or entry.finding.fix_versions[0]


def _order(fix: Fix) -> tuple[object, ...]:
    worst = [0] * len(Severity)
    for entry in fix.entries:
        worst[entry.finding.severity] -= 1
    exploited = sum(entry.finding.kev is not None for entry in fix.entries)
    return -fix.blocking, -exploited, tuple(reversed(worst)), fix.entries[0].finding.package.name
