"""Findings of several platforms taken together, worst first: what every output shows, in one order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from shipseal.oci import Platform
from shipseal.report.interface import NO_ADVICE, FindingEntry, Judgement
from shipseal.scan.interface import Finding, FixAdvice, FixState, ScanReport

Judge = Callable[[Platform, Finding], Judgement]
"""Says what the gate decided about a finding of a platform."""

Advise = Callable[[Finding], FixAdvice]
"""Says how to be rid of a finding."""

# Among equals of a platform's findings, what stands in the way is what the row shows.
_WEIGHT = {"fail": 4, "unknown": 3, "pass": 2, "ignored": 1, "": 0}


def not_judged(platform: Platform, finding: Finding) -> Judgement:
    """Return the judgement where no gate was asked."""
    return Judgement()


def no_advice(finding: Finding) -> FixAdvice:
    """Return no advice."""
    return NO_ADVICE


def platform_name(platform: Platform) -> str:
    """Return a platform for people; empty where an SBOM does not say whose it is."""
    return "" if platform.is_unknown else str(platform)


@dataclass(slots=True)
class _Members:
    """One vulnerability in one version of a package, on its way."""

    finding: Finding
    judgement: Judgement
    platforms: dict[str, None] = field(default_factory=dict)
    locations: dict[str, None] = field(default_factory=dict)


def entries_of(
    reports: Iterable[ScanReport], judge: Judge = not_judged, advise: Advise = no_advice
) -> tuple[FindingEntry, ...]:
    """Return one entry for each vulnerability in each version of a package, worst first.

    Args:
        reports: one for each platform.
        judge: says what the gate decided.
        advise: says how to be rid of one.
    """
    found: dict[tuple[str, str, str, str], _Members] = {}
    for report in reports:
        name = platform_name(report.platform)
        for finding in report.findings:
            package = finding.package
            key = (finding.id, package.type, package.name, package.version)
            judgement = judge(report.platform, finding)
            members = found.get(key)
            if members is None:
                members = found[key] = _Members(finding, judgement)
            elif _WEIGHT[judgement.status] > _WEIGHT[members.judgement.status]:
                members.judgement = judgement
            members.platforms[name] = None
            members.locations.update(dict.fromkeys(package.locations[:1]))
    return tuple(_entry(item, advise) for item in sorted(found.values(), key=_order))


def _entry(item: _Members, advise: Advise) -> FindingEntry:
    return FindingEntry(
        finding=item.finding,
        platforms=tuple(item.platforms),
        locations=tuple(sorted(item.locations)),
        judgement=item.judgement,
        advice=advise(item.finding),
    )


def _order(item: _Members) -> tuple[object, ...]:
    """Sort by severity, then by what is exploited, likely, and can be fixed; then by name."""
    finding = item.finding
    return (
        -finding.severity,
        finding.kev is None,
        -(finding.epss.probability if finding.epss else 0.0),
        finding.fix_state is not FixState.FIXED,
        finding.package.name,
        finding.id,
        finding.package.version,
    )


def of_origin(entries: Sequence[FindingEntry], origin: str) -> tuple[FindingEntry, ...]:
    """Return the entries of one origin; what nobody can place stays, because it may be of that origin."""
    return tuple(entry for entry in entries if str(entry.finding.origin) in (origin, "unknown"))
