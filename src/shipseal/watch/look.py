"""Asks GitHub for what is judged, and for no more: jobs of the runs that count, annotations of the jobs that matter."""

from collections.abc import Collection

from shipseal.errors import Code, ShipsealError
from shipseal.github.run_values import Annotation, Job, Run
from shipseal.github.runs import GitHubRuns
from shipseal.watch.judge import is_wanted
from shipseal.watch.judge_run import watched_jobs
from shipseal.watch.values import Expectation, SeenRun, SeenWorkflow

_FIRST_RUNS = 300
"""Runs of all events that are looked through for those that count."""

_MOST_RUNS = 1_000
"""The same of one event: GitHub lists no more where there is a filter."""

_PUBLISHING = (
    "push",
    "workflow_dispatch",
    "release",
    "schedule",
    "workflow_run",
    "repository_dispatch",
    "create",
    "deployment",
)
"""Events that publish, by which runs are listed where those of pull requests stand before them."""

_MOST_ANNOTATED = 32
"""Jobs of one run whose annotations are read."""


def look(runs: GitHubRuns, file: str, expected: Expectation) -> SeenWorkflow:
    """Return a workflow with its newest runs, and what those did that count.

    Args:
        runs: of the repository.
        file: the workflow's.
        expected: what is looked for.

    Raises:
        ShipsealError: nobody could look: ``auth.github-denied``, ``service.*``, ``network.*``, ``tls.*``.
    """
    workflow = runs.workflow(file)
    if workflow is None:
        others = sorted(one.path.rpartition("/")[2] for one in runs.workflows())
        return SeenWorkflow(file, None, others=tuple(others))
    listed = _listed(runs, file, expected)
    counted = {
        run.id for run in [one for one in listed if is_wanted(one, expected)][: expected.runs]
    }
    seen = tuple(
        _closely(runs, run, expected) if run.id in counted else SeenRun(run) for run in listed
    )
    return SeenWorkflow(file, workflow, seen)


def _listed(runs: GitHubRuns, file: str, expected: Expectation) -> tuple[Run, ...]:
    """Return the newest runs, newest first, until those that count are among them."""

    def listed(most: int, event: str) -> tuple[Run, ...]:
        return runs.runs(file, most=most, branch=branch, event=event, enough=enough) or ()

    def enough(found: Collection[Run]) -> bool:
        return sum(is_wanted(run, expected) for run in found) >= expected.runs

    branch = "" if {"*", "?", "["} & set(expected.branch) else expected.branch
    if expected.event:
        return listed(_MOST_RUNS, expected.event)
    found = listed(_FIRST_RUNS, "")
    if len(found) < _FIRST_RUNS or enough(found):
        return found
    # Pull requests may be so many that what publishes is far behind them; GitHub can leave none of them out.
    more = (run for event in _PUBLISHING for run in listed(_MOST_RUNS, event))
    every = {run.id: run for run in (*found, *more)}
    return tuple(sorted(every.values(), key=lambda run: (run.created, run.id), reverse=True))


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
