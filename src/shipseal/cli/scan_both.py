"""`shipseal scan --engine both`: what either scanner found counts, and where they differ is shown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from shipseal.report.entries import platform_name
from shipseal.report.interface import ComparisonView, DifferenceRow
from shipseal.scan.compare import Comparison, compare_reports
from shipseal.scan.interface import Finding, ScanReport
from shipseal.scan.sorting import sort_findings


def compared(
    first: Sequence[ScanReport], second: Sequence[ScanReport]
) -> tuple[tuple[ScanReport, ...], ComparisonView]:
    """Return the reports of the first scanner with what only the second found, and where the two differ.

    Args:
        first: one for each platform.
        second: of the other scanner, in the same order.
    """
    pairs = list(zip(first, second, strict=True))
    found = [(platform_name(one.platform), compare_reports(one, other)) for one, other in pairs]
    view = ComparisonView(
        summary=tuple(_told(name, comparison.summary) for name, comparison in found),
        differences=tuple(row for name, comparison in found for row in _rows(name, comparison)),
    )
    return tuple(_merged(one, other) for one, other in pairs), view


def _told(platform: str, text: str) -> str:
    return f"{platform}: {text}".removeprefix(": ")


def _rows(platform: str, comparison: Comparison) -> Iterator[DifferenceRow]:
    for item in comparison.differences:
        yield DifferenceRow(
            platform=platform,
            package=item.pair.package,
            version=item.pair.version,
            id=item.pair.id,
            severity=str(item.severity),
            found_by=item.found_by,
            missed_by=item.missed_by,
            reason=item.reason,
        )


def _merged(one: ScanReport, other: ScanReport) -> ScanReport:
    """Return ``one`` with the findings that only ``other`` has under any of their ids."""
    known = set(_names(one.findings))
    more = [finding for finding in other.findings if known.isdisjoint(_names([finding]))]
    if not more:
        return one
    note = f"{len(more)} finding(s) are {other.scanner}'s alone"
    return replace(one, findings=sort_findings([*one.findings, *more]), notes=(*one.notes, note))


def _names(findings: Iterable[Finding]) -> Iterator[tuple[str, str, str]]:
    for finding in findings:
        for name in (finding.id, *finding.aliases):
            yield finding.package.name, finding.package.version, name
