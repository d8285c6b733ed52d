"""What reports are made of: plain values, ready to be shown. Whoever decides fills them in (``gate/summary.py``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from shipseal.scan.interface import Finding, FixAdvice, Package, ScanReport

if TYPE_CHECKING:
    from shipseal.intoto.vuln import IgnoreFacts

NO_ADVICE = FixAdvice()
"""Where nobody was asked how to be rid of a finding."""


class FindingRow(msgspec.Struct, frozen=True):
    """One vulnerability in one version of a package, on all platforms that have it.

    Attributes:
        id: of the vulnerability, as the advisory is called.
        cve: its CVE where the id is another; empty when there is none or it is the same.
        severity: ``critical`` … ``unknown``.
        package: name.
        version: installed.
        type: of the package.
        fix: fixed versions, or the fix state in words.
        location: where it is in the image; may be empty.
        platforms: where it was found.
        rule: what decided about it.
        url: of the advisory; may be empty.
        decided_by: the key of the configuration, or the list, that decided (``gate.kev``, ``ignores``).
        aliases: other ids.
        severity_source: where the severity comes from; may be empty.
        cvss: ratings, the deciding one first, as ``3.1 9.8 CVSS:3.1/AV:N/… (source)``.
        kev: since when it is known to be exploited, for people; empty when it is not.
        epss: probability of exploitation within 30 days, 0.0 to 1.0; None when unknown.
        percentile: of that probability; None when unknown.
        published: day, ``2026-01-31``; empty when unknown.
        origin: ``base``, ``application`` or ``unknown``.
        layer: diff-id of the layer that it is in; empty when unknown.
        locations: all paths; ``location`` is the first.
        advice: line that brings the fixed version; empty when there is none.
        advice_note: why there is none, or what else to know; may be empty.
        description: one line; may be empty.
    """

    id: str
    cve: str
    severity: str
    package: str
    version: str
    type: str
    fix: str
    location: str
    platforms: tuple[str, ...]
    rule: str
    url: str = ""
    decided_by: str = ""
    aliases: tuple[str, ...] = ()
    severity_source: str = ""
    cvss: tuple[str, ...] = ()
    kev: str = ""
    epss: float | None = None
    percentile: float | None = None
    published: str = ""
    origin: str = "unknown"
    layer: str = ""
    locations: tuple[str, ...] = ()
    advice: str = ""
    advice_note: str = ""
    description: str = ""


class IgnoreRow(msgspec.Struct, frozen=True):
    """One ignore rule, with what it does or did.

    Attributes:
        rule: the rule in short.
        line: of its file; 0 when unknown.
        findings: how many findings it takes out, or would.
        ids: their ids, sorted.
        reason: why.
        owner: who answers for it; may be empty.
        until: when it ends, as text; empty when it has no end.
        problem: why it does not ignore: it has ended, or it can never hold; empty when it does ignore.
    """

    rule: str
    line: int
    findings: int
    ids: tuple[str, ...]
    reason: str
    owner: str
    until: str
    problem: str = ""


class FixRow(msgspec.Struct, frozen=True):
    """One update that takes away something that stands in the way.

    Attributes:
        command: line that makes it.
        origin: of the package: ``base``, ``application`` or ``unknown``.
    """

    command: str
    origin: str = "unknown"


class PlatformRow(msgspec.Struct, frozen=True):
    """One platform in numbers.

    Attributes:
        platform: whose.
        counts: severity to findings that count, worst first.
        ignored: how many do not.
        gaps: gaps, a sentence each.
    """

    platform: str
    counts: Mapping[str, int]
    ignored: int
    gaps: tuple[str, ...] = ()


class VulnerabilitySummary(msgspec.Struct, frozen=True):
    """A release's vulnerabilities and what was decided about them.

    Attributes:
        outcome: ``pass``, ``fail`` or ``undecided``.
        headline: the decision in one line.
        policy: its rules, a sentence each.
        engines: scanners with their versions.
        choice: why this engine; may be empty.
        databases: what data was used and how old it is, a sentence each.
        platforms: in numbers.
        refused: what refuses, worst first.
        undecided: what leaves it open, worst first.
        passed: what passes, worst first.
        ignores: rules that take something out, or should and do not.
        notes: what a person should know.
        fixes: the updates of what stands in the way, one for each version of a package, the best first.
    """

    outcome: str
    headline: str
    policy: tuple[str, ...]
    engines: tuple[str, ...]
    choice: str
    databases: tuple[str, ...]
    platforms: tuple[PlatformRow, ...]
    refused: tuple[FindingRow, ...]
    undecided: tuple[FindingRow, ...]
    passed: tuple[FindingRow, ...]
    ignores: tuple[IgnoreRow, ...]
    notes: tuple[str, ...]
    fixes: tuple[FixRow, ...] = ()


class ScanSubject(msgspec.Struct, frozen=True):
    """What was scanned.

    Attributes:
        text: as it was asked for.
        kind: ``image``, ``sbom``, or ``attested``: an SBOM out of verified evidence.
        name: of the image or the SBOM, for headings.
        version: of the image; may be empty.
        digest: of the image; empty when nothing says it.
        base: the base image by which origins were told; may be empty.
    """

    text: str
    kind: str
    name: str
    version: str = ""
    digest: str = ""
    base: str = ""


class Judgement(msgspec.Struct, frozen=True):
    """What a gate says of one finding.

    Attributes:
        status: ``fail``, ``unknown``, ``pass`` or ``ignored``; empty where no gate was asked.
        rule: the rule that decided; empty likewise.
    """

    status: str = ""
    rule: str = ""


class FindingEntry(msgspec.Struct, frozen=True):
    """One vulnerability in one version of a package, on all platforms that have it.

    Attributes:
        finding: the first of them.
        platforms: where it was found, in the order of the reports.
        locations: paths in the image, sorted.
        judgement: what the gate says.
        advice: how to be rid of it.
    """

    finding: Finding
    platforms: tuple[str, ...]
    locations: tuple[str, ...]
    judgement: Judgement = Judgement()
    advice: FixAdvice = NO_ADVICE

    @property
    def cve(self) -> str:
        """The CVE that it is known by; empty when there is none."""
        names = (self.finding.id, *self.finding.aliases)
        return next((name for name in names if name.startswith("CVE-")), "")

    @property
    def blocks(self) -> bool:
        """Whether it stands in the way of a pass."""
        return self.judgement.status in ("fail", "unknown")

    @property
    def ignored(self) -> bool:
        """Whether a rule took it out."""
        return self.judgement.status == "ignored"


@dataclass(frozen=True, slots=True)
class WithoutEffect:
    """An ignore, or a VEX statement, that takes nothing out.

    Attributes:
        text: which and why, a sentence.
        document: the same for programs (``withoutEffect`` of ``scan.schema.json``).
    """

    text: str
    document: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class GateView:
    """What the gate decided.

    Attributes:
        outcome: ``pass``, ``fail`` or ``undecided``.
        headline: the decision in one line.
        reasons: why it is not ``pass``, a sentence each.
        policy: its rules, a sentence each.
        code: the failure's code; empty when it passes.
        obstacles: those of the reasons that are no findings.
        without_effect: ignores and VEX statements that take nothing out.
        over: ignores that hold for a finding and no longer ignore it, because what they waited for has come about.
        in_force: ignores that counted, whether they hold for a finding or not.
    """

    outcome: str
    headline: str
    reasons: tuple[str, ...]
    policy: tuple[str, ...]
    code: str = ""
    obstacles: tuple[str, ...] = ()
    without_effect: tuple[WithoutEffect, ...] = ()
    over: tuple[str, ...] = ()
    in_force: "tuple[IgnoreFacts, ...]" = ()


class DifferenceRow(msgspec.Struct, frozen=True):
    """What one of two scanners found and the other did not.

    Attributes:
        platform: on which; empty where the SBOM does not say whose it is.
        package: name.
        version: of the package.
        id: of the vulnerability: its CVE where it has one.
        severity: as the one that found it says.
        found_by: which scanner.
        missed_by: which did not.
        reason: why, a sentence; may be empty.
    """

    platform: str
    package: str
    version: str
    id: str
    severity: str
    found_by: str
    missed_by: str
    reason: str = ""


class ComparisonView(msgspec.Struct, frozen=True):
    """Two scanners on the same SBOMs.

    Attributes:
        summary: how far they agree, a sentence for each platform.
        differences: what only one found, the worst first.
    """

    summary: tuple[str, ...]
    differences: tuple[DifferenceRow, ...]


@dataclass(frozen=True, slots=True)
class ScanOverview:
    """One scan, ready to be written in any format.

    Attributes:
        subject: what was scanned.
        reports: one for each platform.
        entries: findings, worst first.
        made: when this was put together.
        version: of shipseal.
        choice: why this engine scanned.
        databases: what data was used and how old it is, a sentence each.
        gate: what was decided; None where no gate was asked.
        incomplete: why a catalogue may not be whole, a sentence each.
        notes: what a person should know, a sentence each.
        packages: all that were looked up, where they are known.
        comparison: where two scanners differ; None where one scanned.
    """

    subject: ScanSubject
    reports: tuple[ScanReport, ...]
    entries: tuple[FindingEntry, ...]
    made: datetime
    version: str
    choice: str = ""
    databases: tuple[str, ...] = ()
    gate: GateView | None = None
    incomplete: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()
    comparison: ComparisonView | None = None

    def counts(self) -> Mapping[str, int]:
        """Return how many entries there are of each severity, worst first; ignored ones do not count."""
        found: dict[str, int] = {}
        for entry in sorted(self.entries, key=lambda entry: -entry.finding.severity):
            if not entry.ignored:
                name = str(entry.finding.severity)
                found[name] = found.get(name, 0) + 1
        return found
