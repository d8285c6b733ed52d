"""What pages of Markdown have in common: tables that are cut, and facts that are folded away."""

from collections.abc import Iterable, Iterator, Sequence

from shipseal.report.text import markdown

_MOST_CELL = 200


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, and an empty one."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(markdown(cell, _MOST_CELL) for cell in row)} |"
    yield ""


def left_out(count: int) -> Iterator[str]:
    """Yield that so many rows are not shown; nothing where all of them are."""
    if count > 0:
        yield f"… and {count} more: see the scan results."
        yield ""


def folded(title: str, named: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    """Yield lines that are seen when somebody asks: a point for each value, after its name."""
    yield f"<details><summary>{title}</summary>"
    yield ""
    for name, values in named:
        for value in values:
            yield f"- {name}: {markdown(value)}"
    yield ""
    yield "</details>"
