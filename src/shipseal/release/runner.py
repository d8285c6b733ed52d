"""Runs a release: the order of the steps, what may be left out, and how it ends. Nothing else.

::

    preflight ─► build ─┬─► stage at every target ──────────┐
                        └─► catalogue, scan, gate ─► statements ─┴─► sign, store ─► verify ─► promote ─► record
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from shipseal._internal.machine_faults import machine_error
from shipseal.attest.interface import Signer
from shipseal.build.interface import BuiltImage
from shipseal.errors import (
    AttestError,
    Code,
    Exit,
    ShipsealError,
    exit_for,
)
from shipseal.intoto.predicates import Family
from shipseal.oci.closure import Closure, closure_of
from shipseal.registry.interface import Target
from shipseal.release.cancel import CancelledError
from shipseal.release.context import ChosenScanner, Context
from shipseal.release.expenses import spent_record
from shipseal.release.records import ClosedRecord
from shipseal.release.result import ReleaseResult, Status, closing, result_of
from shipseal.release.state import ReleaseState
from shipseal.release.statements import Speaker
from shipseal.release.steps.adopt import adopt
from shipseal.release.steps.assess import assess
from shipseal.release.steps.attest import attest
from shipseal.release.steps.build import build
from shipseal.release.steps.prepare import is_fresh, prepare
from shipseal.release.steps.promote import Decisions, Promotion, writes_any
from shipseal.release.steps.record import record_at_targets
from shipseal.release.steps.refuse import is_as_wished, refusal_of
from shipseal.release.steps.stage import Stager, is_staged, stage_name
from shipseal.release.steps.traced import UntracedError, check_traced
from shipseal.release.steps.verify import verify
from shipseal.release.workers import raise_cause, workers

_STORE_ROUNDS = 3
_INTERRUPTED = ClosedRecord(
    Status.PENDING,
    message="interrupted",
    retryable=True,
    exit=int(Exit.INTERRUPTED),
)
_FORK = (
    "a fork's pull request has no permission to publish: nothing was staged, nothing was attested"
)


@dataclass(frozen=True, slots=True)
class Runner:
    """One run of one release.

    Attributes:
        ctx: everything that it works with.
        held: is told how it ends, before the journal is closed, to note what holds it.
        tags_move: is told when tags begin to move.
    """

    ctx: Context
    held: Callable[[ClosedRecord], None] = lambda _closed: None
    tags_move: Callable[[], None] = lambda: None

    def run(self) -> ReleaseResult:
        """Run the release to its end, whatever that is, and close the journal with it.

        A signal is such an end, too: the release is pending, its exit status is 130, and it can be resumed.

        Raises:
            UntracedError: it was to go on, and nothing of it is anywhere; the journal is not closed.
            ShipsealError: the journal itself cannot be written.
        """
        state = self.ctx.ledger.state
        # A second run of a release that is done changes nothing about what is public.
        first = not state.recorded
        try:
            closed = self._steps()
        except UntracedError:
            raise
        except ShipsealError as error:
            closed = _failed(error, state, first=first)
        except (OSError, MemoryError, RuntimeError) as error:
            known = machine_error(error)
            if known is None:
                raise
            closed = _failed(known, state, first=first)
        except KeyboardInterrupt:
            self.ctx.cancel.set()
            closed = _interrupted(state)
        self._close(self._noted(closed))
        return result_of(state)

    def _noted(self, closed: ClosedRecord) -> ClosedRecord:
        try:
            self.held(closed)
        except KeyboardInterrupt:  # while a status page was looked at
            return _interrupted(self.ctx.ledger.state)
        return closed

    def interrupted(self) -> ReleaseResult:
        """Close the journal of a run that a signal ended while it waited for an outage to end.

        Raises:
            ShipsealError: the journal cannot be written.
        """
        self.ctx.ledger.record("release.closed", _interrupted(self.ctx.ledger.state))
        return result_of(self.ctx.ledger.state)

    def _close(self, closed: ClosedRecord) -> None:
        try:
            self._tell_end(closed)
        except ShipsealError as error:
            if public := _public(self.ctx.ledger.state):
                error.message += f"; public already: {', '.join(public)}"
            raise

    def _tell_end(self, closed: ClosedRecord) -> None:
        if spent := self.ctx.parts.turns.spent():
            self.ctx.ledger.record("budget.spent", spent_record(spent))
        self.ctx.ledger.record("release.closed", closed)

    def _steps(self) -> ClosedRecord:
        signer, chosen = self._preflight()
        built = build(self.ctx)
        promotion = self._promotion(built)
        # Read before the long work: a version that is public already is refused in a second, not in minutes.
        decisions = {} if self.ctx.mode.fork else promotion.plan()
        self._foretell(decisions)
        if self.ctx.mode.publishes:
            adopt(self.ctx, built)
            check_traced(self.ctx, built, decisions)
        refusal = self._assess_and_stage(built, chosen)
        if refusal:
            return refusal
        if not self.ctx.mode.publishes:
            return self._not_published()
        if signer is None:
            raise AssertionError("a release that publishes has a signer")
        self._attest(built, signer)
        self._promote(built, promotion)
        return ClosedRecord(Status.DONE)

    def _foretell(self, decisions: Decisions) -> None:
        """Tell, in a dry run, what would happen to each tag."""
        if self.ctx.mode.dry_run:
            for name, each in decisions.items():
                for one in each:
                    told = f"{name}:{one.tag.name} would {one.action}: {one.reason}"
                    self.ctx.parts.reporter.note(told)

    def _preflight(self) -> tuple[Signer | None, ChosenScanner | None]:
        """Find out what would fail late: the key, the right to push, the scanner's data."""
        with self.ctx.step("preflight"):
            self.ctx.parts.blobs.check()
            self.ctx.parts.cataloguer.check()
            if self.ctx.mode.fork:
                return None, self.ctx.parts.scanner()
            signer = self.ctx.parts.signer()
            with workers(self.ctx.cancel, self.ctx.rules.parallel, "preflight") as pool:
                list(pool.map(lambda target: target.check_push(), self.ctx.parts.targets))
            return signer, None if self._gate_stands() else self.ctx.parts.scanner()

    def _promotion(self, built: BuiltImage) -> Promotion:
        return Promotion(
            root=built.image.root,
            version=self.ctx.request.version,
            tags=self.ctx.rules.tags,
            targets=self.ctx.parts.targets,
            ledger=self.ctx.ledger,
            reporter=self.ctx.parts.reporter,
        )

    def _assess_and_stage(
        self, built: BuiltImage, chosen: ChosenScanner | None
    ) -> ClosedRecord | None:
        """Stage and assess at the same time; return the refusal when the gate does not pass."""
        parts = closure_of(built.layout, built.image.root, what=self.ctx.image_name)
        with workers(self.ctx.cancel, len(self.ctx.parts.targets), "stage") as pool:
            staging = self._stage(pool, built, parts) if self.ctx.mode.publishes else []
            try:
                refusal = self._assess(built, chosen)
            except CancelledError:
                raise_cause(staging)
                raise
            if refusal:
                self.ctx.cancel.set()
                return refusal
            raise_cause(staging)
        return None

    def _stage(
        self, pool: ThreadPoolExecutor, built: BuiltImage, parts: Closure
    ) -> list[Future[None]]:
        ctx = self.ctx
        stager = Stager(built.layout, parts, ctx.rules.parallel, ctx.parts.reporter, ctx.cancel)
        return [
            pool.submit(partial(self._stage_one, stager, target)) for target in ctx.parts.targets
        ]

    def _stage_one(self, stager: Stager, target: Target) -> None:
        name = stage_name(target)
        # A registry may have collected, during a hold, what no tag names: the target is asked, not the journal.
        if target.name in self.ctx.ledger.state.staged and is_staged(target, stager.parts):
            self.ctx.reuse(name, "still there")
            return
        with self.ctx.step(name):
            staging = stager.stage(target, self.ctx.parts.targets)
            self.ctx.ledger.record(
                "target.staged", target=target.name, sent=staging.sent, existed=staging.existed
            )

    def _assess(self, built: BuiltImage, chosen: ChosenScanner | None) -> ClosedRecord | None:
        state = self.ctx.ledger.state
        made = Speaker(built.image, self.ctx.image_name).keys() <= state.statements.keys()
        if made and self._gate_stands():
            self.ctx.reuse("catalogue, scan, gate", "passed before, for this very image")
            return None
        assessment = assess(self.ctx, built, chosen or self.ctx.parts.scanner())
        refusal = refusal_of(self.ctx, assessment)
        if refusal is None:
            prepare(self.ctx, built, assessment)
        return refusal

    def _attest(self, built: BuiltImage, signer: Signer) -> None:
        """Sign, store, and read back; what another writer of a fallback tag lost meanwhile is stored again."""
        for tries_left in reversed(range(_STORE_ROUNDS)):
            attest(self.ctx, built, signer)
            try:
                verify(self.ctx, built)
            except AttestError as error:
                if error.code is not Code.ATTEST_MISSING or not tries_left:
                    raise
                self.ctx.parts.reporter.note(f"storing again what is not there: {error.message}")
            else:
                return

    def _gate_stands(self) -> bool:
        """Return whether the gate need not decide again: see the state; nor may its signed scans have grown too old."""
        state = self.ctx.ledger.state
        scans = [record.key for record in state.evidence.values() if record.family == Family.SCAN]
        fresh = all(is_fresh(self.ctx, key) for key in scans)
        if not fresh or not state.gate_stands(
            self.ctx.rules.policy_digest, self.ctx.parts.clock.now()
        ):
            return False
        return is_as_wished(self.ctx.rules.glass, state.glass)

    def _not_published(self) -> ClosedRecord:
        if self.ctx.mode.fork:
            code = Code.FORK_NO_PERMISSIONS
            return ClosedRecord(Status.PENDING, str(code), _FORK, exit=int(exit_for(code)))
        return ClosedRecord(Status.PENDING, message="dry run: nothing was uploaded, nothing signed")

    def _promote(self, built: BuiltImage, promotion: Promotion) -> None:
        with self.ctx.step("promote"):
            decisions = promotion.plan()
            if self.ctx.ledger.state.recorded and not writes_any(decisions):
                return
            record_at_targets(self.ctx, built, "promoting", decisions)
            self.tags_move()
            promotion.run(decisions)
        with self.ctx.step("record"):
            record_at_targets(self.ctx, built, Status.DONE, decisions)


