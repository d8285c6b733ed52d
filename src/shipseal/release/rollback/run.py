"""Carry out a rollback: one transaction over all targets, kept in a journal so that it can go on after a kill.

The tags move as in a promotion (all targets read before, each tag read again right before it moves, undone when one
fails, ``latest`` last). Records are stored before and after: without them the next run of the bad release's job would
move the tags forward again. So a rollback whose last records could not be stored is not done, and the same command
finishes it.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.clock import rfc3339
from shipseal.errors import ShipsealError
from shipseal.oci import digest_of
from shipseal.release.folders import JOURNAL
from shipseal.release.journal import Journal
from shipseal.release.ledger import Ledger
from shipseal.release.lock import ReleaseLock
from shipseal.release.records import ClosedRecord
from shipseal.release.rollback.account import Account
from shipseal.release.rollback.ends import failed, interrupted, partly, unrecorded
from shipseal.release.rollback.known import (
    STARTED,
    LocalRelease,
    RollbackStart,
    RollbackStatus,
    known_rollbacks,
    local_releases,
)
from shipseal.release.rollback.plan import RollbackPlan
from shipseal.release.rollback.result import RollbackResult, result_of_plan, result_of_run
from shipseal.release.rollback.values import Point, Setup, Wish
from shipseal.release.steps.promote import Promotion
from shipseal.release.steps.undo import PartlyPromotedError


@contextmanager
def one_at_a_time(setup: Setup) -> Iterator[None]:
    """Keep other rollbacks of this image on this machine out.

    Raises:
        ReleaseError: ``release.locked``.
    """
    lock = ReleaseLock(setup.state.lock(setup.image, "rollback"))
    lock.acquire("rollback", setup.clock, wait=setup.lock_wait)
    try:
        yield
    finally:
        lock.free()


def carry_out(setup: Setup, wish: Wish, plan: RollbackPlan) -> RollbackResult:
    """Move the tags as planned, and close the journal with how it ended.

    Raises:
        ReleaseError: ``release.locked``: a release that tags leave is running on this machine.
        ShipsealError: the journal cannot be written.
    """
    to = _destination(plan)
    touched = _touched(setup, plan, to)
    with ExitStack() as held:
        for path in dict.fromkeys(_lock_path(setup, release) for release in touched):
            lock = ReleaseLock(path)
            lock.acquire("rollback", setup.clock, wait=setup.lock_wait)
            held.callback(lock.free)
        run = _open(setup, wish, plan, to)
        closed = run.to_its_end()
        run.ledger.record("release.closed", closed)
        if closed.status == RollbackStatus.DONE:
            _supersede(setup, run.start)
    return result_of_run(result_of_plan(setup, wish, plan), run.start.rollback, closed)


def _destination(plan: RollbackPlan) -> Point:
    if plan.to is None or plan.assurance is None:
        raise AssertionError("a plan without a destination is not carried out")
    return plan.to


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of one rollback."""

    setup: Setup
    plan: RollbackPlan
    to: Point
    start: RollbackStart
    ledger: Ledger

    def to_its_end(self) -> ClosedRecord:
        """Move and record; return how it ended. A signal is such an end, too."""
        account = Account(self.setup, self.plan, self.to, self.start, self.ledger)
        try:
            with self._step("move tags"):
                account.begin()
                self._move()
        except PartlyPromotedError as error:
            return partly(error, self.to)
        except ShipsealError as error:
            return failed(error)
        except KeyboardInterrupt:
            return interrupted(self.ledger.state, self.to)
        try:
            with self._step("record"):
                account.give()
        except ShipsealError as error:
            return unrecorded(error)
        except KeyboardInterrupt:
            return interrupted(self.ledger.state, self.to)
        return ClosedRecord(RollbackStatus.DONE)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        clock, reporter = self.setup.clock, self.setup.reporter
        began, state = clock.monotonic(), "failed"
        reporter.step(name, "running")
        try:
            yield
            state = "done"
        finally:
            reporter.step(name, state)
            seconds = round(clock.monotonic() - began, 3)
            self.ledger.record("step", step=name, state=state, seconds=seconds)

    def _move(self) -> None:
        root = self.plan.assurance.root if self.plan.assurance else None
        if root is None:
            raise AssertionError("what was not verified is not published")
        Promotion(
            root=root,
            version=self.to.version,
            tags=self.plan.tags,
            targets=self.setup.targets,
            ledger=self.ledger,
            reporter=self.setup.reporter,
            what="rollback",
        ).run(self.plan.decisions or {})


def _open(setup: Setup, wish: Wish, plan: RollbackPlan, to: Point) -> _Run:
    """Begin a journal, or go on with the one of a rollback that was cut short."""
    start = plan.resumes.start if plan.resumes else _start(setup, wish, plan, to)
    journal = Journal(setup.state.rollback(start.rollback) / JOURNAL, setup.clock)
    ledger = Ledger(journal)
    if plan.resumes:
        ledger.record("rollback.resumed", by=wish.by)
    else:
        ledger.record(STARTED, start)
    return _Run(setup, plan, to, start, ledger)


def _start(setup: Setup, wish: Wish, plan: RollbackPlan, to: Point) -> RollbackStart:
    return RollbackStart(
        rollback=_identifier(setup, wish, to),
        image=setup.image,
        version=to.version,
        digest=to.digest,
        tags=tuple(tag.name for tag in plan.tags),
        targets=tuple(target.name for target in setup.targets),
        versions=dict(plan.versions or {}),
        by=wish.by,
        reason=wish.reason,
        old_scan=plan.assurance.old if plan.assurance else "",
    )


def _identifier(setup: Setup, wish: Wish, to: Point) -> str:
    """Return an id that no rollback of this machine has, nor, but for a rare chance, one of another."""
    stamp = rfc3339(setup.clock.now()).replace("-", "").replace(":", "")
    told = "\n".join((wish.by, to.digest, *(target.name for target in setup.targets)))
    name = f"rollback-{stamp}-{digest_of(told.encode())[7:13]}"
    taken = set(setup.state.rollbacks())
    names = (f"{name}{f'-{number}' if number else ''}" for number in range(1000))
    return next(name for name in names if name not in taken)


def _touched(setup: Setup, plan: RollbackPlan, to: Point) -> Sequence[LocalRelease]:
    """Return the releases of this machine whose journals may be written to."""
    digests = {to.digest, *(plan.versions or {})}
    digests |= {
        before
        for name, each in (plan.decisions or {}).items()
        for one in each
        if (before := plan.named_before(name, one))
    }
    releases = local_releases(setup.state, setup.image, setup.reporter)
    return [release for release in releases if release.digest in digests]


def _lock_path(setup: Setup, release: LocalRelease) -> Path:
    return setup.state.lock(setup.image, release.version)


def _supersede(setup: Setup, done: RollbackStart) -> None:
    """Close rollbacks of this image that were cut short: what they were about has been decided otherwise."""
    for known in known_rollbacks(setup.state):
        cut_short = known.open or known.state.closed is None
        own = known.start.rollback == done.rollback
        if cut_short and not own and known.start.image == done.image:
            journal = Journal(setup.state.rollback(known.start.rollback) / JOURNAL, setup.clock)
            told = ClosedRecord(RollbackStatus.SUPERSEDED, message=f"by {done.rollback}")
            Ledger(journal).record("release.closed", told)
