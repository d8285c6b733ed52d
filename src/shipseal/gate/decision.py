"""The gate: findings, a policy and ignores in; a decision with its reasons out. Pure.

Steps for each finding: (1) a rule of ``.grype.yaml`` that holds and has not ended takes it out; (2) a policy without
threshold lets it pass; (3) with ``fixable_only``, what has no fix passes; (4) a severity that nobody states follows its
own rule; (5) the threshold decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shipseal._internal.clock import rfc3339
from shipseal.checks import Check, Outcome, Status, outcome_of
from shipseal.gate.policy import GapRule, GatePolicy, UnknownRule
from shipseal.gate.report import SCANNED, GateReport
from shipseal.gate.verdicts import ExpiredIgnore, FindingVerdict, UnusableIgnore
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import Finding, FixState, ScanReport, Severity

__all__ = ["ExpiredIgnore", "FindingVerdict", "GateReport", "UnusableIgnore", "decide"]

_UNKNOWN = {
    UnknownRule.UNDECIDED: Status.UNKNOWN,
    UnknownRule.FAIL: Status.FAIL,
    UnknownRule.REPORT: Status.PASS,
}


def decide(
    reports: Sequence[ScanReport],
    policy: GatePolicy,
    ignores: Sequence[IgnoreRule],
    *,
    now: datetime,
) -> GateReport:
    """Return the decision over all platforms.

    Args:
        reports: one per platform; none is undecided, because nothing was looked at.
        policy: what refuses.
        ignores: rules in the order of their file.
        now: when it is decided, for the ends of ignores.
    """
    judge = _Judge(policy, ignores, now)
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
    )


@dataclass(frozen=True, slots=True)
class _Ruling:
    status: Status
    rule: str


class _Judge:
    def __init__(self, policy: GatePolicy, ignores: Iterable[IgnoreRule], now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._matchers = [RuleMatcher(rule) for rule in ignores]
        self._ended: dict[int, int] = {}

    def verdict(self, report: ScanReport, finding: Finding) -> FindingVerdict:
        """Return what decides about one finding, and how."""
        holding = [matcher.rule for matcher in self._matchers if matcher.holds(finding)]
        ended = [rule for rule in holding if rule.expired(self._now)]
        for rule in ended:
            self._ended[rule.index] = self._ended.get(rule.index, 0) + 1
        active = tuple(rule for rule in holding if rule not in ended)
        if active:  # (1)
            ruling = _Ruling(Status.IGNORED, f"ignored by {active[0].label}{_where(active[0])}")
        else:
            ruling = _rule(finding, self._policy)
        note = "".join(f"; {_ended_text(rule)}" for rule in ended)
        return FindingVerdict(
            platform=report.platform,
            finding=finding,
            status=ruling.status,
            rule=ruling.rule + note,
            ignored_by=active,
            ended=tuple(ended),
        )

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


def _rule(finding: Finding, policy: GatePolicy) -> _Ruling:
    if policy.fail_on is None:  # (2)
        return _Ruling(Status.PASS, "gate.fail_on: none")
    if policy.fixable_only and finding.fix_state is not FixState.FIXED:  # (3)
        return _Ruling(Status.PASS, "gate.fixable_only: there is no fixed version")
    if finding.severity is Severity.UNKNOWN:  # (4)
        return _Ruling(_UNKNOWN[policy.unknown], f"gate.unknown: {policy.unknown}")
    if finding.severity >= policy.fail_on:  # (5)
        return _Ruling(Status.FAIL, f"gate.fail_on: {policy.fail_on}")
    return _Ruling(Status.PASS, f"below gate.fail_on: {policy.fail_on}")


def _scanned(report: ScanReport, policy: GatePolicy) -> Check:
    """Return the check that a platform was looked at, and looked at wholly."""
    gaps = report.gaps if policy.fail_on is not None else ()
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


def _where(rule: IgnoreRule) -> str:
    parts = [
        f"line {rule.line}" if rule.line else "",
        f"until {rfc3339(rule.until)}" if rule.until else "",
        f"owner {rule.owner}" if rule.owner else "",
    ]
    found = ", ".join(part for part in parts if part)
    return f" ({found})" if found else ""


def _ended_text(rule: IgnoreRule) -> str:
    end = rfc3339(rule.until) if rule.until else ""
    return f"the ignore in line {rule.line} ended {end}, owner {rule.owner or 'not named'}"