def _public(state: ReleaseState) -> Sequence[str]:
    """Return ``target:tag`` of each tag that names this image."""
    digest = state.image.digest if state.image else ""
    return [
        f"{target}:{tag}" for (target, tag), record in state.tags.items() if record.digest == digest
    ]


def _failed(error: ShipsealError, state: ReleaseState, *, first: bool) -> ClosedRecord:
    """Return how a release ends that ``error`` stopped: partly promoted when it has moved a tag that stays moved.

    Args:
        error: what stopped it.
        state: what is known.
        first: whether it had not been done before: a second run changes nothing about what is public.
    """
    public = _public(state) if first else ()
    release = state.plan.release if state.plan else ""
    closed = closing(error, release)
    if not public or closed.status == Status.PARTLY_PROMOTED:
        return closed
    return replace(
        closed,
        status=Status.PARTLY_PROMOTED,
        message=f"{closed.message}; public already: {', '.join(public)}",
        hint="; then: ".join(
            filter(None, (error.hint, f"shipseal release resume {release}".rstrip()))
        ),
        exit=int(Exit.OUTSIDE),
    )


def _interrupted(state: ReleaseState) -> ClosedRecord:
    """Return how a release ends that a signal ended: pending, or partly promoted when a tag has moved already."""
    public = _public(state)
    command = f"shipseal release resume {state.plan.release if state.plan else ''}".rstrip()
    pending = replace(_INTERRUPTED, hint=f"{command} goes on where it stopped")
    if not public or state.recorded:
        return pending
    told = f"interrupted during promotion; public already: {', '.join(public)}"
    return replace(pending, status=Status.PARTLY_PROMOTED, message=told)
