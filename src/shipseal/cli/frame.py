"""One picture of what runs: rows as lines of text, each no wider than the terminal.

What matters most stays on a narrow terminal: the name, the time left, how far it is. A time that is not known is said
to be unknown; none is invented.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipseal.cli.board import Row
from shipseal.cli.columns import width_of
from shipseal.cli.output import size_text

_GAP = "  "
_BAR = 16
_LEAST_NAME = 12
_MOST_NAME = 48
# In the order in which they are given room, and in the order in which they stand.
_PRIORITY = ("left", "done", "elapsed", "rate", "bar", "skipped", "detail")
_ORDER = ("elapsed", "bar", "done", "rate", "left", "skipped", "detail")
_RIGHT = frozenset({"elapsed", "done", "rate", "left"})


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of pictures.

    Attributes:
        spinner: one after the other.
        full: of a bar's done part.
        empty: of its rest.
        cut: stands for what was left out of a name.
    """

    spinner: str
    full: str
    empty: str
    cut: str


UNICODE = Glyphs("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "━", "╌", "…")
ASCII = Glyphs("|/-\\", "#", ".", "~")


def glyphs_for(encoding: str | None) -> Glyphs:
    """Return the characters that a terminal of ``encoding`` has."""
    return UNICODE if (encoding or "").lower().replace("-", "").startswith("utf") else ASCII


def lines_of(rows: Sequence[Row], width: int, *, beat: int, glyphs: Glyphs = UNICODE) -> list[str]:
    """Return ``rows`` as lines.

    Args:
        rows: what runs.
        width: columns of the terminal; no line is wider.
        beat: counts pictures, for what turns.
        glyphs: the characters to use.
    """
    names = [_mark(row, beat, glyphs) + row.name for row in rows]
    room = max(width - 1, 1)  # the last column makes some terminals wrap
    least = min(max(map(width_of, names), default=0), max(_LEAST_NAME, room // 2), _MOST_NAME)
    columns = _columns([_cells(row, glyphs) for row in rows], room - least)
    widths = {name: max(map(width_of, cells)) for name, cells in columns.items()}
    rest = room - sum(len(_GAP) + one for one in widths.values())
    longest = min(max(map(width_of, names), default=0), max(least, min(rest, _MOST_NAME)))
    lines = []
    for number, name in enumerate(names):
        parts = [_fill(shortened(name, longest, glyphs.cut), longest, right=False)]
        for column in (one for one in _ORDER if one in columns):
            cell = columns[column][number]
            parts.append(_fill(cell, widths[column], right=column in _RIGHT))
        lines.append(shortened(_GAP.join(parts).rstrip(), room, glyphs.cut))
    return lines


def shortened(text: str, width: int, cut: str) -> str:
    """Return ``text`` in at most ``width`` columns: the middle is left out, because names differ at both ends."""
    if width_of(text) <= width:
        return text
    if width <= 1:
        return cut[:width]
    tail = (width - 1) // 2
    return _first(text, width - 1 - tail) + cut + _first(text[::-1], tail)[::-1]


def left_text(seconds: float | None) -> str:
    """Return a time left for people, no more exact than it can be: ``7 s left``, ``2 min left``, ``unknown``."""
    if seconds is None:
        return "time left unknown"
    whole = math.ceil(seconds)
    if whole < 20:
        return f"{whole} s left"
    if whole < 90:
        return f"{5 * round(whole / 5)} s left"
    if whole < 5400:
        return f"{round(whole / 60)} min left"
    return f"{round(whole / 3600)} h left"


def clock_text(seconds: float) -> str:
    """Return how long something has been running: ``7 s``, ``2:05``, ``1:02:05``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def amount_text(done: int, total: int | None) -> str:
    """Return how far it is in one unit: ``1.5 of 3.0 MiB``; without a total what is done."""
    if total is None:
        return size_text(done)
    number, unit = size_text(total).split()
    factor = 1024 ** ("B", "KiB", "MiB", "GiB", "TiB").index(unit)
    shown = f"{done // factor}" if unit == "B" else f"{math.floor(10 * done / factor) / 10:.1f}"
    return f"{shown} of {number} {unit}"


def _mark(row: Row, beat: int, glyphs: Glyphs) -> str:
    return "    " if row.within else f"{glyphs.spinner[beat % len(glyphs.spinner)]} "


def _cells(row: Row, glyphs: Glyphs) -> dict[str, tuple[str, str]]:
    """Return each cell in a long and a short form."""
    left, elapsed = left_text(row.left) if row.timed else "", clock_text(row.elapsed)
    cells = {
        "elapsed": (elapsed, elapsed),
        "left": (left, left.replace("time left unknown", "? left")),
    }
    cells["detail"] = (row.detail, row.detail)
    if row.done is None:
        return cells
    part = min(1.0, row.done / row.total) if row.total else None
    amount = amount_text(row.done, row.total)
    cells["done"] = (amount, amount if part is None else f"{math.floor(100 * part)} %")
    rate = f"{size_text(int(row.rate))}/s" if row.rate else ""
    cells["rate"] = (rate, rate)
    full = 0 if part is None else math.floor(part * _BAR)
    bar = glyphs.full * full + glyphs.empty * (_BAR - full)
    cells["bar"] = (bar, bar)
    there = f"{size_text(row.skipped)} there already" if row.skipped else ""
    cells["skipped"] = (there, there)
    return cells


def _columns(rows: Sequence[Mapping[str, tuple[str, str]]], room: int) -> dict[str, list[str]]:
    """Return the columns that fit into ``room``, the most important first, each in its longest form that fits."""
    found: dict[str, list[str]] = {}
    for name in _PRIORITY:
        for form in (0, 1):
            cells = [row[name][form] if name in row else "" for row in rows]
            need = max(map(width_of, cells), default=0)
            # What comes later needs some room, too: the most important ones share it.
            spare = _later(name, rows)
            if need and len(_GAP) + need + (spare if form == 0 else 0) <= room:
                found[name] = cells
                room -= len(_GAP) + need
                break
    return found


def _later(name: str, rows: Sequence[Mapping[str, tuple[str, str]]]) -> int:
    """Return the room that the short forms of what must not be lost take beside ``name``."""
    if name != "left":
        return 0
    cells = [row["done"][1] for row in rows if "done" in row]
    return len(_GAP) + max(map(width_of, cells)) if cells else 0


def _fill(cell: str, width: int, *, right: bool) -> str:
    space = " " * (width - width_of(cell))
    return space + cell if right else cell + space


def _first(text: str, width: int) -> str:
    while width_of(text) > width:
        text = text[:-1]
    return text
