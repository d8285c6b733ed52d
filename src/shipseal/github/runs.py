"""Runs of GitHub Actions: what ran, which jobs and steps it had, what failed in silence, and the logs.

Source: GitHub's documentation, "REST API endpoints for" workflows, workflow runs, workflow jobs, and check runs.
"""

from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import GIB, MIB, Limit
from shipseal.errors import Code, GitHubError
from shipseal.github.hosts import Repository
from shipseal.github.refusals import nonsense, shown
from shipseal.github.rest import GitHubRest
from shipseal.github.run_logs import RunLogs
from shipseal.github.run_values import Annotation, Job, Run, Step, Workflow
from shipseal.github.runs_wire import (
    AnnotationAnswer,
    JobsAnswer,
    RunAnswer,
    RunsAnswer,
    WorkflowAnswer,
    WorkflowsAnswer,
)

_PAGE = Limit("page of runs", 32 * MIB, "100 runs with all that GitHub says of each")
_ARCHIVE = Limit("log archive", GIB // 2, "logs of text are packed to a twentieth")
_PER_PAGE = 100
_MOST_PAGES = 20
_NO_RUN = "its number stands in the address of its page: …/actions/runs/NUMBER"


class GitHubRuns:
    """Reads one repository's runs.

    Args:
        rest: asks GitHub; with the wording for runs (:data:`~shipseal.github.wording.RUNS`).
        repository: which.
    """

    def __init__(self, rest: GitHubRest, repository: Repository) -> None:
        self.repository = repository
        self._rest = rest
        self._url = f"{rest.host.api}/repos/{repository}"

    def workflows(self) -> tuple[Workflow, ...]:
        """Return all workflows.

        Raises:
            ShipsealError: ``auth.github-denied`` when it is hidden or forbidden, or ``service.*``, ``network.*``,
                ``tls.*``.
        """
        found: list[WorkflowAnswer] = []
        for page in range(1, _MOST_PAGES + 1):
            listed = self._got("/actions/workflows", {"page": page}, WorkflowsAnswer).workflows
            found += listed
            if len(listed) < _PER_PAGE:
                break
        return tuple(Workflow(one.name, one.path, one.state, one.html_url) for one in found)

    def workflow(self, file: str) -> Workflow | None:
        """Return a workflow by the name of its file; None when there is no such workflow.

        Args:
            file: ``release.yml`` or ``.github/workflows/release.yml``.

        Raises:
            ShipsealError: as :meth:`workflows`.
        """
        one = self._found(f"/actions/workflows/{_file(file)}", {}, WorkflowAnswer)
        return Workflow(one.name, one.path, one.state, one.html_url) if one else None

    def runs(
        self,
        workflow: str = "",
        *,
        most: int,
        branch: str = "",
        event: str = "",
        enough: Callable[[Collection[Run]], bool] = lambda _: False,
    ) -> tuple[Run, ...] | None:
        """Return the newest runs, newest first; None when there is no such workflow.

        Args:
            workflow: the name of its file; empty for all workflows.
            most: how many at most.
            branch: of this branch or tag alone.
            event: started by this alone.
            enough: asked after each page; when it says yes, no further one is fetched.

        Raises:
            ShipsealError: as :meth:`workflows`.
        """
        path = f"/actions/workflows/{_file(workflow)}/runs" if workflow else "/actions/runs"
        stated = {"branch": branch, "event": event}
        query = {key: value for key, value in stated.items() if value}
        # A run that begins meanwhile moves the others on, so that a page begins with the end of the last one.
        found: dict[int, Run] = {}
        for page in range(1, _MOST_PAGES + 1):
            wanted = {**query, "page": page, "per_page": min(most, _PER_PAGE)}
            listed = self._found(path, wanted, RunsAnswer)
            if listed is None:
                return None
            found |= {run.id: run for run in map(_run, listed.workflow_runs)}
            last = len(listed.workflow_runs) < min(most, _PER_PAGE)
            if last or len(found) >= most or enough(found.values()):
                break
        return tuple(found.values())[:most]

    def run(self, number: int) -> Run:
        """Return one run.

        Raises:
            GitHubError: ``github.refused``: there is no such run.
            ShipsealError: as :meth:`workflows`.
        """
        found = self._found(f"/actions/runs/{number}", {}, RunAnswer)
        if found is None:
            raise self._missing(f"run {number}")
        return _run(found)

    def jobs(self, number: int, attempt: int) -> tuple[Job, ...]:
        """Return all jobs of an attempt, with their steps.

        Raises:
            GitHubError: ``github.refused``: there is no such run or attempt.
            ShipsealError: as :meth:`workflows`.
        """
        path = f"/actions/runs/{number}/attempts/{attempt}/jobs"
        found: list[Job] = []
        for page in range(1, _MOST_PAGES + 1):
            listed = self._found(path, {"page": page}, JobsAnswer)
            if listed is None:
                raise self._missing(f"run {number}, attempt {attempt}")
            found += map(_job, listed.jobs)
            if len(listed.jobs) < _PER_PAGE:
                break
        return tuple(found)

    def annotations(self, job: int) -> tuple[Annotation, ...]:
        """Return what a job told: a step that failed with ``continue-on-error`` is seen here alone.

        Raises:
            ShipsealError: as :meth:`workflows`.
        """
        found = self._found(f"/check-runs/{job}/annotations", {}, list[AnnotationAnswer]) or []
        return tuple(
            Annotation(
                one.annotation_level or "", one.message or "", one.title or "", one.path or ""
            )
            for one in found
        )

    def logs(self, number: int, attempt: int) -> RunLogs:
        """Return the logs of an attempt, in a temporary file that goes when they are closed.

        Raises:
            GitHubError: ``github.refused``: they are gone (410), or there is no such run; ``auth.github-denied``.
            ShipsealError: as :meth:`workflows`; ``service.outage`` for what is no archive of logs.
            OSError: the temporary file cannot be written.
        """
        self.run(number)
        url = f"{self._url}/actions/runs/{number}/attempts/{attempt}/logs"
        what = f"logs of run {number} of {self.repository}"
        return RunLogs.fetched(lambda file: self._rest.download(url, _ARCHIVE, file), what)

    def close(self) -> None:
        """Close all connections."""
        self._rest.close()

    def _missing(self, what: str) -> GitHubError:
        return GitHubError(
            Code.GITHUB_REFUSED, f"GitHub: {self.repository}: no {what}", hint=_NO_RUN
        )

    def _got(self, path: str, query: Mapping[str, object], type_: Any) -> Any:
        return self._decoded(path, query, type_, frozenset())

    def _found(self, path: str, query: Mapping[str, object], type_: Any) -> Any:
        """Return what is there; None for nothing, which must not be a repository that is hidden."""
        found = self._decoded(path, query, type_, frozenset({HTTPStatus.NOT_FOUND}))
        if found is None:
            self._got("", {}, Any)
        return found

    def _decoded(
        self, path: str, query: Mapping[str, object], type_: Any, final: frozenset[int]
    ) -> Any:
        asked = {"per_page": _PER_PAGE, **query}
        url = f"{self._url}{path}?{urlencode(asked)}" if path else self._url
        answer = self._rest.get(url, _PAGE, final=final)
        if answer.status in final:
            return None
        try:
            return msgspec.json.decode(answer.body, type=type_)
        except NOT_JSON as error:
            raise nonsense(shown("GET", url), str(error)) from error


def _file(name: str) -> str:
    return quote(name.rpartition("/")[2], safe="")


def _run(one: RunAnswer) -> Run:
    return Run(
        id=one.id,
        workflow=one.name or "",
        path=(one.path or "").partition("@")[0],
        title=one.display_title or "",
        event=one.event,
        branch=one.head_branch or "",
        commit=one.head_sha,
        status=one.status or "",
        conclusion=one.conclusion or "",
        attempt=one.run_attempt or 1,
        created=one.created_at,
        started=one.run_started_at or one.created_at,
        repository=one.repository.full_name if one.repository else "",
        head_repository=one.head_repository.full_name if one.head_repository else "",
        url=one.html_url,
    )


def _job(one: Any) -> Job:
    steps = (
        Step(
            name=step.name,
            status=step.status or "",
            conclusion=step.conclusion or "",
            number=step.number,
            started=step.started_at,
            completed=step.completed_at,
        )
        for step in one.steps or ()
    )
    return Job(
        id=one.id,
        name=one.name,
        status=one.status or "",
        conclusion=one.conclusion or "",
        started=one.started_at,
        completed=one.completed_at,
        steps=tuple(sorted(steps, key=lambda step: step.number)),
        url=one.html_url or "",
    )
