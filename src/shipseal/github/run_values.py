"""What GitHub Actions ran: workflows, runs, jobs and steps, as values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow as GitHub knows it.

    Attributes:
        name: that people see.
        path: of its file, such as ``.github/workflows/release.yml``.
        state: ``active``, ``disabled_manually``, ``disabled_inactivity``, ``disabled_fork`` or ``deleted``.
        url: of its page.
    """

    name: str
    path: str
    state: str
    url: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a workflow.

    Attributes:
        id: of the run.
        workflow: its name.
        path: of the workflow's file.
        title: of the run.
        event: what started it: ``push``, ``pull_request``, ….
        branch: branch or tag; empty where GitHub says none.
        commit: what it ran on.
        status: ``queued``, ``in_progress``, ``completed``, ….
        conclusion: ``success``, ``failure``, ``cancelled``, ``skipped``, ``timed_out``, …; empty until it is complete.
        attempt: the last one, from 1.
        created: when it was asked for.
        started: when this attempt began.
        repository: whose run it is, ``OWNER/NAME``.
        head_repository: where the commit comes from; a fork's is another. Empty when that is gone.
        url: of its page.
    """

    id: int
    workflow: str
    path: str
    title: str
    event: str
    branch: str
    commit: str
    status: str
    conclusion: str
    attempt: int
    created: datetime
    started: datetime
    repository: str
    head_repository: str
    url: str

    @property
    def is_forks(self) -> bool:
        """Whether it is a pull request's from another repository."""
        from_pull = self.event.startswith("pull_request")
        return from_pull and self.head_repository.lower() != self.repository.lower()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job.

    Attributes:
        name: that the workflow or the runner gives it.
        status: as of a run.
        conclusion: as of a run; ``success`` too where it failed with ``continue-on-error``.
        number: its place.
        started: when; None when it did not.
        completed: when; None when it is not.
    """

    name: str
    status: str
    conclusion: str
    number: int
    started: datetime | None
    completed: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a run.

    Attributes:
        id: of the job, and of its check run.
        name: as people see it: ``scan (amd64)`` of a matrix, ``caller / scan`` of a reusable workflow.
        status: as of a run.
        conclusion: as of a run.
        started: when; None when it did not.
        completed: when; None when it is not.
        steps: in order; none of a job that was skipped.
        url: of its page.
    """

    id: int
    name: str
    status: str
    conclusion: str
    started: datetime | None
    completed: datetime | None
    steps: tuple[Step, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a job told, beside its log.

    Attributes:
        level: ``notice``, ``warning`` or ``failure``.
        message: GitHub's or the tool's words.
        title: of it; may be empty.
        path: of the file that it is about; ``.github`` where it is about none.
    """

    level: str
    message: str
    title: str
    path: str = ""
