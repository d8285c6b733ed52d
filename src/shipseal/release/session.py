"""One run of a release from the lock to the closed journal; and how one is given up."""

import contextlib
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from shipseal._internal.clock import Clock, SteadyClock, parse_rfc3339, rfc3339
from shipseal._internal.durable import disk_errors
from shipseal.build.interface import BuildRequest
from shipseal.errors import Code, ConfigError, ReleaseError, ShipsealError
from shipseal.release.cancel import Cancel
from shipseal.release.checklist import checklist
from shipseal.release.checklist_page import write_checklist
from shipseal.release.context import Context, Mode, Origin, Parts, Rules
from shipseal.release.expenses import budget_record
from shipseal.release.folders import ATTEMPT, JOURNAL, RESULTS, StateFolder
from shipseal.release.holding import Holding
from shipseal.release.journal import Journal, damage_of, read_journal
from shipseal.release.known import Known, known
from shipseal.release.ledger import Ledger
from shipseal.release.lock import ReleaseLock, StateUse
from shipseal.release.records import Plan
from shipseal.release.result import ReleaseResult, Status, result_of
from shipseal.release.retold import RetoldReporter
from shipseal.release.runner import Runner
from shipseal.release.state import replay
from shipseal.release.steps.traced import UntracedError
from shipseal.release.sweep import make_ready

_BEHIND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that one run needs, before it has a journal.

    Attributes:
        state: the state folder.
        plan: what the release is about.
        parts: what touches the world.
        rules: what decides.
        mode: how far this run goes.
        origin: where the image comes from.
        request: what to build.
        lock_wait: seconds to wait for another release of the same version.
        holding: what is done while somebody else has an outage; None does not wait, and looks at no status page.
    """

    state: StateFolder
    plan: Plan
    parts: Parts
    rules: Rules
    mode: Mode
    origin: Origin
    request: BuildRequest
    lock_wait: float = 0.0
    holding: Holding | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended.

    Attributes:
        result: what it came to.
        results: the folder with what it found.
    """

    result: ReleaseResult
    results: Path


def run(setup: Setup) -> Ended:
    """Run a release, going on from whatever its journal says is done.

    A rehearsal (a dry run, a fork) and a second run of a release that is done work on a copy of the journal: whatever
    they come to, the account of what is public stays. The copy takes its place when that second run is done, too.

    Raises:
        ReleaseError: ``release.locked``.
        UntracedError: it was to go on, and nothing of it is anywhere; it leaves nothing, either.
        ShipsealError: the state folder cannot be written.
    """
    plan = setup.plan
    lock = ReleaseLock(setup.state.lock(plan.image, plan.version))
    lock.acquire(plan.release, setup.parts.clock, wait=setup.lock_wait)
    try:
        with StateUse(setup.state.use).running():
            return _run_locked(setup)
    except UntracedError:
        _forget(setup)
        raise
    finally:
        lock.free()


def _forget(setup: Setup) -> None:
    """Remove what was begun; a next run would find the journal, and take a mistyped version for a release."""
    home = setup.state.release(setup.plan.release)
    shutil.rmtree(setup.request.work, ignore_errors=True)
    with disk_errors(home):
        (home / JOURNAL).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # what a rehearsal found stays
        home.rmdir()


def _run_locked(setup: Setup) -> Ended:
    plan = setup.plan
    home = setup.state.release(plan.release)
    if left := make_ready(setup.state, home):
        setup.parts.reporter.note(
            f"a run that was killed had left {left} unfinished files: removed"
        )
    _tell_of_damage(setup, home / JOURNAL)
    folder = _attempt(home, setup.mode)
    ledger = Ledger(Journal(folder / JOURNAL, setup.parts.clock))
    if isinstance(setup.parts.reporter, RetoldReporter):
        setup.parts.reporter.keep_in(ledger)
    _go_on_in_time(setup, ledger)
    _open(ledger, plan, setup.mode)
    setup.parts.turns.begin()
    ledger.record("budget.chosen", budget_record(setup.parts.turns.budget))
    result = _run_through(setup, folder, ledger)
    if result.status == Status.DONE:
        _settle(home, folder)
        folder = home
        shutil.rmtree(setup.request.work, ignore_errors=True)
    _tick(setup, folder, ledger)
    return Ended(result, folder / RESULTS)


def _tell_of_damage(setup: Setup, journal: Path) -> None:
    if damage := damage_of(journal):
        setup.parts.reporter.note(
            f"{journal}: line {damage.line} is none, and {damage.lost} whole lines behind it are not believed: "
            "what they told of is looked for at the targets, or done again"
        )


