"""What a measurement says: a table, and goals that are met or missed; for people, for programs, and for the docs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.tools import ROOT

PAGE = ROOT / "docs" / "performance.md"
PAGES = (PAGE, ROOT / "docs" / "diagnose.md")


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that is wanted of a figure.

    Attributes:
        what: the figure's name.
        value: what was measured; None when it could not be.
        bound: the worst value that is good enough.
        unit: of both.
        least: whether the bound is a lower one.
        why_not: why it could not be measured.
    """

    what: str
    value: float | None
    bound: float
    unit: str
    least: bool = False
    why_not: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it is good enough; None when it was not measured."""
        if self.value is None:
            return None
        return self.value >= self.bound if self.least else self.value <= self.bound

    @property
    def row(self) -> list[str]:
        """The cells of a table: figure, measured, wanted, result."""
        measured = "-" if self.value is None else f"{_rounded(self.value)} {self.unit}"
        wanted = f"{'at least' if self.least else 'at most'} {_rounded(self.bound)} {self.unit}"
        result = {True: "pass", False: "**miss**", None: f"not measured: {self.why_not}"}[self.met]
        return [self.what, measured, wanted, result]

    def to_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "what": self.what,
            "value": self.value,
            "bound": self.bound,
            "unit": self.unit,
            "direction": "at least" if self.least else "at most",
            "met": self.met,
            "why_not": self.why_not,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one part.

    Attributes:
        part: its name.
        title: what was measured, in a sentence.
        facts: machine, commit, versions.
        header: of the table.
        rows: of the table.
        goals: in order.
        notes: what must be known to read the figures.
        raw: every single figure, for programs.
        details: what is worth reading on a terminal, but not on a page.
        pictures: drawings for the page, by the name of the file beside it.
    """

    part: str
    title: str
    facts: Mapping[str, str]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = ()
    raw: Mapping[str, object] = field(default_factory=dict)
    details: Sequence[str] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> bool:
        """Whether a goal was missed; one that was not measured is not met."""
        return any(not goal.met for goal in self.goals)

    def to_text(self) -> str:
        """Return it for a terminal."""
        parts = [f"== {self.part}: {self.title}", *columns([self.header, *self.rows])]
        if self.goals:
            rows = [[cell.strip("*") for cell in goal.row] for goal in self.goals]
            parts += ["", *columns(rows)]
        parts += ["", *(f"  {note}" for note in self.notes)]
        parts += ["", *self.details, ""] if self.details else []
        return "\n".join([*parts, f"  {self.told_facts()}", ""])

    def to_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "part": self.part,
            "title": self.title,
            "facts": dict(self.facts),
            "rows": [dict(zip(self.header, row, strict=True)) for row in self.rows],
            "goals": [goal.to_json() for goal in self.goals],
            "notes": list(self.notes),
            "raw": dict(self.raw),
        }

    def to_markdown(self) -> str:
        """Return it for the page of figures."""
        tables = [markdown([self.header, *self.rows])]
        if self.goals:
            head = ["figure", "measured", "wanted", "result"]
            tables.append(markdown([head, *(goal.row for goal in self.goals)]))
        told = "".join(f"- {note}\n" for note in (*self.notes, self.told_facts()))
        return "\n".join([f"{self.title[:1].upper()}{self.title[1:]}.\n", *tables, told])

    def told_facts(self) -> str:
        """Return the facts in one line."""
        return "; ".join(f"{name} {value}" for name, value in self.facts.items())


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns, the first to the left and the others to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[number]) for row in cells) for number in range(len(cells[0]))]
    lines = []
    for row in cells:
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append(f"  {row[0].ljust(widths[0])}  {'  '.join(rest)}".rstrip())
    return lines


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first of them as its header."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def write_into(page: Path, report: Report) -> bool:
    """Put the report into its place on a page, and return whether there was one.

    Its pictures are written beside the page. The place stands between two comments:
    ``<!-- measured: PART, by `make bench` -->`` and ``<!-- end -->``.
    """
    begin = re.escape(f"<!-- measured: {report.part}, by `make bench` -->\n")
    pattern = re.compile(f"({begin}).*?(<!-- end -->)", re.DOTALL)
    text = page.read_text("utf-8")
    new, count = pattern.subn(lambda found: found[1] + report.to_markdown() + found[2], text)
    if count:
        page.write_text(new, "utf-8")
        for name, drawing in report.pictures.items():
            (page.parent / name).write_text(drawing, "utf-8")
    return bool(count)


def _rounded(value: float) -> str:
    """Return a number with three digits that mean something."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
