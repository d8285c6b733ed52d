"""Progress that moves, for terminals: running steps and transfers at the bottom, lines that stay above them."""

import contextlib
from typing import TextIO

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column
from rich.text import Text

from shipseal.cli.output import console_for, style_of
from shipseal.cli.view import Shown, ending


class _WhenSized(ProgressColumn):
    """A column that has nothing to say of work whose size nobody knows."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> RenderableType:
        return self._column.render(task) if task.total is not None else Text()


class LiveView:
    """A line for every running step and transfer; what has ended collapses into one line that stays.

    Standard output is left alone: the result of a command may go there while this is on standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._console = console_for(stream)
        self._steps = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False, style="dim"),
            console=self._console,
        )
        self._transfers = Progress(
            TextColumn(
                "  {task.description}", markup=False, table_column=Column(no_wrap=True, ratio=1)
            ),
            BarColumn(bar_width=20),
            _WhenSized(DownloadColumn(binary_units=True)),
            _WhenSized(TransferSpeedColumn()),
            _WhenSized(TimeRemainingColumn(compact=True)),
            console=self._console,
            expand=True,
        )
        self._live: Live | None = None
        self._closed = False
        self._step_tasks: dict[str, TaskID] = {}
        self._transfer_tasks: dict[int, TaskID] = {}

    def step_began(self, name: str, detail: str) -> None:
        """Add a line with a spinner, or change the detail of the one that is there."""
        task = self._step_tasks.get(name)
        if task is not None:
            self._steps.update(task, detail=detail)
        elif self._start():
            self._step_tasks[name] = self._steps.add_task(name, total=None, detail=detail)

    def step_ended(self, name: str, state: str, detail: str, seconds: float | None) -> None:
        """Replace the line by one that stays."""
        task = self._step_tasks.pop(name, None)
        if task is not None:
            self._steps.remove_task(task)
        text = Text(f"{name}: ")
        text.append(state, style=style_of(state))
        text.append(ending("", detail, seconds))
        self._print(text)

    def transfer_began(self, transfer: Shown) -> None:
        """Add a line with a bar."""
        if self._start():
            task = self._transfers.add_task(transfer.label, total=transfer.total)
            self._transfer_tasks[id(transfer)] = task

    def transfer_moved(self, transfer: Shown) -> None:
        """Move the bar."""
        task = self._transfer_tasks.get(id(transfer))
        if task is not None:
            self._transfers.update(task, completed=transfer.completed)

    def transfer_ended(self, transfer: Shown, note: str) -> None:
        """Take the line away."""
        task = self._transfer_tasks.pop(id(transfer), None)
        if task is not None:
            self._transfers.remove_task(task)

    def line(self, text: str) -> None:
        """Print a line above what moves."""
        self._print(Text(text))

    def close(self) -> None:
        """Take everything that moves away and show the cursor again."""
        self._closed = True
        live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(OSError, ValueError):
                live.stop()

    def _start(self) -> bool:
        if self._live is None and not self._closed:
            self._live = Live(
                Group(self._steps, self._transfers),
                console=self._console,
                refresh_per_second=8,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self._live is not None

    def _print(self, text: Text) -> None:
        # A terminal that has gone must not end the work.
        with contextlib.suppress(OSError, ValueError):
            self._console.print(text)
