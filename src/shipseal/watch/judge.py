"""How workflows stand: absence is as bad as failure. Values in, values out; the time is given."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from shipseal.github.run_values import Run
from shipseal.watch.judge_run import run_alarms
from shipseal.watch.values import (
    Alarm,
    Expectation,
    JudgedRun,
    JudgedWorkflow,
    Kind,
    SeenRun,
    SeenWorkflow,
    Standing,
)

_ACTIVE = "active"
_COMPLETED = "completed"
_OTHER = (
    "name the file that publishes with --workflow, or in watch.actions.workflows of shipseal.yaml"
)
_AHEAD = timedelta(hours=1)
"""A run that is newer than this machine's time by more says that its clock is wrong."""
_BLIND = "failures that `continue-on-error` hides could not be looked for: the token lacks `checks: read`"


def is_wanted(run: Run, expected: Expectation) -> bool:
    """Return whether a run is one of those that publish."""
    if expected.branch and not fnmatchcase(run.branch, expected.branch):
        return False
    if expected.event:
        return run.event == expected.event
    return not run.event.startswith("pull_request") and run.event != "merge_group"


def judge(seen: SeenWorkflow, expected: Expectation, now: datetime) -> JudgedWorkflow:
    """Return how a workflow stands.

    Args:
        seen: what was found; runs newest first.
        expected: what must have happened.
        now: the time.
    """
    if seen.workflow is None:
        return JudgedWorkflow(seen.file, "", (), (_no_workflow(seen),), None, None)
    wanted = [one for one in seen.runs if is_wanted(one.run, expected)][: expected.runs]
    judged = _superseded([_judge_run(one, expected, now) for one in wanted])
    newest = max((one.run.created for one in judged), default=None)
    good = max((one.run.created for one in judged if one.standing is Standing.OK), default=None)
    alarms = [*_about_workflow(seen, expected, newest, now)]
    alarms += [alarm for one in judged if one.standing is Standing.ALARM for alarm in one.alarms]
    others = [
        JudgedRun(one.run, Standing.FORK if one.run.is_forks else Standing.NOT_JUDGED)
        for one in seen.runs
        if not is_wanted(one.run, expected)
    ]
    runs = sorted([*judged, *others[: expected.runs]], key=lambda one: one.run.created)[::-1]
    notes = (_BLIND,) if any(one.blind for one in wanted) else ()
    return JudgedWorkflow(
        seen.file, seen.workflow.url, tuple(runs), tuple(alarms), newest, good, notes
    )


def _judge_run(seen: SeenRun, expected: Expectation, now: datetime) -> JudgedRun:
    run = seen.run
    if run.status != _COMPLETED:
        took = now - run.started
        if took <= expected.longest:
            return JudgedRun(run, Standing.RUNNING)
        return JudgedRun(run, Standing.ALARM, (_stuck(run, took),))
    alarms = run_alarms(seen, expected)
    if alarms:
        return JudgedRun(run, Standing.ALARM, alarms)
    return JudgedRun(run, Standing.FORK if run.is_forks else Standing.OK)


def _superseded(runs: list[JudgedRun]) -> list[JudgedRun]:
    """Return the runs, where one that a newer good run of the same branch and event made good alarms nobody."""
    good: set[tuple[str, str]] = set()
    told = []
    for one in runs:
        line = (one.run.branch, one.run.event)
        over = one.standing is Standing.ALARM and line in good
        told.append(JudgedRun(one.run, Standing.SUPERSEDED, one.alarms) if over else one)
        if one.standing is Standing.OK:
            good.add(line)
    return told


def _about_workflow(
    seen: SeenWorkflow, expected: Expectation, newest: datetime | None, now: datetime
) -> Iterator[Alarm]:
    workflow = seen.workflow
    if workflow is not None and workflow.state != _ACTIVE:
        gone = workflow.state == "deleted"
        yield Alarm(
            Kind.WORKFLOW_DISABLED,
            f"{seen.file} is {workflow.state.replace('_', ' ')}: nothing starts it",
            _OTHER if gone else f"enable it: gh workflow enable {seen.file}",
            url=workflow.url,
        )
    if expected.max_age is None and newest is not None:
        return
    if newest is not None and newest - now > _AHEAD:
        yield _wrong_clock(seen, newest - now)
    elif newest is None or (expected.max_age is not None and now - newest > expected.max_age):
        yield _no_run(seen, expected, newest, now)


def _no_run(
    seen: SeenWorkflow, expected: Expectation, newest: datetime | None, now: datetime
) -> Alarm:
    asked = [f"branch {expected.branch}"] if expected.branch else []
    asked += [f"event {expected.event}"] if expected.event else []
    which = f" of {' and '.join(asked)}" if asked else ""
    span = f" in {span_text(expected.max_age)}" if expected.max_age is not None else ""
    last = f"the last one is {span_text(now - newest)} old" if newest else "none at all was found"
    return Alarm(
        Kind.NO_RUN,
        f"no run of {seen.file}{which}{span}; {last}",
        "is its trigger still right, and does something still cause it? A longer wait is stated with --max-age",
        url=seen.workflow.url if seen.workflow else "",
    )


def _wrong_clock(seen: SeenWorkflow, ahead: timedelta) -> Alarm:
    return Alarm(
        Kind.NO_RUN,
        f"the newest run of {seen.file} is {span_text(ahead)} in the future: absence cannot be seen",
        "set the clock of this machine: by a clock that is behind, no run is ever too old",
        url=seen.workflow.url if seen.workflow else "",
    )


def _no_workflow(seen: SeenWorkflow) -> Alarm:
    there = ", ".join(seen.others[:20]) or "none"
    return Alarm(
        Kind.WORKFLOW_MISSING,
        f"there is no workflow {seen.file}; there are: {there}",
        _OTHER,
    )


def _stuck(run: Run, took: timedelta) -> Alarm:
    return Alarm(
        Kind.STUCK,
        f"the run is {run.status.replace('_', ' ')} for {span_text(took)}",
        "does it wait for a runner or an approval? Its page says; a run that hangs is cancelled and run again",
        url=run.url,
        run=run.id,
    )


def span_text(span: timedelta) -> str:
    """Return a span of time in its largest whole unit: ``7 d``, ``5 h``, ``12 min``."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
