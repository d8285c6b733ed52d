"""Conditions for the removal of a rule that can be evaluated: versions, fixes and days (S27, S41). Pure.

People write them as sentences. Understood is a part of the sentence that leaves no doubt: ``openssl >= 3.0.12``,
``fixed in openssl 3.0.12``, ``a fix is available``, ``after 2026-05-31``. Whatever else is written, a person judges.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import Finding, FixState, Package

Compare = Callable[[Package, str, str], int | None]
"""Compares two versions in the order of a package's ecosystem: -1, 0, 1, or None when one of them is none."""
Met = Callable[[IgnoreRule, Sequence[Finding]], str]
"""Says why the condition for a rule's removal is met, by the findings that it holds for; empty when it is not."""

_NAME = r"(?P<name>[A-Za-z0-9@][A-Za-z0-9@/+._:-]{0,213})"
_VERSION = r"v?(?P<version>\d[A-Za-z0-9.+:~_^-]*)"
_WORD = r"(?:\s+(?:package\s+)?version)?"
_AT_LEAST = re.compile(rf"{_NAME}{_WORD}\s*(?P<sign>>=|>|==?|\u2265)\s*{_VERSION}", re.IGNORECASE)
_OR_NEWER = re.compile(
    rf"{_NAME}{_WORD}\s+{_VERSION},?\s+(?:or|and)\s+(?:newer|later|higher|above)\b", re.IGNORECASE
)
_FIXED_IN = re.compile(
    rf"(?:fix(?:ed)?|patched|resolved)\s+(?:is\s+)?in\s+{_NAME}{_WORD}\s+{_VERSION}", re.IGNORECASE
)
_ANY_FIX = re.compile(
    r"(?:(?:a|the|upstream)\s+)*fix(?:ed version)?\s+(?:is|becomes)\s+(?:available|released|out|published)"
    r"|(?:upstream|it)\s+(?:is|has been)\s+fixed|(?:upstream\s+)?releases\s+(?:a|the)\s+fix|fixed(?:\s+upstream)?",
    re.IGNORECASE,
)
_INSTALLED = re.compile(r"\b(?:installed|in\s+(?:the|our|its)\s+(?:\w+\s+)?image)\b", re.IGNORECASE)
# A key such as ``remove-after`` has the day alone.
_DAY = re.compile(
    r"(?:\b(?:after|by|on|until)\s+|\A)(?P<day>\d{4}-\d{2}-\d{2})(?!\d)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class VersionCondition:
    """A version that a package must have reached.

    Attributes:
        name: of the package, or of its source.
        sign: ``>=``, ``>`` or ``=``.
        version: the bound.
    """

    name: str
    sign: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.sign} {self.version}"


@dataclass(frozen=True, slots=True)
class Removal:
    """What of a rule's removal criteria can be evaluated.

    Attributes:
        versions: any one of them suffices.
        any_fix: whether any fixed version suffices.
        day: the last day on which the rule is wanted; None when none is named.
        installed: whether a version counts only once it is in the image, because that is what is written.
    """

    versions: tuple[VersionCondition, ...] = ()
    any_fix: bool = False
    day: date | None = None
    installed: bool = False


def removal_of(rule: IgnoreRule) -> Removal:
    """Return what of a rule's removal criteria can be evaluated."""
    text = rule.remove_when.strip().rstrip(".")
    versions = tuple(dict.fromkeys(_versions(text)))
    any_fix = not versions and _ANY_FIX.fullmatch(text) is not None
    return Removal(versions, any_fix, _day(text), _INSTALLED.search(text) is not None)


def never_met(rule: IgnoreRule, findings: Sequence[Finding]) -> str:
    """Say that no condition is met, where nothing is known of versions."""
    return ""


def no_order(_package: Package, _left: str, _right: str) -> int | None:
    """Compare no versions, where their order is not known."""
    return None


def met_by(compare: Compare, now: datetime, installed: Iterable[Package] = ()) -> Met:
    """Return what says whether the condition for a rule's removal is met.

    Args:
        compare: orders versions.
        now: the time.
        installed: all packages that are known, besides those of the findings.
    """
    known = tuple(installed)

    def met(rule: IgnoreRule, findings: Sequence[Finding]) -> str:
        removal = removal_of(rule)
        if removal.day and now >= datetime.combine(removal.day, time(), UTC) + timedelta(days=1):
            return f"{removal.day.isoformat()} is over"
        for condition in removal.versions:
            fixes = () if removal.installed else findings
            found = (*known, *(finding.package for finding in findings))
            told = next(_reached(condition, fixes, found, compare), "")
            if told:
                return told
        fixed = [finding for finding in findings if finding.fix_state is FixState.FIXED]
        if removal.any_fix and fixed:
            return _fix_text(fixed[0])
        return ""

    return met


def _versions(text: str) -> Iterator[VersionCondition]:
    for found in _AT_LEAST.finditer(text):
        sign = {"==": "=", "\u2265": ">="}.get(found["sign"], found["sign"])
        yield VersionCondition(found["name"], sign, found["version"].rstrip(".,;:"))
    for found in (*_FIXED_IN.finditer(text), *_OR_NEWER.finditer(text)):
        yield VersionCondition(found["name"], ">=", found["version"].rstrip(".,;:"))


def no_such_day(text: str) -> str:
    """Return the day that removal criteria name where the calendar has none such; empty otherwise."""
    found = _DAY.search(text.strip())
    return found["day"] if found and _day(text.strip()) is None else ""


def _day(text: str) -> date | None:
    found = _DAY.search(text)
    try:
        return date.fromisoformat(found["day"]) if found else None
    except ValueError:
        return None


def _reached(
    condition: VersionCondition,
    findings: Sequence[Finding],
    installed: Sequence[Package],
    compare: Compare,
) -> Iterator[str]:
    """Yield why a version is reached: a fix is known, or it is installed."""
    for finding in findings:
        if _is_called(finding.package, condition.name):
            for version in finding.fix_versions:
                if _holds(condition, compare(finding.package, version, condition.version)):
                    yield f"{condition}: {_fix_text(finding)}"
    for package in installed:
        if _is_called(package, condition.name) and _holds(
            condition, compare(package, package.version, condition.version)
        ):
            yield f"{condition}: {package.name} {package.version} is installed"


def _fix_text(finding: Finding) -> str:
    versions = ", ".join(finding.fix_versions) or "a newer version"
    return f"{finding.id} is fixed in {finding.package.name} {versions}"


def _is_called(package: Package, name: str) -> bool:
    return name.lower() in (package.name.lower(), *map(str.lower, package.upstreams))


def _holds(condition: VersionCondition, order: int | None) -> bool:
    if order is None:
        return False
    return (
        order > 0 or (order == 0 and condition.sign != ">") if condition.sign != "=" else order == 0
    )
