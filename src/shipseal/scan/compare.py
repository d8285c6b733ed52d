"""Two scanners on one SBOM: where they differ, and why as far as their own reports tell. Pure.

Scanners call one vulnerability by different ids, so what is compared is the set of (package, version, CVE), with the
finding's own id where there is no CVE; two findings in the same version of a package that share any id are the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shipseal.scan.interface import Finding, ScanReport, Severity

_DAY = 86400.0


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """A vulnerability in a version of a package.

    Attributes:
        package: its name.
        version: as it is installed.
        id: the CVE; the finding's own id where there is none.
    """

    package: str
    version: str
    id: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What one scanner found and the other did not.

    Attributes:
        pair: what.
        found_by: name of the scanner that found it.
        missed_by: name of the one that did not.
        severity: as the one that found it says.
        reason: why, a sentence; empty when the reports do not tell.
    """

    pair: Pair
    found_by: str
    missed_by: str
    severity: Severity
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two reports, compared.

    Attributes:
        first: name of one scanner.
        second: name of the other.
        common: how many pairs both found.
        differences: what only one found: the worst first, then by package and id.
        notes: what a person should know to read this, a sentence each.
    """

    first: str
    second: str
    common: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    @property
    def agreement(self) -> float:
        """The share of all pairs that both found, 0.0 to 1.0; 1.0 where there is none."""
        whole = self.common + len(self.differences)
        return self.common / whole if whole else 1.0

    @property
    def summary(self) -> str:
        """The result in a sentence."""
        found = [item.found_by for item in self.differences]
        return (
            f"{self.first} and {self.second} agree on {self.common} of {self.common + len(found)} vulnerabilities in "
            f"packages ({self.agreement:.1%}): {found.count(self.first)} found by {self.first} alone, "
            f"{found.count(self.second)} by {self.second} alone"
        )


def compare_reports(first: ScanReport, second: ScanReport) -> Comparison:
    """Return where two reports on the same SBOM differ.

    Args:
        first: of one scanner.
        second: of another one.
    """
    mine, other = _Side(first), _Side(second)
    differences = [*_missing(mine, other), *_missing(other, mine)]
    return Comparison(
        first=first.scanner,
        second=second.scanner,
        common=len(mine.pairs.keys() & other.pairs.keys()),
        differences=tuple(sorted(differences, key=_rank)),
        notes=tuple(_notes(first, second)),
    )


def pairs_of(findings: Iterable[Finding]) -> dict[Pair, list[Finding]]:
    """Return the findings by package, version and CVE."""
    found: dict[Pair, list[Finding]] = {}
    for finding in findings:
        ids = (finding.id, *finding.aliases)
        cves = [one for one in ids if one.startswith("CVE-")]
        for name in cves or [finding.id]:
            pair = Pair(finding.package.name, finding.package.version, name)
            found.setdefault(pair, []).append(finding)
    return found


class _Side:
    """One report, by pair and by every id of it."""

    def __init__(self, report: ScanReport) -> None:
        self.report = report
        self.pairs = pairs_of(report.findings)
        self.ids = {
            (item.package.name, item.package.version, name)
            for item in report.findings
            for name in (item.id, *item.aliases)
        }

    def knows(self, pair: Pair, findings: Iterable[Finding]) -> bool:
        """Return whether this report has the vulnerability of ``findings`` under any of its ids."""
        return any(
            (pair.package, pair.version, name) in self.ids
            for finding in findings
            for name in (finding.id, *finding.aliases)
        )


def _missing(side: _Side, other: _Side) -> Iterator[Difference]:
    for pair, findings in side.pairs.items():
        if pair not in other.pairs and not other.knows(pair, findings):
            yield Difference(
                pair=pair,
                found_by=side.report.scanner,
                missed_by=other.report.scanner,
                severity=max(finding.severity for finding in findings),
                reason=_reason(findings[0], side.report, other.report),
            )


def _reason(finding: Finding, report: ScanReport, other: ScanReport) -> str:
    """Return what either report says of the package; else what is known to be different in general."""
    name = finding.package.name
    for text in other.gaps:
        if f" {name}:" in text or f"({name})" in text or f" {name}," in text:
            return f"{other.scanner}: {text}"
    for text in report.notes:
        if f" {name}: {finding.id} " in text:
            return f"{report.scanner}: {text}"
    if finding.package.type == "rpm" and other.scanner == "grype":
        return (
            "grype looks AlmaLinux's packages up in Red Hat's advisories and takes AlmaLinux's own only to say what is "
            "fixed"
        )
    if _are_apart(report, other):
        return "the two databases are not of the same day"
    return ""


def _are_apart(first: ScanReport, second: ScanReport) -> bool:
    built, other = first.database.built, second.database.built
    return built is None or other is None or abs((built - other).total_seconds()) > _DAY


def _notes(first: ScanReport, second: ScanReport) -> Iterator[str]:
    if first.sbom_digest != second.sbom_digest:
        yield (
            f"{first.scanner} scanned {first.sbom_digest}, {second.scanner} scanned {second.sbom_digest}: "
            "they are not about the same SBOM"
        )
    if _are_apart(first, second):
        yield (
            f"{first.scanner} used {first.database.text(first.started)}; "
            f"{second.scanner} used {second.database.text(second.started)}"
        )


def _rank(item: Difference) -> tuple[int, Pair, str]:
    return -item.severity, item.pair, item.found_by
