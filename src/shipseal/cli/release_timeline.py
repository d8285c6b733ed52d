"""A release's steps as a picture, and what is wrong with it (`release show`)."""

import sys
from collections.abc import Sequence

from shipseal.cli.columns import Column
from shipseal.cli.given import as_given
from shipseal.cli.output import duration_text, is_live, print_table, say, say_wrapped, size_text
from shipseal.cli.places import place_text
from shipseal.release.diagnosis import Diagnosis
from shipseal.release.timeline import TimelineRun, TimelineStep

_WIDTH = 24
_BAR, _LESS = "━", "╸"


def print_timeline(runs: Sequence[TimelineRun]) -> None:
    """Print each run as a table of its steps; on a terminal with a bar for when each ran."""
    live = is_live(sys.stdout)
    for run in runs:
        if not run.steps:
            continue
        say()
        number = f", run {run.run} of {len(runs)}" if len(runs) > 1 else ""
        took = duration_text(run.seconds)
        title = f"timeline{number}: began {run.started}, {run.status} after {took} (UTC)"
        columns: tuple[Column | str, ...] = (
            Column("time", fixed=True),
            "step",
            *((Column("when", fixed=True, spare=5),) if live else ()),
            Column("took", right=True),
            "state",
            Column("bytes", right=True, spare=2),
            Column("retries", right=True, spare=1),
            Column("tool", spare=4),
            "what",
        )
        print_table(columns, [_row(step, run, live=live) for step in run.steps], title=title)


def print_diagnosis(found: Diagnosis | None) -> None:
    """Print why a release is not public, and what to do; nothing when there is nothing wrong."""
    if found is None:
        return
    say()
    say(f"diagnosis {found.code or 'none: the last run did not say how it ended'}")
    rows = [
        ("means", found.means),
        ("cause", found.cause),
        *(("proof", text) for text in found.proof),
        ("do", as_given(found.do)),
        ("next", as_given(found.next)),
        ("see", found.see),
    ]
    for name, text in rows:
        if text:
            say_wrapped(f"  {name:<8}{text}")


def bar(step: TimelineStep, total: float, width: int = _WIDTH) -> str:
    """Return a line of ``width`` cells that is drawn where the step ran; what took time has one cell at least."""
    if total <= 0 or step.seconds is None:
        return " " * width
    begin = int(min(width - 1, step.offset / total * width))
    whole = int(min(width - begin, step.seconds / total * width))
    drawn = _BAR * whole or _LESS
    return (" " * begin + drawn).ljust(width)[:width]


def _name(step: str) -> str:
    head, stages, target = step.partition("stage ")
    return f"{head}{stages}{place_text(target)}" if stages else step


def _row(step: TimelineStep, run: TimelineRun, *, live: bool) -> tuple[str, ...]:
    return (
        step.started[11:19],
        _name(step.step),
        *((bar(step, run.seconds),) if live else ()),
        "-" if step.seconds is None else duration_text(step.seconds),
        f"{step.state} ({step.code})" if step.code else step.state,
        "-" if step.bytes is None else size_text(step.bytes),
        str(step.retries) if step.retries else "-",
        ", ".join(step.tools) or "-",
        step.did or "-",
    )
