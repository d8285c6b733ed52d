"""The one order in which findings stand in every report."""

from collections.abc import Iterable
from itertools import groupby

from shipseal.scan.interface import Finding


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return each finding once, by severity (worst first), id, package and where it is."""
    found: list[Finding] = []
    for _, alike in groupby(sorted(findings, key=_key), key=_key):
        kept: list[Finding] = []
        for finding in alike:
            if finding not in kept:
                kept.append(finding)
        found += kept
    return tuple(found)


def _key(item: Finding) -> tuple[int, str, str, str, tuple[str, ...], str, str]:
    package = item.package
    return (
        -item.severity,
        item.id,
        package.name,
        package.version,
        package.locations,
        item.namespace,
        package.purl,
    )
