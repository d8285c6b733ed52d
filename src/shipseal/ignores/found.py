"""Findings, ready to be asked by thousands of rules: a rule that names what it is for looks at that alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from shipseal.ignores.matching import RuleMatcher, is_expression
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import Finding

_Index = Mapping[str, Sequence[Finding]]


class Found:
    """Findings by the names that rules give them.

    Args:
        findings: all of them, in order.

    Attributes:
        all: the same.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.all = findings
        self._by_id = _index(findings, lambda one: (one.id,))
        self._by_name = _index(findings, lambda one: (one.id, *one.aliases))
        self._by_word = _index(findings, lambda one: map(str.upper, (one.id, *one.aliases)))
        self._by_package = _index(findings, lambda one: (one.package.name,))

    def held(self, matcher: RuleMatcher) -> list[Finding]:
        """Return the findings that a rule holds for, in order."""
        if matcher.problem:
            return []
        return [finding for finding in self._near(matcher.rule) if matcher.holds(finding)]

    def called(self, vulnerability: str) -> Sequence[Finding]:
        """Return the findings of a vulnerability by any of its names, whatever their case, in order."""
        return self._by_word.get(vulnerability.upper(), ())

    def _near(self, rule: IgnoreRule) -> Sequence[Finding]:
        if rule.vulnerability:
            index = self._by_name if rule.include_aliases else self._by_id
            return index.get(rule.vulnerability, ())
        name = rule.package.name
        if name and not is_expression(name):
            return self._by_package.get(name, ())
        return self.all


def _index(findings: Sequence[Finding], names: Callable[[Finding], Iterable[str]]) -> _Index:
    index: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in dict.fromkeys(names(finding)):
            index.setdefault(name, []).append(finding)
    return index
