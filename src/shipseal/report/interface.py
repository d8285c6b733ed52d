"""What reports are made of: plain values, ready to be shown. Whoever decides fills them in (``gate/summary.py``)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FindingRow:
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


@dataclass(frozen=True, slots=True)
class IgnoreRow:
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


@dataclass(frozen=True, slots=True)
class PlatformRow:
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


@dataclass(frozen=True, slots=True)
class VulnerabilitySummary:
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
