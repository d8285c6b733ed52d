"""`shipseal scan` with a gate: the decision, and what the command ends with."""

from dataclasses import replace
from datetime import datetime

from shipseal.checks import Outcome, Status
from shipseal.cli.scan_found import Found, overview_of
from shipseal.cli.scan_material import UNSTATED
from shipseal.cli.scan_rules import ScanRules
from shipseal.cli.scan_wish import ScanWish
from shipseal.errors import Code, SbomError, ScanError, ShipsealError
from shipseal.gate.decision import decide
from shipseal.gate.policy import GatePolicy
from shipseal.gate.report import GateReport
from shipseal.gate.views import gate_view, judgements
from shipseal.ignores.vex.document import Statements
from shipseal.report.entries import entries_of
from shipseal.report.interface import GateView, ScanOverview
from shipseal.wiring.advice import advise
from shipseal.wiring.orders import compare_packages

_REFUSED = "update what blocks to the fixed version, or ignore it with its reason and end (--ignores .grype.yaml)"
_MUST_GO = "update what must be gone to a version without it; an ignore does not count for it"
_OPEN = "say what such findings and gaps do: gate.unknown and gate.gaps in the file of --policy or --config"


def judged(
    wish: ScanWish,
    rules: ScanRules,
    found: Found,
    now: datetime,
    vex: Statements | None = None,
) -> tuple[ScanOverview, ShipsealError | None]:
    """Return the overview of a scan that was held against a gate, and what the command ends with.

    Args:
        wish: what is asked for.
        rules: what is decided by.
        found: what the scanner said.
        now: when it is decided, for the ends of ignores.
        vex: what is believed of others; None for nothing.
    """
    policy = rules.policy or GatePolicy()
    report = decide(
        found.reports,
        policy,
        rules.ignores,
        now=now,
        previous=rules.previous,
        vex=vex,
        compare=compare_packages,
    )
    missing = _missing(found, rules)
    problem = _problem(found, missing, report)
    before = (*missing, *([found.stale.message] if found.stale else []))
    view = gate_view(report, before, problem.code if problem else None)
    entries = entries_of(found.reports, judgements(report), advise)
    return overview_of(found, entries, now=now, only=wish.only, gate=_plainly(view)), problem


def _plainly(view: GateView) -> GateView:
    """Return ``view`` without the platform where an SBOM does not say whose it is."""
    return replace(
        view,
        headline=_plain(view.headline),
        reasons=tuple(map(_plain, view.reasons)),
        obstacles=tuple(map(_plain, view.obstacles)),
    )


def _plain(text: str) -> str:
    return text.replace(f" on {UNSTATED}", "").replace(f"{UNSTATED}: ", "")


def _missing(found: Found, rules: ScanRules) -> tuple[str, ...]:
    """Return why a catalogue may not be whole, without what the policy accepts by name."""
    return tuple(
        text for name, text in found.incomplete_by_name() if name not in rules.accept_incomplete
    )


def _problem(found: Found, missing: tuple[str, ...], report: GateReport) -> ShipsealError | None:
    """Return what the command ends with: undecided comes before refused (docs/exit-codes.md: 6 before 2)."""
    if missing:
        return _incomplete(missing, found)
    if found.stale is not None:
        return found.stale
    summary = _plain(report.summary)
    if report.outcome is Outcome.FAIL:
        named = all(one.key == "gate.must_fix" for one in report.with_status(Status.FAIL))
        return ScanError(Code.GATE_FAILED, summary, hint=_MUST_GO if named else _REFUSED)
    if report.outcome is not Outcome.PASS:
        return ScanError(Code.GATE_UNDECIDED, summary, hint=_OPEN)
    return None


def _incomplete(missing: tuple[str, ...], found: Found) -> SbomError:
    names = [name for name, text in found.incomplete_by_name() if text in missing]
    return SbomError(
        Code.SBOM_INCOMPLETE,
        f"the catalogue may not be whole: {'; '.join(missing)}",
        hint="have the build leave what a catalogue reads (Rust: cargo auditable build; Go: its build information, "
        "not stripped; else an SBOM of the binary), or, if it is right as it is, accept it by name: "
        f"sbom.accept_incomplete: [{', '.join(dict.fromkeys(names))}]",
    )
