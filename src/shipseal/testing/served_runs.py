"""Runs of a GitHub in memory, as a test writes them; :mod:`~shipseal.testing.github_actions` serves them."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class ServedStep:
    """A step; times follow from its place.

    Attributes:
        name: of it.
        conclusion: of it; None while it runs.
    """

    name: str
    conclusion: str | None = "success"


@dataclass(slots=True)
class ServedJob:
    """A job.

    Attributes:
        name: of it.
        steps: in order.
        conclusion: of it; None while it runs.
        status: of it.
        annotations: level and message of each; a third word is the path of a file.
        log: its text.
        started: when; that of its run by default.
        id: given when it is added.
    """

    name: str
    steps: list[ServedStep] = field(default_factory=list)
    conclusion: str | None = "success"
    status: str = "completed"
    annotations: list[tuple[str, ...]] = field(default_factory=list)
    log: bytes = b""
    started: datetime | None = None
    id: int = 0


@dataclass(slots=True)
class ServedRun:
    """A run.

    Attributes:
        id: of it.
        file: the workflow's.
        event: what started it.
        branch: of it.
        status: of it.
        conclusion: of it; None while it runs.
        created: when it was asked for.
        attempts: jobs of each attempt, the first one first.
        head_repository: a fork's name, empty for the repository itself, None for one that is gone.
        archive: bytes of the log archive; None makes it of the jobs' logs.
        expired: whether the logs are gone.
    """

    id: int
    file: str
    event: str
    branch: str
    status: str
    conclusion: str | None
    created: datetime
    attempts: list[list[ServedJob]]
    head_repository: str | None = ""
    archive: bytes | None = None
    expired: bool = False


def served_job(
    name: str,
    steps: Iterable[str | tuple[str, str | None]] = (),
    conclusion: str | None = "success",
    **fields: Any,
) -> ServedJob:
    """Return a job whose steps are names, or names with conclusions."""
    made = [ServedStep(one) if isinstance(one, str) else ServedStep(*one) for one in steps]
    return ServedJob(name, made, conclusion, **fields)


def log_archive(logs: Mapping[str, bytes]) -> bytes:
    """Return an archive as GitHub makes it: a text per job, and the same again in folders."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (job, text) in enumerate(logs.items()):
            plain = job.replace("/", "")
            archive.writestr(f"{number}_{plain}.txt", text)
            archive.writestr(f"{plain}/1_Set up job.txt", text)
    return packed.getvalue()
