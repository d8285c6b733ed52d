"""The gate's report as reports show it: what was decided, and what about each finding."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shipseal.checks import Outcome, Status
from shipseal.errors import Code
from shipseal.gate.document import effect_document
from shipseal.gate.report import SCANNED, GateReport
from shipseal.gate.steps import met_text
from shipseal.oci import Platform
from shipseal.report.interface import GateView, Judgement, WithoutEffect
from shipseal.scan.interface import Finding

if TYPE_CHECKING:
    from shipseal.intoto.vuln import IgnoreFacts

_CODES = {Outcome.FAIL: Code.GATE_FAILED, Outcome.UNDECIDED: Code.GATE_UNDECIDED}


def judgements(report: GateReport) -> Callable[[Platform, Finding], Judgement]:
    """Return what says what was decided about a finding of a platform."""
    known: Mapping[tuple[Platform, Finding], Judgement] = {
        (verdict.platform, verdict.finding): Judgement(str(verdict.status), verdict.rule)
        for verdict in report.verdicts
    }
    return lambda platform, finding: known[platform, finding]


def gate_view(
    report: GateReport, before: tuple[str, ...] = (), code: Code | None = None
) -> GateView:
    """Return what was decided.

    Args:
        report: the gate's.
        before: what leaves it undecided before a finding is looked at: a catalogue that may not be whole, old data.
        code: of that; None where there is none.
    """
    outcome = Outcome.UNDECIDED if before else report.outcome
    failure = code or _CODES.get(report.outcome)
    return GateView(
        outcome=str(outcome),
        headline="; ".join((*before, report.summary)),
        reasons=(*before, *report.reasons),
        policy=report.policy.sentences(),
        code=str(failure) if failure else "",
        obstacles=(*before, *_obstacles(report)),
        without_effect=tuple(
            WithoutEffect(text=item.text, document=effect_document(item))
            for item in report.without_effect
        ),
        over=tuple(met_text(item.rule, item.why) for item in report.met if not item.ignores),
        in_force=_in_force(report),
    )


def _in_force(report: GateReport) -> "tuple[IgnoreFacts, ...]":
    if not report.in_force:
        return ()
    from shipseal.gate.facts import ignore_facts  # noqa: PLC0415 - statements cost a scan without ignores nothing

    return ignore_facts(report.in_force, report.verdicts)


def _obstacles(report: GateReport) -> tuple[str, ...]:
    """Return those reasons that are no findings: what was not looked up, what the data does not know."""
    return tuple(
        f"{check.subject}: {check.reason}"
        for check in report.checks
        if check.name == SCANNED and check.status is Status.UNKNOWN
    )
