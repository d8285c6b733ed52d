"""Whether a rule holds for a finding, with Grype's exact semantics (0.121).

What differs from intuition is Grype's: a name that holds a sign of an expression is searched as ``^name$``, where the
signs bind to the first and the last alternative only; an expression or a glob that does not compile never holds; ids
are compared with their case.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from shipseal.ignores.globs import Glob, GlobError
from shipseal.ignores.pattern import Pattern
from shipseal.ignores.pattern_syntax import PatternError
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import Finding

_EXPRESSION = frozenset("^$*+?[](){}|\\")
_Condition = Callable[[Finding], bool]

# The built-in matcher's ecosystems, as Grype's database calls the places where the same advisories are.
_NAMESPACES = {
    "pypi": ("github:language:python",),
    "npm": ("github:language:javascript",),
    "crates.io": ("github:language:rust",),
    "go": ("govulndb:language:go", "github:language:go"),
    "rubygems": ("github:language:ruby",),
    "packagist": ("github:language:php",),
    "maven": ("github:language:java",),
    "bitnami": ("bitnami",),
}


class RuleMatcher:
    """One rule, ready to be asked.

    Attributes:
        rule: the rule.
        problem: why it never holds; empty when it can.
    """

    def __init__(self, rule: IgnoreRule) -> None:
        self.rule = rule
        self.problem = rule.problem
        self._conditions: Mapping[str, _Condition] = {}
        if rule.vex_status:
            self.problem = self.problem or "a rule with vex-status acts through VEX documents only"
            return
        if not rule.conditions():
            self.problem = self.problem or "a rule without condition never applies"
            return
        try:
            self._conditions = _conditions(rule)
        except (PatternError, GlobError) as error:
            self.problem = self.problem or str(error)

    def holds(self, finding: Finding) -> bool:
        """Return whether all conditions hold; its end is the caller's business."""
        if self.problem or not self._conditions:
            return False
        return all(condition(finding) for condition in self._conditions.values())

    def failing(self, finding: Finding) -> tuple[str, ...]:
        """Return the keys of the conditions that do not hold."""
        return tuple(key for key, holds in self._conditions.items() if not holds(finding))


def _conditions(rule: IgnoreRule) -> Mapping[str, _Condition]:
    given: dict[str, _Condition] = {}
    if rule.vulnerability:
        given["vulnerability"] = lambda finding: _is_vulnerability(rule, finding)
    if rule.namespace:
        given["namespace"] = lambda finding: rule.namespace in namespaces(finding.namespace)
    if rule.fix_state:
        given["fix-state"] = lambda finding: rule.fix_state == finding.fix_state
    if rule.match_type:
        given["match-type"] = lambda finding: rule.match_type in finding.match_type.split(",")
    return given | _package_conditions(rule)


def _package_conditions(rule: IgnoreRule) -> dict[str, _Condition]:
    wanted = rule.package
    given: dict[str, _Condition] = {}
    if wanted.name:
        is_name = name_test(wanted.name)
        given["package.name"] = lambda finding: is_name(finding.package.name)
    if wanted.version:
        given["package.version"] = lambda finding: wanted.version == finding.package.version
    if wanted.language:
        given["package.language"] = lambda finding: wanted.language == finding.package.language
    if wanted.type:
        given["package.type"] = lambda finding: wanted.type == finding.package.type
    if wanted.location:
        glob = _glob(wanted.location)
        given["package.location"] = lambda finding: any(
            map(glob.matches, finding.package.locations)
        )
    if wanted.upstream_name:
        is_upstream = name_test(wanted.upstream_name)
        given["package.upstream-name"] = lambda finding: any(
            map(is_upstream, finding.package.upstreams)
        )
    return given


def _is_vulnerability(rule: IgnoreRule, finding: Finding) -> bool:
    if rule.vulnerability == finding.id:
        return True
    return rule.include_aliases and rule.vulnerability in finding.aliases


def is_expression(name: str) -> bool:
    """Return whether Grype reads a name as an expression; a lone dot makes none."""
    return not _EXPRESSION.isdisjoint(name)


def name_test(name: str) -> Callable[[str], bool]:
    """Return what tells whether a package is called so.

    Raises:
        PatternError: the expression does not compile.
    """
    if not is_expression(name):
        return name.__eq__
    # Grype leaves out the signs in one odd case only, which cannot match anything.
    odd = name[0] == "$" and name[-1] == "^"
    return _pattern(name if odd else f"^{name}$").search


@lru_cache(maxsize=1 << 10)
def _pattern(text: str) -> Pattern:
    return Pattern(text)


@lru_cache(maxsize=1 << 10)
def _glob(text: str) -> Glob:
    return Glob(text)


def namespaces(namespace: str) -> tuple[str, ...]:
    """Return a finding's namespace as rules may call it: the built-in matcher's also by Grype's names."""
    kind, _, ecosystem = namespace.partition(":")
    if kind != "osv":
        return (namespace,)
    name, _, release = ecosystem.lower().partition(":")
    if release:
        return namespace, f"{name}:distro:{name}:{release.removeprefix('v')}"
    return namespace, *_NAMESPACES.get(name, ())
