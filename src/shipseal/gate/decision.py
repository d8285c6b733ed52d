"""The gate: findings, a policy and ignores in; a decision with its reasons out. Pure.

Which rule decides about a finding stands in :mod:`shipseal.gate.steps`. Beside the findings, every platform must have
been looked at wholly, with data that knows what the rules ask for.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from shipseal.checks import Check, Outcome, Status, outcome_of
from shipseal.gate.force import Force, known_conditions, statements_without_effect
from shipseal.gate.gaps import gaps_of
from shipseal.gate.policy import GapRule, GatePolicy
from shipseal.gate.previous import Previous
from shipseal.gate.report import SCANNED, GateReport
from shipseal.gate.steps import Asked, Rulebook, Step, met_text, unjustified_text
from shipseal.gate.verdicts import ExpiredIgnore, FindingVerdict, MustFix, UnusableIgnore
from shipseal.ignores.conditions import Compare, Met, met_by, no_order
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.document import Statements
from shipseal.ignores.vex.matching import VexResult, apply_vex
from shipseal.scan.interface import Finding, ScanReport

__all__ = ["ExpiredIgnore", "FindingVerdict", "GateReport", "UnusableIgnore", "decide", "explain"]


def decide(
    reports: Sequence[ScanReport],
    policy: GatePolicy,
    ignores: Sequence[IgnoreRule],
    *,
    now: datetime,
    previous: Previous | None = None,
    vex: Statements | None = None,
    compare: Compare = no_order,
) -> GateReport:
    """Return the decision over all platforms.

    Args:
        reports: one per platform; none is undecided, because nothing was looked at.
        policy: what refuses.
        ignores: rules in the order of their file.
        now: when it is decided, for the ends of ignores and the age of findings.
        previous: what the previous release had; None when there is none, so that all is new.
        vex: what others say of the image and its packages, where that is believed; None for nothing.
        compare: the order of versions, for the removal criteria of ignores.

    Raises:
        GlobError: a glob of a component's rule is malformed.
    """
    findings = [finding for report in reports for finding in report.findings]
    said = apply_vex(vex.documents, findings, vex.image, ignores) if vex else VexResult()
    rules = (*ignores, *said.rules(1 + max((rule.index for rule in ignores), default=-1)))
    judge = _Judge(policy, rules, reports, now=now, previous=previous, met=met_by(compare, now))
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
        expired=judge.force.expired(),
        unusable=judge.force.unusable(),
        unjustified=judge.force.unjustified(),
        met=judge.force.met(),
        in_force=judge.force.in_force(),
        rules=rules,
        vex=vex.documents if vex else (),
        without_effect=(*judge.force.idle(), *statements_without_effect(said.unmatched)),
        must_fix=judge.must_fix(),
        notes=(*_notes(reports, policy, previous), *judge.told()),
        previous=previous.source if previous and policy.new_only else "",
    )


def explain(report: GateReport, previous: Previous | None = None) -> tuple[tuple[Step, ...], ...]:
    """Return, for each verdict of ``report``, the steps that were taken to it.

    Args:
        report: a decision.
        previous: what the previous release had, as when it was made.
    """
    judge = _Judge(
        report.policy,
        report.rules,
        report.reports,
        now=report.decided,
        previous=previous,
        met=known_conditions(report.met),
    )
    return tuple(
        tuple(judge.steps(str(verdict.platform), verdict.finding)) for verdict in report.verdicts
    )


class _Judge:
    def __init__(
        self,
        policy: GatePolicy,
        rules: Sequence[IgnoreRule],
        reports: Sequence[ScanReport],
        *,
        now: datetime,
        previous: Previous | None,
        met: Met,
    ) -> None:
        self._now = now
        self._rules = Rulebook(policy, previous, now)
        self._terms = policy.ignores
        self._named: dict[str, int] = dict.fromkeys(policy.must_fix, 0)
        findings = [finding for report in reports for finding in report.findings]
        self.force = Force(rules, findings, terms=policy.ignores, now=now, met=met)

    def verdict(self, report: ScanReport, finding: Finding) -> FindingVerdict:
        """Return what decides about one finding, and how."""
        asked = self._asked(str(report.platform), finding)
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
            met=tuple(rule for rule, _ in asked.over),
        )

    def steps(self, platform: str, finding: Finding) -> Iterator[Step]:
        """Yield the steps to the first one that decides."""
        for step in self._rules.steps(self._asked(platform, finding)):
            yield step
            if step.status is not None:
                return

    def told(self) -> Iterator[str]:
        """Yield a sentence for each rule that counts although something is wrong with it."""
        for item in self.force.unjustified():
            if item.ignores:
                yield f"{unjustified_text(item.rule, item.lacking)}; it counts (ignores.unjustified: warn)"
        for found in self.force.met():
            if found.ignores:
                yield f"{met_text(found.rule, found.why)}; it counts (ignores.condition_met: warn)"

    def must_fix(self) -> tuple[MustFix, ...]:
        """Return what must be gone, and how many findings there are of each."""
        return tuple(MustFix(name, count) for name, count in self._named.items())

    def _asked(self, platform: str, finding: Finding) -> Asked:
        holding = self.force.holding(finding)
        ended = [rule for rule in holding if rule.expired(self._now)]
        over = [
            (rule, told)
            for rule in holding
            if rule not in ended and (told := self.force.why_over(rule))
        ]
        alive = [rule for rule in holding if self.force.lasts(rule)]
        unjustified = [rule for rule in alive if self._terms.refused(rule)]
        active = [rule for rule in alive if rule not in unjustified]
        return Asked(platform, finding, active, ended, unjustified, over)


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
