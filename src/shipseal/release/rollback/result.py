"""What a rollback came to, in the shape that ``--json`` prints (schema ``rollback.schema.json``)."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from shipseal._internal.clock import rfc3339
from shipseal.errors import Exit
from shipseal.release.records import ClosedRecord
from shipseal.release.rollback.known import KnownRollback
from shipseal.release.rollback.plan import RollbackPlan
from shipseal.release.rollback.values import Point, Setup, Wish
from shipseal.release.tags import Action, TagDecision

NOTHING = "nothing-to-do"
PLANNED = "planned"
_WORDS = {Action.MOVE: "move", Action.KEEP: "keep", Action.HOLD: "stay"}


class Place(msgspec.Struct, frozen=True):
    """A release: its version, empty when it is not known, and its digest."""

    version: str
    digest: str


class TagStep(msgspec.Struct, frozen=True):
    """What is done with one tag at one target: ``move``, ``keep`` (it is right) or ``stay`` (it cannot follow)."""

    tag: str
    action: str
    before: Place | None
    after: Place | None
    reason: str


class TargetSteps(msgspec.Struct, frozen=True):
    """One target and its tags."""

    target: str
    tags: tuple[TagStep, ...]


class ScanTold(msgspec.Struct, frozen=True):
    """What the scan in the evidence of the destination says; it was not scanned again."""

    finished: str
    age_seconds: int
    gate: str
    counts: dict[str, int]
    critical: tuple[str, ...]
    too_old: str


class Remark(msgspec.Struct, frozen=True):
    """A tag that stays, or a version that was passed over, and why."""

    name: str
    reason: str


class RollbackResult(msgspec.Struct, frozen=True):
    """A rollback as it stands.

    Attributes:
        rollback: its id; empty when nothing was begun.
        status: ``done``, ``nothing-to-do``, ``planned`` (a dry run), ``failed``, ``partly-rolled-back``,
            ``unrecorded``, ``interrupted``.
        to: where tags go; None when there is nothing to do.
        targets: what is done at each.
        staying: tags of the release that is left that do not follow.
        passed_over: versions that were not chosen.
        verified: required items of evidence that were verified.
        scan: what the destination's scan says; None when there is none.
        by: who.
        reason: why.
        code: failure code; None when there is none.
        message: what failed, or why there is nothing to do.
        hint: what to do; may be empty.
        exit: exit status of the command.
        dry_run: whether nothing was to be moved.
    """

    rollback: str
    status: str
    to: Place | None
    targets: tuple[TargetSteps, ...]
    staying: tuple[Remark, ...]
    passed_over: tuple[Remark, ...]
    verified: int
    scan: ScanTold | None
    by: str
    reason: str
    code: str | None
    message: str
    hint: str
    exit: int
    dry_run: bool

    def to_json(self) -> dict[str, Any]:
        """Return the JSON value."""
        return dict(msgspec.to_builtins(self))


def result_of_plan(setup: Setup, wish: Wish, plan: RollbackPlan) -> RollbackResult:
    """Return the result when nothing is moved: there is nothing to do, or it is a dry run, or nobody has agreed yet."""
    return RollbackResult(
        rollback=plan.resumes.start.rollback if plan.resumes else "",
        status=NOTHING if plan.to is None else PLANNED,
        to=_place(plan.to),
        targets=tuple(_targets(plan)),
        staying=tuple(Remark(*one) for one in plan.staying),
        passed_over=tuple(Remark(*one) for one in plan.passed_over),
        verified=plan.assurance.checks if plan.assurance else 0,
        scan=_scan(setup, plan),
        by=wish.by,
        reason=wish.reason or (plan.resumes.start.reason if plan.resumes else ""),
        code=None,
        message=plan.nothing,
        hint="",
        exit=int(Exit.OK),
        dry_run=wish.dry_run,
    )


def result_of_run(planned: RollbackResult, identifier: str, closed: ClosedRecord) -> RollbackResult:
    """Return the result of a rollback that has run."""
    return msgspec.structs.replace(
        planned,
        rollback=identifier,
        status=closed.status,
        code=closed.code or None,
        message=closed.message,
        hint=closed.hint,
        exit=closed.exit,
    )


class RollbackSummary(msgspec.Struct, frozen=True):
    """One rollback of this machine, for ``release list``."""

    rollback: str
    status: str
    to: Place
    left: tuple[Place, ...]
    tags: tuple[str, ...]
    targets: tuple[str, ...]
    by: str
    at: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON value."""
        return dict(msgspec.to_builtins(self))


def summary_of(known: KnownRollback) -> RollbackSummary:
    """Return a rollback in short."""
    start = known.start
    left = {
        digest
        for tags in (known.state.before or {}).values()
        for digest in tags.values()
        if digest and digest != start.digest
    }
    return RollbackSummary(
        rollback=start.rollback,
        status=known.status,
        to=Place(start.version, start.digest),
        left=tuple(Place(start.versions.get(one, ""), one) for one in sorted(left)),
        tags=start.tags,
        targets=start.targets,
        by=start.by,
        at=known.state.started,
        reason=start.reason,
    )


def _targets(plan: RollbackPlan) -> Iterable[TargetSteps]:
    versions = plan.versions or {}
    for name, each in (plan.decisions or {}).items():
        yield TargetSteps(name, tuple(_step(one, plan, name, versions) for one in each))


def _step(
    decision: TagDecision, plan: RollbackPlan, target: str, versions: Mapping[str, str]
) -> TagStep:
    before = plan.named_before(target, decision)
    after = plan.to.digest if plan.to and decision.action is not Action.HOLD else before
    return TagStep(
        tag=decision.tag.name,
        action=_WORDS[decision.action],
        before=_named(before, versions),
        after=_named(after, versions),
        reason=decision.reason,
    )


def _named(digest: str | None, versions: Mapping[str, str]) -> Place | None:
    return Place(versions.get(digest, ""), digest) if digest else None


def _place(point: Point | None) -> Place | None:
    return Place(point.version, point.digest) if point else None


def _scan(setup: Setup, plan: RollbackPlan) -> ScanTold | None:
    assurance = plan.assurance
    if assurance is None or assurance.scan is None:
        return None
    scan, age = assurance.scan, setup.clock.now() - assurance.scan.finished
    return ScanTold(
        finished=rfc3339(scan.finished),
        age_seconds=max(0, int(age.total_seconds())),
        gate=scan.gate,
        counts=dict(scan.counts),
        critical=scan.critical,
        too_old=assurance.old,
    )
