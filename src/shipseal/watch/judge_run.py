"""What a run that is over says of the jobs and steps that were expected in it. Values in, values out."""

from collections.abc import Iterable, Iterator
from functools import partial

from shipseal.github.run_values import Job, Step
from shipseal.watch.names import is_job, names_of, nearest
from shipseal.watch.values import Alarm, Expectation, Kind, SeenRun

_GOOD = "success"
_PASSING = frozenset({_GOOD, "neutral", "skipped"})
_KINDS = {
    "cancelled": Kind.CANCELLED,
    "timed_out": Kind.TIMED_OUT,
    "skipped": Kind.SKIPPED,
}
_LOOK = "`shipseal diagnose --github-run {run}` says why it failed"
_AGAIN = "run it again when you know why: a cancelled release is resumed"
_RENAMED = "if it was renamed, name it so in watch.actions of shipseal.yaml; if it was taken out, nothing does it now"
_CONDITION = "look at the `if:` and `needs:` of it, and of the jobs before it"
_SWALLOWED = "take `continue-on-error` away: a release must end when this fails"
_MOST_NAMES = 8
_MOST_TOLD = 200


def run_alarms(seen: SeenRun, expected: Expectation) -> tuple[Alarm, ...]:
    """Return what is wrong with a run that is complete, worst first; nothing when it is as it must be."""
    broken = tuple(_broken(seen))
    if broken:
        # What comes after a failure is skipped, and what is missing then says nothing.
        return broken
    absent = () if seen.run.is_forks else _absent(seen, expected)
    return (*absent, *_swallowed(seen, expected))


def watched_jobs(jobs: Iterable[Job], expected: Expectation) -> tuple[Job, ...]:
    """Return the jobs that something is expected of."""
    return tuple(
        job
        for job in jobs
        if any(is_job(name, job.name) for name in expected.jobs)
        or any(step.name in expected.steps for step in job.steps)
    )


def _broken(seen: SeenRun) -> Iterator[Alarm]:
    run = seen.run
    if run.conclusion in _PASSING:
        return
    alarm = partial(_alarm, seen)
    for job in seen.jobs:
        if job.conclusion in _PASSING or not job.conclusion:
            continue
        step = next((one for one in job.steps if one.conclusion not in (*_PASSING, "")), None)
        where = f"job {job.name!r}" + (f", step {step.name!r}" if step else "")
        yield alarm(
            _KINDS.get(job.conclusion, Kind.FAILED),
            f"{where}: {_words(job.conclusion)}",
            _hint(seen, job.conclusion),
            job=job,
            step=step.name if step else "",
        )
    if all(job.conclusion in _PASSING or not job.conclusion for job in seen.jobs):
        kind = _KINDS.get(run.conclusion, Kind.FAILED)
        yield alarm(kind, f"the run: {_words(run.conclusion)}", _hint(seen, run.conclusion))


def _hint(seen: SeenRun, conclusion: str) -> str:
    if conclusion == "cancelled":
        return _AGAIN
    if conclusion == "startup_failure":
        return "the workflow's file is wrong: `shipseal doctor workflow FILE` or the run's page says where"
    return _LOOK.format(run=seen.run.id)


def _absent(seen: SeenRun, expected: Expectation) -> Iterator[Alarm]:
    for name in expected.jobs:
        found = [job for job in seen.jobs if is_job(name, job.name)]
        if not found:
            yield _no_job(seen, name)
        for job in found:
            if job.conclusion != _GOOD:
                yield _not_done(seen, job, "", job.conclusion)
    for name in expected.steps:
        steps = [(job, step) for job in seen.jobs for step in job.steps if step.name == name]
        if not steps:
            yield _no_step(seen, name)
        for job, step in steps:
            if step.conclusion != _GOOD and not _told_of(job, expected):
                yield _not_done(seen, job, step.name, step.conclusion)


def _told_of(job: Job, expected: Expectation) -> bool:
    """Return whether the whole job is told of already."""
    return job.conclusion != _GOOD and any(is_job(name, job.name) for name in expected.jobs)


def _not_done(seen: SeenRun, job: Job, step: str, conclusion: str) -> Alarm:
    where = f"step {step!r} of job {job.name!r}" if step else f"job {job.name!r}"
    if conclusion == "skipped":
        return _alarm(
            seen,
            Kind.SKIPPED,
            f"{where} was skipped, and the run passed",
            _CONDITION,
            job=job,
            step=step,
        )
    told = f"{where}: {_words(conclusion)}, and the run passed all the same"
    return _alarm(seen, Kind.SWALLOWED, told, _SWALLOWED, job=job, step=step)


def _swallowed(seen: SeenRun, expected: Expectation) -> Iterator[Alarm]:
    """Yield failures that no conclusion shows: a step with ``continue-on-error`` counts as a success."""
    told = dict(seen.told)
    for job in watched_jobs(seen.jobs, expected):
        if job.conclusion != _GOOD or any(_failed(step) for step in job.steps):
            continue
        # What is about a line of a file is what a linter found, and no step that failed.
        words = [
            one.message
            for one in told.get(job.id, ())
            if one.level == "failure" and one.path in ("", ".github")
        ]
        if words:
            message = f"job {job.name!r} passed, and told of a failure: {_line(words[0])}"
            yield _alarm(seen, Kind.SWALLOWED, message, _SWALLOWED, job=job)


def _line(text: str) -> str:
    """Return its beginning as one line: what begins a line in a job's log may be a command to its runner."""
    return " ".join(text.split())[:_MOST_TOLD]


def _failed(step: Step) -> bool:
    return step.conclusion not in (*_PASSING, "")


def _no_job(seen: SeenRun, name: str) -> Alarm:
    names = [job.name for job in seen.jobs]
    told = f"no job {name!r} in the run; there {_listed(names)}"
    like = sorted({one for job in names for one in names_of(job)})
    return _alarm(seen, Kind.JOB_MISSING, told, _renamed(name, like), job_name=name)


def _no_step(seen: SeenRun, name: str) -> Alarm:
    idle = [job.name for job in seen.jobs if job.conclusion == "skipped"]
    names = [step.name for job in seen.jobs for step in job.steps]
    told = f"no step {name!r} in any job of the run"
    if idle:
        told += f"; skipped as a whole {_listed(idle)}"
    hint = _CONDITION if idle else _renamed(name, names)
    return _alarm(seen, Kind.STEP_MISSING, told, hint, step=name)


def _renamed(name: str, names: Iterable[str]) -> str:
    like = nearest(name, names)
    return f"is it {like!r} now? {_RENAMED}" if like else _RENAMED


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_MOST_NAMES])) or "none"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{'is' if len(names) == 1 else 'are'} {shown}{more}"


def _words(conclusion: str) -> str:
    return conclusion.replace("_", " ") or "no conclusion"


def _alarm(
    seen: SeenRun,
    kind: Kind,
    message: str,
    hint: str,
    *,
    job: Job | None = None,
    step: str = "",
    job_name: str = "",
) -> Alarm:
    return Alarm(
        kind,
        message,
        hint,
        job=job.name if job else job_name,
        step=step,
        url=job.url if job else seen.run.url,
        run=seen.run.id,
    )