def _tick(setup: Setup, folder: Path, ledger: Ledger) -> None:
    """Leave the checklist beside the results; a disk that is full now undoes nothing that was done."""
    try:
        write_checklist(folder / RESULTS, checklist(ledger.state))
    except ShipsealError as error:
        setup.parts.reporter.note(f"the checklist was not written: {error.message}")


def _run_through(setup: Setup, folder: Path, ledger: Ledger) -> ReleaseResult:
    """Run until the release ends for a reason that does not pass by itself, or there is no time to wait for that."""
    holding = setup.holding
    if holding is None:
        return Runner(_context(setup, folder, ledger)).run()
    holding.keep(ledger)
    while True:
        context = _context(setup, folder, ledger)
        runner = Runner(context, partial(holding.note, ledger), holding.tags_move)
        runner.run()
        try:
            again = holding.goes_on(ledger)
        except KeyboardInterrupt:
            return runner.interrupted()
        if not again:
            return result_of(ledger.state)
        # The image that was built stays: what goes on is the same release.
        setup = replace(setup, mode=replace(setup.mode, resumed=True))
        setup.parts.turns.begin()
        _open(ledger, setup.plan, setup.mode)


def _go_on_in_time(setup: Setup, ledger: Ledger) -> None:
    """Let a release's time not run backwards when the clock was set back, by a day at most, since its last run.

    Its scan would have ended in the future, and its evidence would verify nowhere until the clock has caught up. What
    is further ahead tells of a clock that was wrong then: nobody knows which times to believe, and what is too old, or
    from the future, is done again.
    """
    clock, last = setup.parts.clock, ledger.state.last
    if not isinstance(clock, SteadyClock) or not last:
        return
    moment, now = parse_rfc3339(last), clock.now()
    if timedelta() < moment - now <= _BEHIND:
        setup.parts.reporter.note(
            f"it is {rfc3339(now)} by this machine's clock, and the last run ended at {last}: times go on from there"
        )
        clock.go_on_from(moment)


def _attempt(home: Path, mode: Mode) -> Path:
    """Return the folder that a run writes to: the release's own, or a copy that may be thrown away."""
    events = read_journal(home / JOURNAL)
    if mode.publishes and replay(events).status != Status.DONE:
        return home
    folder = home / ATTEMPT
    shutil.rmtree(folder, ignore_errors=True)
    with disk_errors(folder):
        folder.mkdir(parents=True)
        if events:
            shutil.copy(home / JOURNAL, folder / JOURNAL)
    return folder


def _settle(home: Path, folder: Path) -> None:
    """Let a second run that is done stand for the release; its results are there when it made any."""
    if folder == home:
        return
    with disk_errors(home):
        (folder / JOURNAL).replace(home / JOURNAL)
        if (folder / RESULTS).is_dir():
            shutil.rmtree(home / RESULTS, ignore_errors=True)
            (folder / RESULTS).rename(home / RESULTS)
    shutil.rmtree(folder, ignore_errors=True)


def _context(setup: Setup, folder: Path, ledger: Ledger) -> Context:
    return Context(
        parts=setup.parts,
        rules=setup.rules,
        mode=setup.mode,
        origin=setup.origin,
        request=setup.request,
        image_name=setup.plan.image,
        folder=folder,
        ledger=ledger,
        cancel=Cancel(setup.parts.turns.call_off),
    )


def _open(ledger: Ledger, plan: Plan, mode: Mode) -> None:
    """Note that a run begins, and how far it goes: a rehearsal is no release that could be resumed."""
    state = ledger.state
    same = state.plan == plan and not state.aborted
    kind, record = ("release.resumed", None) if same else ("release.started", plan)
    ledger.record(kind, record, dry_run=mode.dry_run, fork=mode.fork)


def abort(state: StateFolder, identifier: str, clock: Clock) -> Known:
    """Give a release up: it is not resumed any more, and its work folder is removed. Targets are not touched.

    Raises:
        ConfigError: there is none with that id, or it is done.
        ReleaseError: ``release.locked``: it is running.
    """
    found = known(state, identifier)
    if found.holder:
        raise ReleaseError(
            Code.RELEASE_LOCKED,
            f"release {identifier} is running: process {found.holder.pid} on {found.holder.host}",
            hint=f"end it first (kill {found.holder.pid}); it stops at once and can be resumed or aborted then",
            retryable=True,
        )
    if found.state.status == Status.DONE:
        raise ConfigError(
            f"release {identifier} is done: its tags are public",
            hint="a finished release is not aborted",
        )
    Ledger(Journal(state.journal(identifier), clock)).record("release.aborted")
    shutil.rmtree(work_folder(state, identifier), ignore_errors=True)
    return known(state, identifier)


def work_folder(state: StateFolder, identifier: str) -> Path:
    """Return the folder in which builders work for a release."""
    return state.release(identifier) / "work"
