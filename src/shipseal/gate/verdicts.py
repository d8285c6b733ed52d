"""One finding judged, ignores that did not count, and equal findings of several platforms taken together."""

from collections.abc import Iterable
from dataclasses import dataclass

from shipseal.checks import Status
from shipseal.ignores.justification import Part, parts_text
from shipseal.ignores.rules import IgnoreRule
from shipseal.oci import Platform
from shipseal.scan.interface import Finding

_UNSTATED = "unknown/unknown"
"""The platform of an SBOM that does not say whose it is."""


@dataclass(frozen=True, slots=True)
class FindingVerdict:
    """One finding of one platform, judged.

    Attributes:
        platform: whose.
        finding: what.
        status: ``fail`` refuses, ``unknown`` leaves it undecided, ``pass`` lets it through, ``ignored`` took it out.
        rule: the rule that decided, for people.
        key: the key of the configuration that it stands under, or ``ignores``.
        ignored_by: all rules that take it out, in the order of their file.
        ended: rules that would have, and have come to their end.
        unjustified: rules that would have, and lack a part of their justification.
        met: rules that would have, and what they waited for has come about.
    """

    platform: Platform
    finding: Finding
    status: Status
    rule: str
    key: str = ""
    ignored_by: tuple[IgnoreRule, ...] = ()
    ended: tuple[IgnoreRule, ...] = ()
    unjustified: tuple[IgnoreRule, ...] = ()
    met: tuple[IgnoreRule, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpiredIgnore:
    """A rule that has ended.

    Attributes:
        rule: the rule.
        findings: how many findings it would still take out.
    """

    rule: IgnoreRule
    findings: int


@dataclass(frozen=True, slots=True)
class UnjustifiedIgnore:
    """A rule that lacks a part of its justification.

    Attributes:
        rule: the rule.
        lacking: the parts.
        findings: how many findings it takes out, or would.
        ignores: whether it takes them out all the same, because it is only told.
    """

    rule: IgnoreRule
    lacking: tuple[Part, ...]
    findings: int
    ignores: bool

    @property
    def problem(self) -> str:
        """What is wrong, for people."""
        return f"it lacks {parts_text(self.lacking)}"


@dataclass(frozen=True, slots=True)
class MetIgnore:
    """A rule whose removal criteria have come about.

    Attributes:
        rule: the rule.
        why: what has come about, a sentence.
        findings: how many findings it takes out, or would.
        ignores: whether it takes them out all the same, because it is only told.
    """

    rule: IgnoreRule
    why: str
    findings: int
    ignores: bool

    @property
    def problem(self) -> str:
        """What is wrong, for people."""
        return f"what it waited for has come about: {self.why}"


@dataclass(frozen=True, slots=True)
class NoEffect:
    """A rule, or a VEX statement of somebody else, that could take something out and takes out nothing.

    Attributes:
        label: in short.
        cause: why, in a word for programs (``ignores/causes.py``).
        why: why, a sentence.
        line: of a rule in its file; 0 for statements.
        document: of a statement: its own name, or where it came from; empty for rules.
        owner: who answers for it: a rule's owner, a statement's author; may be empty.
        signer: who signed the statement; empty for rules.
        status: what a statement says of the product; ``ignored`` for rules.
        rule: of ours; None for statements.
    """

    label: str
    cause: str
    why: str
    line: int = 0
    document: str = ""
    owner: str = ""
    signer: str = ""
    status: str = ""
    rule: IgnoreRule | None = None

    @property
    def text(self) -> str:
        """All of it in a sentence."""
        where = f"VEX {self.document}" if self.document else f"the ignore in line {self.line}"
        return f"{where}: {self.label}: no effect: {self.why}"


@dataclass(frozen=True, slots=True)
class MustFix:
    """A vulnerability that must be gone.

    Attributes:
        id: as it was named.
        findings: how many there still are, over all platforms.
    """

    id: str
    findings: int


@dataclass(frozen=True, slots=True)
class UnusableIgnore:
    """A rule that never holds.

    Attributes:
        rule: the rule.
        problem: why.
    """

    rule: IgnoreRule
    problem: str


@dataclass(frozen=True, slots=True)
class Group:
    """One vulnerability in one version of a package, on all platforms that have it.

    Attributes:
        verdict: the first of them.
        platforms: sorted.
        locations: paths, sorted.
    """

    verdict: FindingVerdict
    platforms: tuple[str, ...]
    locations: tuple[str, ...]

    def text(self) -> str:
        """Return it for people: ``CVE-2018-7750 (critical) in paramiko 2.4.0 on linux/amd64, fixed in 2.4.1``."""
        finding = self.verdict.finding
        package = finding.package
        told = [name for name in self.platforms if name != _UNSTATED]
        on = f" on {', '.join(told)}" if told else ""
        where = f"in {package.name} {package.version}{on}"
        fixed = ", ".join(finding.fix_versions)
        fix = f"fixed in {fixed}" if fixed else f"fix: {finding.fix_state}"
        return f"{finding.id} ({finding.severity}) {where}, {fix}"


def group(verdicts: Iterable[FindingVerdict]) -> tuple[Group, ...]:
    """Return the findings with equal ones of several platforms and places taken together, in the given order."""
    members: dict[tuple[str, str, str, str], list[FindingVerdict]] = {}
    for verdict in verdicts:
        package = verdict.finding.package
        key = (verdict.finding.id, package.type, package.name, package.version)
        members.setdefault(key, []).append(verdict)
    return tuple(
        Group(
            verdict=found[0],
            platforms=tuple(sorted({str(item.platform) for item in found})),
            locations=tuple(
                sorted({path for item in found for path in item.finding.package.locations[:1]})
            ),
        )
        for found in members.values()
    )
