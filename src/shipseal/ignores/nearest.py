"""Why a rule holds for nothing that was found: the nearest finding, and what stands between. Pure."""

from collections.abc import Sequence

from shipseal.ignores.causes import Cause
from shipseal.ignores.found import Found
from shipseal.ignores.matching import RuleMatcher
from shipseal.scan.interface import Finding

_CAUSES = {"package.version": Cause.VERSION, "package.name": Cause.PACKAGE}


def why_nothing(matcher: RuleMatcher, found: Found) -> str:
    """Return why a rule holds for none of the findings, and what would help.

    Args:
        matcher: the rule.
        found: what was found; none of it is held.
    """
    return nothing_held(matcher, found)[1]


def nothing_held(matcher: RuleMatcher, found: Found) -> tuple[Cause, str]:
    """Return the same as :func:`why_nothing`, after a word for programs."""
    if not found.all:
        return Cause.NOTHING, "nothing was found at all"
    rule = matcher.rule
    if not rule.vulnerability:
        return _by_conditions(matcher, found.all, "")
    known = found.called(rule.vulnerability)
    if not known:
        told = f"{rule.vulnerability} was not found: is it fixed? then remove the rule"
        return Cause.VULNERABILITY, told
    return _by_conditions(matcher, known, rule.vulnerability)


def _by_conditions(
    matcher: RuleMatcher, findings: Sequence[Finding], name: str
) -> tuple[Cause, str]:
    nearest = min(findings, key=lambda finding: len(matcher.failing(finding)))
    failing = matcher.failing(nearest)
    told = [_told(key, matcher, nearest) for key in failing]
    package = f"{nearest.package.name} {nearest.package.version}"
    cause = Cause.ALIAS if "vulnerability" in failing else _CAUSES.get(failing[0], Cause.CONDITION)
    return cause, f"{name or nearest.id} was found in {package}, but {'; '.join(told)}"


def _told(key: str, matcher: RuleMatcher, finding: Finding) -> str:
    rule, package = matcher.rule, finding.package
    if key == "vulnerability":
        if rule.vulnerability.upper() == finding.id.upper():
            return f"ids have a case: write {finding.id}"
        return f"it is called {finding.id} there: write that, or add include-aliases: true"
    found = {
        "namespace": finding.namespace,
        "fix-state": str(finding.fix_state),
        "match-type": finding.match_type,
        "package.name": package.name,
        "package.version": package.version,
        "package.language": package.language,
        "package.type": package.type,
        "package.location": ", ".join(package.locations[:2]),
        "package.upstream-name": ", ".join(package.upstreams),
    }[key]
    return f"{key} is {found or 'not known'}, not {rule.conditions()[key]}"
