"""Which columns of a table a terminal has room for, and how wide each is. Values in, values out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from shipseal.cli.columns import Column, width_of

GAP = 2
"""Cells between two columns."""
_COMFORT = 24
"""A column of sentences that is narrower than this is hard to read: others are left out before."""
_LONGEST = 32
"""Words that are longer are cut when there is no other way."""
_PREFIXED = re.compile(r"\bsha256:([0-9a-f]{12})(?![0-9a-f])")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table for one width.

    Attributes:
        columns: those that are shown.
        rows: their cells.
        widths: of each column; empty when no choice of widths keeps words whole.
        left_out: names of columns that said something and are not shown.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()


def fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Fitted:
    """Return what is shown within ``width`` cells.

    What has no room is made smaller in this order, until it fits: columns that say nothing go, digests lose their
    algorithm, sentences wrap, columns go by their :attr:`Column.spare`. Words are never cut, unless they are
    longer than any that a table should hold.

    Args:
        columns: of the whole table.
        rows: as many cells each as there are columns.
        width: of the terminal.
    """
    table = Fitted(tuple(columns), tuple(tuple(row) for row in rows))
    if _needs(_whole(table)) <= width:
        return replace(table, widths=tuple(_whole(table)))
    table = _without_empty(table)
    if _needs(_least(table, _COMFORT)) > width:
        table = _with_short_digests(table)
    while _needs(_least(table, _COMFORT)) > width and _has_spare(table):
        table = _without_sparest(table)
    for comfort, longest in ((_COMFORT, width), (0, width), (_COMFORT, _LONGEST), (0, _LONGEST)):
        least = _least(table, comfort, longest)
        if _needs(least) <= width:
            return replace(table, widths=tuple(_spread(least, _whole(table), width)))
    return table


def _needs(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _whole(table: Fitted) -> list[int]:
    return [max(map(width_of, cells)) for cells in _cells(table)]


def _least(table: Fitted, comfort: int, longest: int = _LONGEST) -> list[int]:
    """Return how narrow each column may be: whole where it must not wrap, else its longest word."""
    return [
        whole
        if column.right or column.fixed
        else min(whole, max(comfort, min(longest, _longest_word(cells))))
        for column, whole, cells in zip(table.columns, _whole(table), _cells(table), strict=True)
    ]


def _longest_word(cells: Iterable[str]) -> int:
    return max((width_of(word) for cell in cells for word in cell.split()), default=0)


def _cells(table: Fitted) -> Iterable[tuple[str, ...]]:
    return zip([column.name for column in table.columns], *table.rows, strict=True)


def _spread(least: Sequence[int], whole: Sequence[int], width: int) -> list[int]:
    """Give the room that is left to the columns that want most."""
    widths = list(least)
    for _ in range(width - _needs(least)):
        wanted = [most - now for most, now in zip(whole, widths, strict=True)]
        if max(wanted) > 0:
            widths[wanted.index(max(wanted))] += 1
    return widths


def _without_empty(table: Fitted) -> Fitted:
    says = [any(cell not in ("", "-") for cell in cells[1:]) for cells in _cells(table)]
    kept = [number for number, something in enumerate(says) if something]
    return _only(table, kept) if kept else table


def _has_spare(table: Fitted) -> bool:
    return len(table.columns) > 1 and any(column.spare for column in table.columns)


def _without_sparest(table: Fitted) -> Fitted:
    spares = [column.spare for column in table.columns]
    gone = spares.index(max(spares))
    kept = [number for number in range(len(spares)) if number != gone]
    return replace(_only(table, kept), left_out=(*table.left_out, table.columns[gone].name))


def _only(table: Fitted, kept: Sequence[int]) -> Fitted:
    return replace(
        table,
        columns=tuple(table.columns[number] for number in kept),
        rows=tuple(tuple(row[number] for number in kept) for row in table.rows),
    )


def _with_short_digests(table: Fitted) -> Fitted:
    rows = tuple(tuple(_PREFIXED.sub(r"\1", cell) for cell in row) for row in table.rows)
    return replace(table, rows=rows)
