"""Steps as GitHub Actions' raw log shows them: time stamps, groups, colours, and the steps before and after.

The shape is that of the runner (actions/runner: groups ``##[group]``, failures ``##[error]``); the words around the
tools' own output are few, and ours.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from scripts.record.scene import Step

_BEGIN = datetime(2026, 3, 4, 9, 12, 31, 104_251, tzinfo=UTC)
_BLUE, _PLAIN = "\x1b[36;1m", "\x1b[0m"

_COMMAND = re.compile(r"::(group|endgroup|error|warning|notice|debug)(?: [^:]*)?::(.*)")

_BEFORE = (
    "Current runner version: '2.328.0'",
    "##[group]Operating System",
    "Ubuntu",
    "24.04.3",
    "LTS",
    "##[endgroup]",
    "##[group]GITHUB_TOKEN Permissions",
    "Contents: read",
    "Metadata: read",
    "##[endgroup]",
    "Secret source: Actions",
    "Prepare workflow directory",
    "Prepare all required actions",
    "Getting action download info",
    "Complete job name: release",
)
_AFTER = (
    "Post job cleanup.",
    "[command]/usr/bin/git version",
    "git version 2.51.0",
    "Temporarily overriding HOME='/home/runner/work/_temp/0c1c' before making global git config changes",
    "[command]/usr/bin/git config --local --name-only --get-regexp core\\.sshCommand",
    "Cleaning up orphan processes",
)


def actions_log(steps: Sequence[Step]) -> str:
    """Return the raw log of a job with these steps, the last of which failed."""
    return "".join(
        f"{stamp} {line}\n" for stamp, line in zip(_stamps(), _lines(steps), strict=False)
    )


def _lines(steps: Iterable[Step]) -> Iterator[str]:
    yield from _BEFORE
    for step in steps:
        yield from _of(step)
    yield from _AFTER


def _of(step: Step) -> Iterator[str]:
    lines = step.script.strip().splitlines()
    yield f"##[group]Run {step.title or lines[0]}"
    for line in lines:
        yield f"{_BLUE}{line}{_PLAIN}"
    yield "shell: /usr/bin/bash -e {0}"
    if step.environment:
        yield "env:"
        for name, value in step.environment.items():
            yield f"  {name}: {value}"
    yield "##[endgroup]"
    for line in step.output.splitlines():
        yield from _obeyed(line)
    if step.status:
        # A shell that a signal ended has no status of its own; the runner shows what bash would.
        status = 128 - step.status if step.status < 0 else step.status
        yield f"##[error]Process completed with exit code {status}."


def _obeyed(line: str) -> Iterator[str]:
    """Yield what the runner makes of a line, which may be a command to it."""
    found = _COMMAND.match(line)
    if found is None:
        yield line
        return
    said = found[2].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    first, *rest = said.split("\n")
    yield f"##[{found[1]}]{first}"
    yield from rest


def _stamps() -> Iterator[str]:
    moment = _BEGIN
    number = 0
    while True:
        yield f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}{number % 10}Z"
        number += 7
        moment += timedelta(microseconds=1_731 + 90_007 * (number % 11 == 0))
