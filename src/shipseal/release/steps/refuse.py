"""Refuse: how a release ends whose gate does not pass, and what a person may decide in spite of it (invariant 5).

A break-glass record overrides the gate and nothing else: no catalogue that may not be whole, no signature, no
verification, no tag. It is noted only where the gate refuses, goes into the seal, and holds for what it names: another
finding refuses again.
"""

from shipseal._internal.clock import rfc3339
from shipseal.checks import Outcome
from shipseal.errors import Code, exit_for
from shipseal.gate.gaps import gaps_of
from shipseal.gate.report import GateReport
from shipseal.release.context import Context, GlassWish
from shipseal.release.records import ClosedRecord, OverrideRecord
from shipseal.release.result import Status
from shipseal.release.steps.assess import Assessment


def refusal_of(ctx: Context, assessment: Assessment) -> ClosedRecord | None:
    """Return how the release ends when it may not go on: None when the gate passes, or a person overrides it.

    A catalogue that may not be whole comes before a finding in it (docs/exit-codes.md: 6 before 2); both are told.
    """
    gate = assessment.gate
    if assessment.missing:
        return _incomplete(assessment)
    if gate.outcome is Outcome.PASS:
        if ctx.rules.glass:
            ctx.parts.reporter.note("break-glass: not needed, the gate passes; nothing is recorded")
        return None
    if _overridden(ctx, gate):
        return None
    if gate.outcome is Outcome.FAIL:
        hint = (
            "update what blocks to the fixed version, or ignore it for a time with its reasons: "
            "shipseal ignore add CVE --expires 30d; `shipseal gate explain` says which rule decided"
        )
        return _refused(Code.GATE_FAILED, gate.summary, hint)
    return _refused(Code.GATE_UNDECIDED, gate.summary, _undecided_hint(assessment))


def is_as_wished(wish: GlassWish | None, known: OverrideRecord | None) -> bool:
    """Return whether a gate that stands need not decide again: what is wished now was recorded, or nothing is."""
    if wish is None or known is None:
        return True
    return (wish.reason, rfc3339(wish.until)) == (known.reason, known.until)


def _overridden(ctx: Context, gate: GateReport) -> bool:
    """Note the decision of a person that is about all that stands in the way; return whether there is one."""
    if ctx.mode.fork:
        return False
    record = _decision(ctx, gate)
    if record is None:
        return False
    ctx.ledger.record("gate.overridden", record)
    ctx.parts.reporter.note(f"{gate.summary}; overridden: {record.sealed()}")
    return True


def _decision(ctx: Context, gate: GateReport) -> OverrideRecord | None:
    wish, known = ctx.rules.glass, ctx.ledger.state.override
    if wish is None:
        return known if known and _still_holds(ctx, gate, known) else None
    if str(Outcome.UNDECIDED) in gate.answers and not wish.undecided:
        ctx.parts.reporter.note(
            "break-glass: the gate could not decide about all of it, and --break-glass-undecided was not given"
        )
        return None
    if known and is_as_wished(wish, known) and _still_holds(ctx, gate, known):
        return known
    until = rfc3339(wish.until)
    return OverrideRecord(wish.reason, wish.person, until, gate.answers, gate.blocking)


def _still_holds(ctx: Context, gate: GateReport, known: OverrideRecord) -> bool:
    """Return whether an earlier decision covers today's gate; why it does not is told."""
    if not known.lasts(ctx.parts.clock.now()):
        ctx.parts.reporter.note(f"break-glass: it ended at {known.until}")
        return False
    new = [found for found in gate.blocking if found not in known.findings]
    if new or not set(gate.answers) <= set(known.overrides):
        told = ", ".join(new[:5]) or "the gate could not decide"
        ctx.parts.reporter.note(f"break-glass: the recorded one is not about {told}")
        return False
    return True


def _incomplete(assessment: Assessment) -> ClosedRecord:
    gate = assessment.gate
    told = [*assessment.missing, *([gate.summary] if gate.outcome is not Outcome.PASS else [])]
    names = sorted({_name(reason) for reason in assessment.missing})
    hint = f"if that is right, accept it by name: sbom.accept_incomplete: [{', '.join(names)}]"
    return _refused(Code.SBOM_INCOMPLETE, "; ".join(told), hint)


def _undecided_hint(assessment: Assessment) -> str:
    if any(report.gaps for report in assessment.reports):
        return "use data that covers these packages, or accept it: gate.gaps: report"
    if any(gaps_of(report, assessment.gate.policy) for report in assessment.reports):
        return "use data that knows this (shipseal db update), or accept it: gate.gaps: report"
    return "rate the finding, or say what unknown severity does: gate.unknown: report or fail"


def _name(reason: str) -> str:
    """Return what a reason is accepted by: ``linux/amd64: /app: an ELF …`` by ``/app``."""
    return reason.partition(": ")[2].partition(": ")[0]


def _refused(code: Code, message: str, hint: str) -> ClosedRecord:
    return ClosedRecord(Status.REFUSED, str(code), message, hint, exit=int(exit_for(code)))
