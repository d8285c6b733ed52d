"""What a job of GitHub Actions is told: annotations, outputs, the step summary.

Source: GitHub's documentation, "Workflow commands for GitHub Actions" (commands, environment files, job summaries).
"""

import contextlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shipseal._internal.durable import disk_errors
from shipseal._internal.limits import MIB
from shipseal._internal.redact import redact

SUMMARY_LIMIT = MIB
"""Bytes that one step may add to the summary; GitHub drops the whole summary of a step that adds more."""

_OUTPUT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_CUT = "\n\n*Cut here: the step summary has room for 1 MiB. The release's files hold the rest.*\n"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One ``::error::``, ``::warning::`` or ``::notice::`` line.

    Attributes:
        level: how bad it is.
        message: what is said; may have several lines. Must hold no secret.
        title: shown above it; may be empty.
        file: path in the repository; may be empty.
        line: line in that file.
    """

    level: Literal["error", "warning", "notice"]
    message: str
    title: str = ""
    file: str = ""
    line: int | None = None

    def render(self) -> str:
        """Return the workflow command with its end of line; nothing in it can start another command."""
        fields = {"title": self.title, "file": self.file, "line": str(self.line or "")}
        properties = ",".join(f"{key}={_property(value)}" for key, value in fields.items() if value)
        return f"::{self.level}{' ' if properties else ''}{properties}::{_data(self.message)}\n"


@dataclass(frozen=True, slots=True)
class ActionsEnvironment:
    """The job that shipseal runs in, if it runs in one.

    Attributes:
        active: whether this is a job of GitHub Actions.
        output: the file that takes outputs; None when there is none.
        summary: the file that takes the step summary; None when there is none.
    """

    active: bool
    output: Path | None = None
    summary: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "ActionsEnvironment":
        """Return what ``env`` says."""
        if env.get("GITHUB_ACTIONS") != "true":
            return cls(active=False)
        return cls(True, _file(env, "GITHUB_OUTPUT"), _file(env, "GITHUB_STEP_SUMMARY"))

    def set_output(self, name: str, value: str) -> None:
        """Hand ``value`` to later steps as ``steps.ID.outputs.NAME``; outside a job nothing happens.

        Args:
            name: letters, digits, ``_`` and ``-``, first a letter or ``_``.
            value: any text; several lines are kept.

        Raises:
            ValueError: ``name`` is not the name of an output.
            ShipsealError: the file cannot be written.
        """
        if not _OUTPUT_NAME.fullmatch(name):
            raise ValueError(f"not the name of an output: {name!r}")
        if self.output is None:
            return
        value = redact(value)
        # Whoever can guess the delimiter can end the value with it and write outputs of their own.
        delimiter = f"ghadelimiter_{uuid.uuid4()}"
        _append(self.output, f"{name}<<{delimiter}\n{value}\n{delimiter}\n")

    def add_summary(self, markdown: str) -> None:
        """Add ``markdown`` to the step summary, cut at a line when there is no room; outside a job nothing happens.

        Raises:
            ShipsealError: the file cannot be written.
        """
        if self.summary is None:
            return
        used = self.summary.stat().st_size if self.summary.exists() else 0
        fitting = fit_summary(redact(markdown), SUMMARY_LIMIT - used)
        if fitting:
            _append(self.summary, fitting)


def fit_summary(markdown: str, room: int) -> str:
    """Return ``markdown`` with a line end, or as many of its first lines as fit ``room`` bytes with a note on the cut.

    The result is empty when not even the note fits.
    """
    text = markdown if markdown.endswith("\n") else f"{markdown}\n"
    if len(text.encode()) <= room:
        return text
    left = room - len(_CUT.encode())
    if left < 0:
        return ""
    kept = text.encode()[:left]
    return kept[: kept.rfind(b"\n") + 1].decode() + _CUT


def _file(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]) if env.get(name) else None


def _append(path: Path, text: str) -> None:
    data = text.encode()
    with disk_errors(path, needed=len(data)), path.open("ab", buffering=0) as stream:
        before = stream.tell()
        try:
            written = 0
            while written < len(data):  # after a short write, the next one says why
                written += stream.write(data[written:]) or 0
        except OSError:
            # Half an entry would spoil all that other steps have written, and will write.
            with contextlib.suppress(OSError):
                stream.truncate(before)
            raise


def _data(text: str) -> str:
    """Escape what would end the line: the runner undoes exactly these."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
