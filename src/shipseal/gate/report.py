"""The gate's report: the decision, and for every finding the rule that decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shipseal._internal.clock import rfc3339
from shipseal.checks import Check, Outcome, Status
from shipseal.gate.document import (
    Advise,
    effect_document,
    expired_document,
    met_document,
    platform_document,
    unjustified_document,
    unusable_document,
    verdict_document,
    vex_document,
)
from shipseal.gate.gaps import gaps_of
from shipseal.gate.policy import GapRule, GatePolicy
from shipseal.gate.verdicts import (
    ExpiredIgnore,
    FindingVerdict,
    MetIgnore,
    MustFix,
    NoEffect,
    UnjustifiedIgnore,
    UnusableIgnore,
    group,
)
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.document import VexDocument
from shipseal.oci import Platform
from shipseal.scan.interface import ScanReport, Severity

SCHEMA = "urn:shipseal:schema:gate-report:1"
SCANNED = "scanned"
"""Name of the check that a platform was looked at wholly."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class GateReport:
    """A decision over all platforms.

    Attributes:
        outcome: pass, fail or undecided; undecided never passes.
        policy: what was asked for.
        decided: when.
        reports: what it was decided over.
        verdicts: one for each finding, in the order of the reports.
        checks: the same as checks, after one for each platform.
        expired: ignores that no longer ignore, with a finding that they would hold for.
        unusable: ignores that can never hold.
        unjustified: ignores that hold for a finding and lack a part of their justification.
        met: ignores that hold for a finding, and what they waited for has come about.
        in_force: ignores that count, whether they hold for a finding or not.
        rules: all that was held against the findings, after those of the file the statements of others.
        vex: documents of others that were believed.
        without_effect: rules and statements that take out nothing, each with why.
        must_fix: what must be gone, and how many findings there still are of each.
        notes: what a person should know of how it was decided, a sentence each.
        previous: what new findings were told by; empty when nothing was compared.
    """

    outcome: Outcome
    policy: GatePolicy
    decided: datetime
    reports: tuple[ScanReport, ...]
    verdicts: tuple[FindingVerdict, ...]
    checks: tuple[Check, ...]
    expired: tuple[ExpiredIgnore, ...] = ()
    unusable: tuple[UnusableIgnore, ...] = ()
    unjustified: tuple[UnjustifiedIgnore, ...] = ()
    met: tuple[MetIgnore, ...] = ()
    in_force: tuple[IgnoreRule, ...] = ()
    rules: tuple[IgnoreRule, ...] = ()
    vex: tuple[VexDocument, ...] = ()
    without_effect: tuple[NoEffect, ...] = ()
    must_fix: tuple[MustFix, ...] = ()
    notes: tuple[str, ...] = ()
    previous: str = ""

    def with_status(self, status: Status) -> tuple[FindingVerdict, ...]:
        """Return the findings that were judged so."""
        return tuple(verdict for verdict in self.verdicts if verdict.status is status)

    def counts(self, platform: Platform) -> Mapping[Severity, int]:
        """Return how many findings of ``platform`` count, per severity, worst first; ignored ones do not."""
        found = dict.fromkeys(sorted(Severity, reverse=True), 0)
        for verdict in self.verdicts:
            if verdict.platform == platform and verdict.status is not Status.IGNORED:
                found[verdict.finding.severity] += 1
        return {severity: count for severity, count in found.items() if count}

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not ``pass``, a sentence each; empty when it is."""
        if not self.reports:
            return ("nothing was scanned",)
        refused = group(self.with_status(Status.FAIL))
        unknown = group(self.with_status(Status.UNKNOWN))
        found = [f"{item.text()}{_why(item.verdict)}" for item in refused]
        found += [f"{item.text()}: nobody states how severe it is" for item in unknown]
        if self.policy.gaps is GapRule.UNDECIDED:
            found += [
                f"{report.platform}: {gap}"
                for report in self.reports
                for gap in gaps_of(report, self.policy)
            ]
        return tuple(found)

    @property
    def answers(self) -> tuple[str, ...]:
        """What stands in the way: ``fail``, ``undecided`` or both; empty when it passes."""
        if not self.reports:
            return (str(Outcome.UNDECIDED),)
        found = {check.status for check in self.checks}
        words = ((Status.FAIL, Outcome.FAIL), (Status.UNKNOWN, Outcome.UNDECIDED))
        return tuple(str(outcome) for status, outcome in words if status in found)

    @property
    def blocking(self) -> tuple[str, ...]:
        """What stands in the way, each by id and package (``CVE-2018-7750 in paramiko 2.4.0``); gaps by platform."""
        found = (
            f"{check.name} in {check.subject.partition(' ')[2]}"
            if check.name != SCANNED
            else f"{check.subject}: {check.reason}"
            for check in self.checks
            if check.status in (Status.FAIL, Status.UNKNOWN)
        )
        return tuple(dict.fromkeys(found))

    @property
    def summary(self) -> str:
        """The decision in one line."""
        if self.outcome is Outcome.PASS:
            return self._passed()
        what = "refuses" if self.outcome is Outcome.FAIL else "cannot decide"
        shown = "; ".join(self.reasons[:_SHOWN])
        more = f"; and {len(self.reasons) - _SHOWN} more" if len(self.reasons) > _SHOWN else ""
        return f"the gate {what}: {shown}{more}"

    def _passed(self) -> str:
        ignored = len(self.with_status(Status.IGNORED))
        counted = len(self.verdicts) - ignored
        text = f"the gate passes: {counted} finding(s) on {len(self.reports)} platform(s), {self._which()}"
        unknown = self._unknown()
        if unknown:
            text += f", {unknown} of unknown severity (gate.unknown: {self.policy.unknown})"
        text = f"{text}, {ignored} ignored" if ignored else text
        gone = ", ".join(item.id for item in self.must_fix if not item.findings)
        return f"{text}; gone: {gone}" if gone else text

    def _which(self) -> str:
        """Say what none of the findings is, or that some are and were let pass all the same."""
        limit = self.policy.fail_on
        if limit is None:
            return "no threshold is set" if not self.policy.refuses else "none of them refuses"
        excused = sum(
            verdict.finding.severity >= limit for verdict in self.with_status(Status.PASS)
        )
        if excused:
            return f"{excused} of them {limit} or worse and let pass by rules of the gate"
        return f"none of them {limit} or worse"

    def _unknown(self) -> int:
        return sum(self.counts(report.platform).get(Severity.UNKNOWN, 0) for report in self.reports)

    def to_json(self, advise: Advise | None = None) -> dict[str, object]:
        """Return the report (schema ``gate-report.schema.json``).

        Args:
            advise: says how to be rid of a finding; None leaves that out.
        """
        return {
            "schema": SCHEMA,
            "outcome": str(self.outcome),
            "summary": self.summary,
            "reasons": list(self.reasons),
            "policy": self.policy.to_json(),
            "rules": list(self.policy.sentences()),
            "previous": self.previous or None,
            "decided": rfc3339(self.decided),
            "platforms": [
                platform_document(scan, self.counts(scan.platform)) for scan in self.reports
            ],
            "findings": [verdict_document(verdict, advise) for verdict in self.verdicts],
            "expired": [expired_document(item) for item in self.expired],
            "unusable": [unusable_document(item) for item in self.unusable],
            "unjustified": [unjustified_document(item) for item in self.unjustified],
            "met": [met_document(item) for item in self.met],
            "vex": [vex_document(item) for item in self.vex],
            "withoutEffect": [effect_document(item) for item in self.without_effect],
            "mustFix": [{"id": item.id, "findings": item.findings} for item in self.must_fix],
            "notes": list(self.notes),
        }


def _why(verdict: FindingVerdict) -> str:
    """Return why a finding refuses where its severity does not say it, and which ignores do not help."""
    plain = verdict.key in ("gate.fail_on", "gate.unknown", "")
    rule, _, without_force = verdict.rule.partition("; ")
    told = "; ".join(filter(None, ("" if plain else rule, without_force)))
    return f" ({told})" if told else ""
