"""Runs, jobs and steps as GitHub spells them: only what is needed, with every null that its schema allows.

Source: GitHub's OpenAPI description, schemas ``workflow-run``, ``job``, ``workflow`` and ``check-annotation``.
"""

from datetime import datetime

import msgspec


class RepositoryAnswer(msgspec.Struct, frozen=True):
    """A repository, by its name."""

    full_name: str


class WorkflowAnswer(msgspec.Struct, frozen=True):
    """A workflow."""

    name: str
    path: str
    state: str
    html_url: str


class WorkflowsAnswer(msgspec.Struct, frozen=True):
    """A page of workflows."""

    workflows: list[WorkflowAnswer]


class RunAnswer(msgspec.Struct, frozen=True):
    """A run."""

    id: int
    event: str
    head_sha: str
    html_url: str
    created_at: datetime
    name: str | None = None
    path: str | None = None
    display_title: str | None = None
    head_branch: str | None = None
    status: str | None = None
    conclusion: str | None = None
    run_attempt: int | None = None
    run_started_at: datetime | None = None
    repository: RepositoryAnswer | None = None
    head_repository: RepositoryAnswer | None = None


class RunsAnswer(msgspec.Struct, frozen=True):
    """A page of runs."""

    workflow_runs: list[RunAnswer]


class StepAnswer(msgspec.Struct, frozen=True):
    """A step."""

    name: str
    number: int
    status: str | None = None
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


class JobAnswer(msgspec.Struct, frozen=True):
    """A job."""

    id: int
    name: str
    status: str | None = None
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    html_url: str | None = None
    steps: list[StepAnswer] | None = None


class JobsAnswer(msgspec.Struct, frozen=True):
    """A page of jobs."""

    jobs: list[JobAnswer]


class AnnotationAnswer(msgspec.Struct, frozen=True):
    """An annotation of a check run."""

    annotation_level: str | None = None
    message: str | None = None
    title: str | None = None
    path: str | None = None
