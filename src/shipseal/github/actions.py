"""What a job of GitHub Actions is told: annotations, outputs, the step summary.

Source: GitHub's documentation "Workflow commands for GitHub Actions" and "Environment files".
"""

from dataclasses import dataclass
from typing import Literal


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


def _data(text: str) -> str:
    """Escape what would end the line: the runner undoes exactly these."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
