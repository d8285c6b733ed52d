"""What commands print: results on standard output, everything else on standard error.

On a terminal tables are drawn by Rich; in a pipe, a file or a CI log they are plain aligned text with the same content.
Text that comes from outside (package names, tool messages) is printed without control characters, so that it cannot
move the cursor or start a workflow command of its own.
"""

import json
import os
import sys
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TextIO

from shipseal._internal.redact import redact
from shipseal.cli.columns import Column, width_of
from shipseal.cli.fitting import Fitted, fit
from shipseal.cli.given import as_given

if TYPE_CHECKING:
    from rich.console import Console

# Cells that are exactly one of these words are coloured on a terminal; the word says it all without colour.
_STYLES = {
    "pass": "green",
    "done": "green",
    "present": "green",
    "fail": "bold red",
    "failed": "bold red",
    "refused": "bold red",
    "missing": "bold red",
    "untrusted": "bold red",
    "unreadable": "bold red",
    "inconsistent": "bold red",
    "wrong-identity": "bold red",
    "wrong-subject": "bold red",
    "too-old": "bold red",
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "unknown": "yellow",
    "pending": "yellow",
    "undecided": "yellow",
    "partly-promoted": "yellow",
    "skipped": "dim",
    "ignored": "dim",
}
_GAP = "  "
_ADVICE = frozenset({"hint", "next", "remedy", "why"})
"""Members of JSON that say what to do, in shipseal's own words."""


def is_live(stream: TextIO, env: Mapping[str, str] | None = None) -> bool:
    """Return whether ``stream`` is a terminal that a person looks at: no pipe, no CI job, no dumb terminal."""
    env = os.environ if env is None else env
    if env.get("CI", "").lower() not in ("", "0", "false") or env.get("TERM") == "dumb":
        return False
    return stream.isatty()


def console_for(stream: TextIO) -> "Console":
    """Return Rich's console on ``stream``; it takes heed of NO_COLOR and of the terminal's width."""
    from rich.console import Console  # noqa: PLC0415 - costs more than most commands

    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)


def style_of(word: str) -> str:
    """Return the Rich style of a status; empty for other words."""
    return _STYLES.get(word, "")


def say(text: str = "") -> None:
    """Print a line of the result on standard output."""
    sys.stdout.write(f"{printable(redact(text))}\n")


def tell(text: str) -> None:
    """Print a line for people on standard error: a note, a warning, the next command."""
    sys.stderr.write(f"{printable(redact(text))}\n")


def print_json(value: object) -> None:
    """Print ``value`` as indented JSON on standard output, without secrets; keys keep their order.

    Commands in what it says to do next are :func:`as_given`.

    Args:
        value: dictionaries, lists, tuples, texts, numbers, booleans and None.
    """
    sys.stdout.write(json.dumps(_redacted(value), indent=2, ensure_ascii=False) + "\n")


def print_table(
    columns: Sequence[Column | str], rows: Sequence[Sequence[str]], *, title: str = ""
) -> None:
    """Print a table on standard output; nothing at all when there are no rows.

    Args:
        columns: headings; a plain text is a column whose cells stand at the left.
        rows: as many cells each as there are columns.
        title: a line above it.
    """
    heads = [Column(column) if isinstance(column, str) else column for column in columns]
    cells = [[printable(redact(cell)).replace("\n", "\\n") for cell in row] for row in rows]
    if not cells:
        return
    if is_live(sys.stdout):
        _draw(heads, cells, title)
    else:
        sys.stdout.write(plain_table(heads, cells, title=title))


def plain_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, title: str = ""
) -> str:
    """Return the table as aligned text: headings, a rule, rows; nothing is cut off."""
    heads = [column.name for column in columns]
    widths = [max(map(width_of, cells)) for cells in zip(heads, *rows, strict=True)]
    lines = [title] if title else []
    for row in (heads, ["-" * width for width in widths], *rows):
        cells = [_fill(*item) for item in zip(row, widths, columns, strict=True)]
        lines.append(_GAP.join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _fill(cell: str, width: int, column: Column) -> str:
    space = " " * (width - width_of(cell))
    return space + cell if column.right else cell + space


def _draw(columns: Sequence[Column], rows: Sequence[Sequence[str]], title: str) -> None:
    console = console_for(sys.stdout)
    if title:
        _say_wrapped(title, console.width)
    fitted = fit(columns, rows, console.width)
    if fitted.widths or len(fitted.columns) == 1:
        _draw_table(console, fitted)
    else:
        _draw_cards(console, fitted)
    if fitted.left_out:
        _say_wrapped(f"(no room for: {', '.join(fitted.left_out)})", console.width)


def _draw_table(console: "Console", fitted: Fitted) -> None:
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for number, column in enumerate(fitted.columns):
        width = fitted.widths[number] if fitted.widths else None
        justify: Literal["left", "right"] = "right" if column.right else "left"
        table.add_column(column.name, justify=justify, overflow="fold", width=width)
    for row in fitted.rows:
        table.add_row(*(Text(cell, style=style_of(cell)) for cell in row))
    console.print(table, soft_wrap=False)


def _draw_cards(console: "Console", fitted: Fitted) -> None:
    """Print each row as lines of name and value, where no table fits: words stay whole."""
    longest = max(width_of(column.name) for column in fitted.columns)
    for number, row in enumerate(fitted.rows):
        if number:
            say()
        for column, cell in zip(fitted.columns, row, strict=True):
            _say_wrapped(f"{column.name:<{longest}}{_GAP}{cell}", console.width)


def say_wrapped(text: str, *, indent: int = len(_GAP)) -> None:
    """Print a sentence of the result: on a terminal its lines break between words, in a pipe it is one line.

    Args:
        text: the sentence.
        indent: spaces before all lines but the first.
    """
    if is_live(sys.stdout):
        _say_wrapped(printable(redact(text)), console_for(sys.stdout).width, " " * indent)
    else:
        say(text)


def _say_wrapped(text: str, width: int, indent: str = _GAP) -> None:
    lines = textwrap.wrap(
        text,
        max(width, 20),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    say("\n".join(lines))


def has_room(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a table fits the terminal with its words whole; always where nobody's terminal limits it."""
    return not is_live(sys.stdout) or bool(fit(columns, rows, console_for(sys.stdout).width).widths)


def printable(text: str) -> str:
    """Return ``text`` without control characters except line ends and tabs; others are written as escapes."""
    if text.isprintable():
        return text
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp")
        else _shown(char)
        for char in text
    )


def _shown(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def size_text(size: int) -> str:
    """Return ``size`` bytes for people: ``512 B``, ``15.1 MiB``."""
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024:
            break
        value, unit = value / 1024, larger
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def duration_text(seconds: float) -> str:
    """Return ``seconds`` for people: ``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _as_given(value: object) -> object:
    if isinstance(value, str):
        return as_given(value)
    return [_as_given(item) for item in value] if isinstance(value, list | tuple) else value


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {
            str(key): _redacted(_as_given(item) if key in _ADVICE else item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    return value
