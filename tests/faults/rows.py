"""What the tables of ``docs/reliability.md`` consist of: one row is one promise, and one test proves it.

Each place has a module with its rows, ``tests/faults/<place>_rows.py``, whose ``ROWS`` the tests of that place are
parametrised over and `make docs` renders. A row that no test runs is a claim, so a test counts them.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from shipseal.errors import Code, Exit

PLACES = ("wire", "home", "crash")
# What random moments are drawn from; `make faults` prints it, and SEED=n repeats it.
SEED = int(os.environ.get("FAULTS_SEED", "0"))


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, where it strikes, and what comes of it.

    Attributes:
        place: one of :data:`PLACES`.
        fault: what goes wrong, in a few words for people.
        step: where in a release, a build or a verification.
        outcome: how the command ends, such as ``done``, ``pending``, ``failed``, ``partly-promoted``.
        code: the failure code; None when the fault is survived.
        exit: the exit status.
        note: what the table adds, such as how often it was tried; may be empty.
    """

    place: str
    fault: str
    step: str
    outcome: str
    code: Code | None
    exit: Exit
    note: str = ""

    def __str__(self) -> str:
        """Return the name that a test of this row has."""
        return f"{self.fault} - {self.step}".replace(" ", "_")


def grouped(rows: Sequence[Row]) -> Sequence[Row]:
    """Return ``rows`` for readers: those of one fault that differ in their step only are one, with all the steps."""
    groups: dict[Row, list[str]] = {}
    for row in rows:
        groups.setdefault(replace(row, step=""), []).append(row.step)
    steps: dict[str, list[str]] = {}
    for row in rows:
        steps.setdefault(row.fault, []).append(row.step)
    return [replace(row, step=_shown(found, steps[row.fault])) for row, found in groups.items()]


def _shown(found: Sequence[str], possible: Sequence[str]) -> str:
    """Return steps in words: those that are meant, or those that are not when these are fewer."""
    others = [step for step in possible if step not in found]
    if len(found) == 1 or len(others) + 1 >= len(found):
        return ", ".join(found)
    return f"everywhere but: {', '.join(others)}" if others else "wherever it strikes"


def rows_of(place: str) -> Sequence[Row]:
    """Return the rows of a place, or of a part of it: ``wire/MATRIX`` is one of its tables.

    Raises:
        ModuleNotFoundError: there is no such place.
    """
    module, _, name = place.partition("/")
    rows: Sequence[Row] = getattr(import_module(f"tests.faults.{module}_rows"), name or "ROWS")
    return rows
