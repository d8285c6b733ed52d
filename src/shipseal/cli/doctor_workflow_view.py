"""How a check of workflows is printed: a table, reasons with their fixes, the patch; and marks for a job's page."""

import sys

from shipseal._internal.redact import redact
from shipseal.cli.output import print_table, printable, say, say_wrapped
from shipseal.workflows.check import WorkflowReport

_MAX_ANNOTATIONS = 10


def print_check(report: WorkflowReport, changes: str, *, only_patch: bool) -> None:
    """Print what was found.

    Args:
        report: the result of a check.
        changes: the patch; may be empty.
        only_patch: whether nothing else is printed.
    """
    if only_patch:
        _print_patch(changes)
        return
    findings = [(job, item) for job in report.jobs for item in job.findings]
    rows = [(f"{job.file}:{item.line}", item.code, job.job or "-") for job, item in findings]
    print_table(["place", "code", "job"], rows)
    for job, item in findings:
        say()
        say_wrapped(f"{job.file}:{item.line}: {item.code}: {_line(item.message)}")
        for line in item.fix.split("\n"):
            say(f"    {line}")
    for job in report.jobs:
        for note in job.notes:
            say_wrapped(f"note: {job.file}:{note.line}: {_line(note.message)}")
    if changes:
        say()
        say("patch (`shipseal doctor workflow --patch | git apply` makes these changes):")
        _print_patch(changes)
    _conclude(report)


def _conclude(report: WorkflowReport) -> None:
    files = len({job.file for job in report.jobs})
    jobs = sum(bool(job.job) for job in report.jobs)
    count = len(report.findings)
    if count:
        say()
    say(
        f"{files} workflow(s), {jobs} job(s): {f'{count} finding(s)' if count else 'nothing is wrong'}"
    )


def _print_patch(changes: str) -> None:
    """Print a patch: its bytes matter, so a file with control characters in it is left to the reader's editor."""
    sys.stdout.write(changes if _plain(changes) else printable(changes))


def _plain(text: str) -> bool:
    return all(char.isprintable() or char in "\n\t\r" for char in text)


def _line(text: str) -> str:
    return " ".join(printable(text).split())


def annotate(report: WorkflowReport) -> None:
    """Mark what was found at its lines, for the page of a job of GitHub Actions."""
    from shipseal.github.actions import Annotation  # noqa: PLC0415 - only in such a job

    for item in report.findings[:_MAX_ANNOTATIONS]:
        text = redact(f"{_line(item.message)}\n{item.fix}")
        made = Annotation("error", text, f"shipseal: {item.code}", item.file, item.line)
        sys.stderr.write(made.render())
