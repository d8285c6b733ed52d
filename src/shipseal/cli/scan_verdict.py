"""`shipseal scan` with a gate: the decision, and what the command ends with."""

from collections.abc import Mapping
from datetime import datetime

from shipseal.checks import Outcome, Status
from shipseal.cli.scan_found import Found, overview_of
from shipseal.cli.scan_material import UNSTATED
from shipseal.cli.scan_rules import ScanRules
from shipseal.cli.scan_wish import ScanWish
from shipseal.errors import Code, SbomError, ScanError, ShipsealError
from shipseal.gate.decision import decide
from shipseal.gate.policy import GatePolicy
from shipseal.gate.report import SCANNED, GateReport
from shipseal.oci.platform import Platform
from shipseal.report.entries import Judge, entries_of
from shipseal.report.interface import GateView, Judgement, ScanOverview
from shipseal.scan.interface import Finding
from shipseal.wiring.advice import advise

_REFUSED = "update what blocks to the fixed version, or ignore it with its reason and end (--ignores .grype.yaml)"
_OPEN = "say what such findings and gaps do: gate.unknown and gate.gaps in the file of --policy or --config"


def judged(
    wish: ScanWish, rules: ScanRules, found: Found, now: datetime
) -> tuple[ScanOverview, ShipsealError | None]:
    """Return the overview of a scan that was held against a gate, and what the command ends with.

    Args:
        wish: what is asked for.
        rules: what is decided by.
        found: what the scanner said.
        now: when it is decided, for the ends of ignores.
    """
    policy = rules.policy or GatePolicy()
    report = decide(found.reports, policy, rules.ignores, now=now, previous=rules.previous)
    missing = _missing(found, rules)
    problem = _problem(found, missing, report)
    before = (*([found.stale.message] if found.stale else []), *missing)
    obstacles = (*before, *_obstacles(report))
    view = GateView(
        outcome=str(report.outcome if not problem else _outcome(problem)),
        headline=_plain(problem.message if problem else report.summary),
        reasons=(*before, *map(_plain, report.reasons)),
        policy=report.policy.sentences(),
        code=str(problem.code) if problem else "",
        obstacles=obstacles,
    )
    entries = entries_of(found.reports, _judge(report), advise)
    return overview_of(found, entries, now=now, only=wish.only, gate=view), problem


def _judge(report: GateReport) -> Judge:
    known: Mapping[tuple[Platform, Finding], Judgement] = {
        (verdict.platform, verdict.finding): Judgement(str(verdict.status), verdict.rule)
        for verdict in report.verdicts
    }
    return lambda platform, finding: known[platform, finding]


def _obstacles(report: GateReport) -> tuple[str, ...]:
    """Return those reasons that are no findings: what was not looked up, what the data does not know."""
    return tuple(
        _plain(f"{check.subject}: {check.reason}")
        for check in report.checks
        if check.name == SCANNED and check.status is Status.UNKNOWN
    )


def _plain(text: str) -> str:
    """Return ``text`` without the platform where an SBOM does not say whose it is."""
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
        return ScanError(Code.GATE_FAILED, summary, hint=_REFUSED)
    if report.outcome is not Outcome.PASS:
        return ScanError(Code.GATE_UNDECIDED, summary, hint=_OPEN)
    return None


def _outcome(problem: ShipsealError) -> Outcome:
    return Outcome.FAIL if problem.code is Code.GATE_FAILED else Outcome.UNDECIDED


def _incomplete(missing: tuple[str, ...], found: Found) -> SbomError:
    names = [name for name, text in found.incomplete_by_name() if text in missing]
    return SbomError(
        Code.SBOM_INCOMPLETE,
        f"the catalogue may not be whole: {'; '.join(missing)}",
        hint="have the build leave what a catalogue reads (Rust: cargo auditable build; Go: its build information, "
        "not stripped; else an SBOM of the binary), or, if it is right as it is, accept it by name: "
        f"sbom.accept_incomplete: [{', '.join(dict.fromkeys(names))}]",
    )
