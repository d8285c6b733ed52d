"""Why a rule holds for nothing that was found: the nearest finding, and what stands between. Pure."""

from collections.abc import Sequence

from shipseal.ignores.matching import RuleMatcher
from shipseal.scan.interface import Finding


def why_nothing(matcher: RuleMatcher, findings: Sequence[Finding]) -> str:
    """Return why a rule holds for none of ``findings``, and what would help.

    Args:
        matcher: the rule.
        findings: what was found; none of them is held.
    """
    if not findings:
        return "nothing was found at all"
    rule = matcher.rule
    if not rule.vulnerability:
        return _by_conditions(matcher, findings, "")
    wanted = rule.vulnerability.upper()
    known = [item for item in findings if wanted in map(str.upper, (item.id, *item.aliases))]
    if not known:
        return f"{rule.vulnerability} was not found: is it fixed? then remove the rule"
    return _by_conditions(matcher, known, rule.vulnerability)


def _by_conditions(matcher: RuleMatcher, findings: Sequence[Finding], name: str) -> str:
    nearest = min(findings, key=lambda finding: len(matcher.failing(finding)))
    failing = matcher.failing(nearest)
    told = [_told(key, matcher, nearest) for key in failing]
    package = f"{nearest.package.name} {nearest.package.version}"
    return f"{name or nearest.id} was found in {package}, but {'; '.join(told)}"


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
