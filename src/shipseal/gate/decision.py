"""The gate: findings, a policy and ignores in; a decision with its reasons out. Pure.

Which rule decides about a finding stands in :mod:`shipseal.gate.steps`. Beside the findings, every platform must have
been looked at wholly, with data that knows what the rules ask for.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from shipseal.checks import Check, Outcome, Status, outcome_of
from shipseal.gate.gaps import gaps_of
from shipseal.gate.policy import GapRule, GatePolicy
from shipseal.gate.previous import Previous
from shipseal.gate.report import SCANNED, GateReport
from shipseal.gate.steps import Asked, Rulebook, Step, unjustified_text
from shipseal.gate.verdicts import (
    ExpiredIgnore,
    FindingVerdict,
    MustFix,
    UnjustifiedIgnore,
    UnusableIgnore,
)
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import Finding, ScanReport

__all__ = ["ExpiredIgnore", "FindingVerdict", "GateReport", "UnusableIgnore", "decide", "explain"]


def decide(
    reports: Sequence[ScanReport],
    policy: GatePolicy,
    ignores: Sequence[IgnoreRule],
    *,
    now: datetime,
    previous: Previous | None = None,
) -> GateReport:
    """Return the decision over all platforms.

    Args:
        reports: one per platform; none is undecided, because nothing was looked at.
        policy: what refuses.
        ignores: rules in the order of their file.
        now: when it is decided, for the ends of ignores and the age of findings.
        previous: what the previous release had; None when there is none, so that all is new.

    Raises:
        GlobError: a glob of a component's rule is malformed.
    """
    judge = _Judge(policy, ignores, previous, now)
    verdicts = tuple(
        judge.verdict(report, finding) for report in reports for finding in report.findings
    )
    checks = (
        *(_scanned(report, policy) for report in reports),
        *(_check(verdict) for verdict in verdicts),
    )
    return GateReport(
        outcome=outcome_of(checks) if reports else Outcome.UNDECIDED,
        policy=policy,
        decided=now,
        reports=tuple(reports),
        verdicts=verdicts,
        checks=checks,
        expired=judge.expired(),
        unusable=judge.unusable(),
        unjustified=judge.unjustified(),
        in_force=judge.in_force(),
        must_fix=judge.must_fix(),
        notes=(*_notes(reports, policy, previous), *judge.told()),
        previous=previous.source if previous and policy.new_only else "",
    )


def explain(
    report: GateReport, ignores: Sequence[IgnoreRule], previous: Previous | None = None
) -> tuple[tuple[Step, ...], ...]:
    """Return, for each verdict of ``report``, the steps that were taken to it.

    Args:
        report: a decision.
        ignores: those that it was made with.
        previous: likewise.
    """
    judge = _Judge(report.policy, ignores, previous, report.decided)
    return tuple(
        tuple(judge.steps(str(verdict.platform), verdict.finding)) for verdict in report.verdicts
    )


class _Judge:
    def __init__(
        self,
        policy: GatePolicy,
        ignores: Iterable[IgnoreRule],
        previous: Previous | None,
        now: datetime,
    ) -> None:
        self._now = now
        self._rules = Rulebook(policy, previous, now)
        self._matchers = [RuleMatcher(rule) for rule in ignores]
        self._terms = policy.ignores
        self._ended: dict[int, int] = {}
        self._unjustified: dict[int, int] = {}
        self._named: dict[str, int] = dict.fromkeys(policy.must_fix, 0)

    def verdict(self, report: ScanReport, finding: Finding) -> FindingVerdict:
        """Return what decides about one finding, and how."""
        asked = self._asked(str(report.platform), finding)
        self._count(asked)
        if name := self._rules.named(finding):
            self._named[name] += 1
        step = self._rules.decision(asked)
        status = step.status or Status.UNKNOWN
        note = "".join(f"; {text}" for text in self._rules.without_force(asked))
        return FindingVerdict(
            platform=report.platform,
            finding=finding,
            status=status,
            rule=step.text + note,
            key=step.key,
            ignored_by=tuple(asked.active) if status is Status.IGNORED else (),
            ended=tuple(asked.ended),
            unjustified=tuple(asked.unjustified),
        )

    def steps(self, platform: str, finding: Finding) -> Iterator[Step]:
        """Yield the steps to the first one that decides."""
        for step in self._rules.steps(self._asked(platform, finding)):
            yield step
            if step.status is not None:
                return

    def expired(self) -> tuple[ExpiredIgnore, ...]:
        """Return the rules that have ended and would still hold for a finding."""
        return tuple(
            ExpiredIgnore(matcher.rule, self._ended[matcher.rule.index])
            for matcher in self._matchers
            if matcher.rule.index in self._ended
        )

    def unusable(self) -> tuple[UnusableIgnore, ...]:
        """Return the rules that can never hold."""
        return tuple(
            UnusableIgnore(matcher.rule, matcher.problem)
            for matcher in self._matchers
            if matcher.problem
        )

    def unjustified(self) -> tuple[UnjustifiedIgnore, ...]:
        """Return the rules that hold for a finding and lack a part of their justification, though they may count."""
        return tuple(
            UnjustifiedIgnore(
                matcher.rule,
                self._terms.lacking(matcher.rule),
                self._unjustified[matcher.rule.index],
                ignores=not self._terms.refused(matcher.rule),
            )
            for matcher in self._matchers
            if matcher.rule.index in self._unjustified
        )

    def in_force(self) -> tuple[IgnoreRule, ...]:
        """Return the rules that count, whether they hold for a finding or not."""
        return tuple(
            matcher.rule
            for matcher in self._matchers
            if not matcher.problem
            and not matcher.rule.expired(self._now)
            and not self._terms.refused(matcher.rule)
        )

    def told(self) -> Iterator[str]:
        """Yield a sentence for each rule that counts although it is not justified."""
        for item in self.unjustified():
            if item.ignores:
                yield f"{unjustified_text(item.rule, item.lacking)}; it counts (ignores.unjustified: warn)"

    def must_fix(self) -> tuple[MustFix, ...]:
        """Return what must be gone, and how many findings there are of each."""
        return tuple(MustFix(name, count) for name, count in self._named.items())

    def _asked(self, platform: str, finding: Finding) -> Asked:
        holding = [matcher.rule for matcher in self._matchers if matcher.holds(finding)]
        ended = [rule for rule in holding if rule.expired(self._now)]
        alive = [rule for rule in holding if rule not in ended]
        unjustified = [rule for rule in alive if self._terms.refused(rule)]
        active = [rule for rule in alive if rule not in unjustified]
        return Asked(platform, finding, active, ended, unjustified)

    def _count(self, asked: Asked) -> None:
        """Count the findings of rules that people must be told of."""
        lacking = [rule for rule in asked.active if self._terms.lacking(rule)]
        for counts, rules in (
            (self._ended, asked.ended),
            (self._unjustified, (*asked.unjustified, *lacking)),
        ):
            for rule in rules:
                counts[rule.index] = counts.get(rule.index, 0) + 1


def _notes(
    reports: Sequence[ScanReport], policy: GatePolicy, previous: Previous | None
) -> Iterator[str]:
    if policy.new_only:
        source = previous.source if previous else ""
        told = f"compared with {source}" if source else "there is no previous release: all is new"
        yield f"gate.new_only: {told}"
    undated = sum(finding.published is None for report in reports for finding in report.findings)
    if policy.grace and undated:
        yield f"gate.grace: nobody says when {undated} finding(s) were published: they have no grace"


def _scanned(report: ScanReport, policy: GatePolicy) -> Check:
    """Return the check that a platform was looked at, and looked at wholly."""
    gaps = gaps_of(report, policy)
    open_gaps = bool(gaps) and policy.gaps is GapRule.UNDECIDED
    return Check(
        name=SCANNED,
        subject=str(report.platform),
        status=Status.UNKNOWN if open_gaps else Status.PASS,
        expected="all packages looked up",
        got=f"{len(report.findings)} findings by {report.scanner} {report.scanner_version}",
        reason="; ".join(gaps),
    )


def _check(verdict: FindingVerdict) -> Check:
    package = verdict.finding.package
    return Check(
        name=verdict.finding.id,
        subject=f"{verdict.platform} {package.name} {package.version}",
        status=verdict.status,
        got=str(verdict.finding.severity),
        reason=verdict.rule,
    )
