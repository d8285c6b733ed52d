"""What is expected of the workflows that publish, and what was found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shipseal.github.run_values import Annotation, Job, Run, Workflow

DEFAULT_WORKFLOWS = ("release.yml",)
DEFAULT_JOBS = ("sbom-scan",)
DEFAULT_STEPS = ("Attest build provenance", "Attest SBOM")
DEFAULT_RUNS = 5
DEFAULT_MAX_AGE = timedelta(days=7)
DEFAULT_LONGEST = timedelta(hours=6)
"""As long as GitHub lets a job on its own runners take."""


class Kind(StrEnum):
    """What an alarm is about."""

    WORKFLOW_MISSING = "workflow-missing"
    WORKFLOW_DISABLED = "workflow-disabled"
    NO_RUN = "no-run"
    JOB_MISSING = "job-missing"
    STEP_MISSING = "step-missing"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    SWALLOWED = "swallowed"
    STUCK = "stuck"


class Standing(StrEnum):
    """How a run stands."""

    OK = "ok"
    ALARM = "alarm"
    RUNNING = "running"
    SUPERSEDED = "superseded"
    FORK = "fork"
    NOT_JUDGED = "not-judged"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must happen by itself.

    Attributes:
        workflows: names of their files.
        jobs: names, without what a matrix or a calling workflow adds; each must be in every run.
        steps: names; each must be in at least one job of every run.
        branch: runs of this branch or tag alone; ``*`` and ``?`` match; empty for all.
        event: runs of this event alone; empty for all but pull requests, which publish nothing.
        runs: how many of the newest runs are judged, 1 to 100.
        max_age: the newest run must not be older; None when it may.
        longest: a run that takes longer is stuck.
        annotations: whether a job that passed and told of an error is an alarm.
    """

    workflows: tuple[str, ...] = DEFAULT_WORKFLOWS
    jobs: tuple[str, ...] = DEFAULT_JOBS
    steps: tuple[str, ...] = DEFAULT_STEPS
    branch: str = ""
    event: str = ""
    runs: int = DEFAULT_RUNS
    max_age: timedelta | None = DEFAULT_MAX_AGE
    longest: timedelta = DEFAULT_LONGEST
    annotations: bool = True


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run with what it did.

    Attributes:
        run: the run.
        jobs: of its last attempt; none while it runs, and of one that is not judged.
        told: annotations by the id of the job.
        blind: whether annotations could not be read, so that failures which a job swallows are not seen.
    """

    run: Run
    jobs: tuple[Job, ...] = ()
    told: tuple[tuple[int, tuple[Annotation, ...]], ...] = ()
    blind: bool = False


@dataclass(frozen=True, slots=True)
class SeenWorkflow:
    """A workflow with its newest runs.

    Attributes:
        file: its name as expected.
        workflow: None when there is none.
        runs: newest first, those of pull requests included.
        others: files of the workflows that there are, when this one is not.
    """

    file: str
    workflow: Workflow | None
    runs: tuple[SeenRun, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person must look at.

    Attributes:
        kind: see :class:`Kind`.
        message: a sentence.
        hint: what to do.
        job: its name; empty when it is about no job.
        step: likewise.
        url: where to look; empty when there is no such place.
        run: id of the run; 0 when it is about none.
    """

    kind: Kind
    message: str
    hint: str
    job: str = ""
    step: str = ""
    url: str = ""
    run: int = 0


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run and how it stands.

    Attributes:
        run: the run.
        standing: see :class:`Standing`.
        alarms: empty unless the standing is alarm or superseded.
    """

    run: Run
    standing: Standing
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedWorkflow:
    """A workflow and how it stands.

    Attributes:
        file: as expected.
        url: of its page; empty when there is none.
        runs: newest first.
        alarms: about the workflow itself, then those of its runs that still count.
        last_run: when the newest judged run was asked for.
        last_success: when the newest good one was.
        notes: what could not be seen.
    """

    file: str
    url: str
    runs: tuple[JudgedRun, ...]
    alarms: tuple[Alarm, ...]
    last_run: datetime | None
    last_success: datetime | None
    notes: tuple[str, ...] = ()


KINDS: dict[Kind, str] = {
    Kind.WORKFLOW_MISSING: "there is no such workflow: removed, renamed, or on no default branch",
    Kind.WORKFLOW_DISABLED: "by a person, or by GitHub after 60 quiet days",
    Kind.NO_RUN: "none for longer than `--max-age`, or none ever, or the clock here cannot tell",
    Kind.JOB_MISSING: "an expected job is in no part of the run: renamed or taken out",
    Kind.STEP_MISSING: "an expected step is in no job that ran: renamed, taken out, or its job was skipped",
    Kind.SKIPPED: "an expected job or step was skipped, and the run passed",
    Kind.FAILED: "a job failed, or the run could not start; what is skipped for it is not told, too",
    Kind.CANCELLED: "somebody, or another run, cancelled it",
    Kind.TIMED_OUT: "GitHub ended it",
    Kind.SWALLOWED: "something failed, `continue-on-error` hid it, and the run passed",
    Kind.STUCK: "not complete for longer than `--longest`: no runner, no approval, or it hangs",
}
"""What each kind of alarm means, for the documents."""

STANDINGS: dict[Standing, str] = {
    Standing.OK: "all that was expected is there and succeeded",
    Standing.ALARM: "see its alarms",
    Standing.RUNNING: "not complete, and not for too long",
    Standing.SUPERSEDED: "it went wrong, and a newer run of the same branch and event is good",
    Standing.FORK: "a fork's pull request: that attestation is skipped there is expected",
    Standing.NOT_JUDGED: "a pull request or a merge queue, which publishes nothing",
}
"""What each standing means, for the documents."""
