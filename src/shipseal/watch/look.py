"""Asks GitHub for what is judged, and for no more: jobs of the runs that count, annotations of the jobs that matter."""

from datetime import datetime, timedelta

from shipseal.errors import Code, ShipsealError
from shipseal.github.run_values import Annotation, Job, Run
from shipseal.github.runs import GitHubRuns
from shipseal.watch.judge import is_wanted
from shipseal.watch.judge_run import watched_jobs
from shipseal.watch.values import Expectation, SeenRun, SeenWorkflow

_MOST_RUNS = 1_000
"""Runs that are looked through for those that count: GitHub lists no more where there is a filter."""

_MOST_ANNOTATED = 32
"""Jobs of one run whose annotations are read."""


def look(runs: GitHubRuns, file: str, expected: Expectation, now: datetime) -> SeenWorkflow:
    """Return a workflow with its newest runs, and what those did that count.

    Args:
        runs: of the repository.
        file: the workflow's.
        expected: what is looked for.
        now: the time.

    Raises:
        ShipsealError: nobody could look: ``auth.github-denied``, ``service.*``, ``network.*``, ``tls.*``.
    """
    workflow = runs.workflow(file)
    if workflow is None:
        others = sorted(one.path.rpartition("/")[2] for one in runs.workflows())
        return SeenWorkflow(file, None, others=tuple(others))
    listed = _listed(runs, file, expected, now)
    counted = {
        run.id for run in [one for one in listed if is_wanted(one, expected)][: expected.runs]
    }
    seen = tuple(
        _closely(runs, run, expected) if run.id in counted else SeenRun(run) for run in listed
    )
    return SeenWorkflow(file, workflow, seen)


def _listed(runs: GitHubRuns, file: str, expected: Expectation, now: datetime) -> tuple[Run, ...]:
    """Return the newest runs: those within the allowed age, else the last ones, which say since when there is none."""
    branch = "" if {"*", "?", "["} & set(expected.branch) else expected.branch
    if expected.max_age is not None:
        # Dates are whole days there; a day more costs nothing.
        since = (now - expected.max_age - timedelta(days=1)).date().isoformat()
        found = runs.runs(
            file, most=_MOST_RUNS, branch=branch, event=expected.event, created=f">={since}"
        )
        if found and any(is_wanted(run, expected) for run in found):
            return found
    return runs.runs(file, most=100, branch=branch, event=expected.event) or ()


def _closely(runs: GitHubRuns, run: Run, expected: Expectation) -> SeenRun:
    if run.status != "completed":
        return SeenRun(run)
    jobs = runs.jobs(run.id, run.attempt)
    told: list[tuple[int, tuple[Annotation, ...]]] = []
    for job in _quiet(jobs, expected):
        try:
            told.append((job.id, runs.annotations(job.id)))
        except ShipsealError as error:
            if error.code is not Code.GITHUB_DENIED:
                raise
            return SeenRun(run, jobs, (), blind=True)
    return SeenRun(run, jobs, tuple(told))


def _quiet(jobs: tuple[Job, ...], expected: Expectation) -> list[Job]:
    """Return the jobs that passed, in which a failure may have been swallowed."""
    if not expected.annotations:
        return []
    passed = [job for job in watched_jobs(jobs, expected) if job.conclusion == "success"]
    return passed[:_MOST_ANNOTATED]
