"""Progress that moves, for terminals: what runs at the bottom, lines that stay above it."""

import contextlib
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from shipseal._internal.clock import Clock
from shipseal.cli.board import Board
from shipseal.cli.frame import glyphs_for, lines_of
from shipseal.cli.output import console_for, style_of
from shipseal.cli.view import Shown, ending

_PER_SECOND = 8


class LiveView:
    """A row for every running step and transfer; what has ended collapses into one line that stays.

    Standard output is left alone: the result of a command may go there while this is on standard error.

    Args:
        stream: a terminal.
        clock: how long things take, and how fast they are.
    """

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._console = console_for(stream)
        self._clock = clock
        self._board = Board()
        self._picture = _Picture(self._board, clock, self._console)
        self._live: Live | None = None
        self._closed = False

    def step_began(self, name: str, detail: str) -> None:
        """Add a row, or change the remark of the one that is there."""
        self._board.step_began(self._clock.monotonic(), name, detail)
        self._start()

    def step_ended(self, name: str, state: str, detail: str, seconds: float | None) -> None:
        """Replace the row by a line that stays."""
        moved = self._board.step_ended(name)
        text = Text(f"{name}: ")
        text.append(state, style=style_of(state))
        text.append(ending("", ", ".join(filter(None, (detail, moved))), seconds))
        self._rest()
        self._print(text)

    def foreseen(self, of: str, total: int) -> None:
        """Show how many bytes there will be."""
        self._board.foreseen(self._clock.monotonic(), of, total)

    def transfer_began(self, transfer: Shown) -> None:
        """Add a row, or count it in with those that it belongs to."""
        self._board.began(self._clock.monotonic(), transfer)
        self._start()

    def transfer_moved(self, transfer: Shown, amount: int) -> None:
        """Count bytes."""
        self._board.moved(self._clock.monotonic(), transfer, amount)

    def transfer_ended(self, transfer: Shown, note: str) -> None:
        """Take the row away."""
        self._board.ended(transfer)
        self._rest()

    def line(self, text: str) -> None:
        """Print a line above what moves."""
        self._print(Text(text))

    def close(self) -> None:
        """Take everything that moves away and show the cursor again."""
        self._closed = True
        self._stop()

    def _rest(self) -> None:
        """Leave the terminal to others while nothing runs: somebody may be asked something."""
        if not len(self._board):
            self._stop()

    def _stop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(OSError, ValueError):
                live.stop()

    def _start(self) -> None:
        if self._live is None and not self._closed:
            self._live = Live(
                self._picture,
                console=self._console,
                refresh_per_second=_PER_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            with contextlib.suppress(OSError, ValueError):
                self._live.start()

    def _print(self, text: Text) -> None:
        # A terminal that has gone must not end the work.
        with contextlib.suppress(OSError, ValueError):
            self._console.print(text)


class _Picture:
    """What Rich asks for whenever it draws: the rows of this moment, in the width of this moment."""

    def __init__(self, board: Board, clock: Clock, console: Console) -> None:
        self._board = board
        self._clock = clock
        self._glyphs = glyphs_for(console.encoding)
        self._beat = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self._beat += 1
        rows = self._board.rows(self._clock.monotonic())
        lines = lines_of(rows, options.max_width, beat=self._beat, glyphs=self._glyphs)
        yield Text("\n".join(lines), no_wrap=True, overflow="ignore")
