"""How watched workflows are shown to people: the runs in a table, then each alarm with what to do."""

from collections.abc import Sequence
from datetime import datetime

from shipseal.cli.columns import Column
from shipseal.cli.given import as_given
from shipseal.cli.output import print_table, say, say_wrapped
from shipseal.watch.judge import span_text
from shipseal.watch.values import JudgedWorkflow

_COLUMNS = (
    Column("workflow", spare=1),
    Column("run", fixed=True),
    Column("age", right=True),
    Column("event", spare=2),
    Column("branch"),
    Column("conclusion"),
    Column("standing"),
)


def print_watched(repository: str, found: Sequence[JudgedWorkflow], now: datetime) -> None:
    """Print how workflows stand.

    Args:
        repository: ``OWNER/NAME``.
        found: its workflows.
        now: the time.
    """
    rows = [
        (
            workflow.file,
            str(one.run.id),
            span_text(now - one.run.created),
            one.run.event,
            one.run.branch,
            one.run.conclusion or one.run.status,
            str(one.standing),
        )
        for workflow in found
        for one in workflow.runs
    ]
    print_table(_COLUMNS, rows, title=repository)
    for workflow in found:
        for alarm in workflow.alarms:
            say_wrapped(_line(f"alarm {alarm.kind}: {workflow.file}: {alarm.message}"))
            say_wrapped(f"  hint: {as_given(_line(alarm.hint))}")
            if alarm.url:
                say(f"  {_line(alarm.url)}")
        for note in workflow.notes:
            say_wrapped(f"note: {workflow.file}: {note}")
    if not any(workflow.alarms for workflow in found):
        say("all is well")


def _line(text: str) -> str:
    """Return ``text`` as one line: what begins a line in a job's log may be a command to its runner."""
    return " ".join(text.split())
