"""Runs, jobs and workflows as GitHub's API spells them; gh reads them, and a test holds that."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shipseal.testing.served_runs import ServedJob, ServedRun

Document = Mapping[str, Any]
_JOB_TIME, _RUN_TIME = timedelta(minutes=3), timedelta(minutes=4)


def workflow_document(page: str, file: str, number: int, state: str) -> Document:
    """Return a workflow; ``page`` is the address of the repository's."""
    return {
        "id": number,
        "name": file.partition(".")[0],
        "path": f".github/workflows/{file}",
        "state": state,
        "html_url": f"{page}/actions/workflows/{file}",
    }


def run_document(page: str, repository: str, run: ServedRun, workflow: int) -> Document:
    """Return a run; ``workflow`` is the number of its workflow."""
    head = run.head_repository if run.head_repository != "" else repository
    return {
        "id": run.id,
        "name": run.file.partition(".")[0],
        "path": f".github/workflows/{run.file}",
        "workflow_id": workflow,
        "run_number": 1,
        "jobs_url": f"https://api.github.com/repos/{repository}/actions/runs/{run.id}/jobs",
        "display_title": f"{run.event} {run.branch}",
        "event": run.event,
        "head_branch": run.branch,
        "head_sha": "a" * 40,
        "status": run.status,
        "conclusion": run.conclusion,
        "run_attempt": len(run.attempts),
        "created_at": _time(run.created),
        "run_started_at": _time(run.created),
        "updated_at": _time(run.created + _RUN_TIME),
        "html_url": f"{page}/actions/runs/{run.id}",
        "repository": _repository(repository),
        "head_repository": _repository(head) if head is not None else None,
    }


def job_document(page: str, run: ServedRun, job: ServedJob) -> Document:
    """Return a job with its steps."""
    began = job.started or run.created
    steps = [
        {
            "name": step.name,
            "number": number,
            "status": "completed" if step.conclusion else "in_progress",
            "conclusion": step.conclusion,
            "started_at": _time(began),
            "completed_at": _time(began) if step.conclusion else None,
        }
        for number, step in enumerate(job.steps, 1)
    ]
    return {
        "id": job.id,
        "run_id": run.id,
        "name": job.name,
        "status": job.status,
        "conclusion": job.conclusion,
        "started_at": _time(began),
        "completed_at": _time(began + _JOB_TIME) if job.conclusion else None,
        "html_url": f"{page}/actions/runs/{run.id}/job/{job.id}",
        "steps": steps,
    }


def annotation_documents(job: ServedJob) -> list[Document]:
    """Return what a job told."""
    return [
        {
            "path": path[0] if path else ".github",
            "annotation_level": level,
            "message": words,
            "title": None,
        }
        for level, words, *path in job.annotations
    ]


def _repository(name: str) -> Document:
    owner, _, own = name.partition("/")
    return {"full_name": name, "name": own, "owner": {"login": owner}}


def _time(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
