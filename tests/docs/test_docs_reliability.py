"""The tables of faults say what the errors say, and no row says the same thing twice."""

from collections import Counter

import pytest

from shipseal.errors import Code, Exit, exit_for
from tests.faults.rows import PLACES, Row, grouped, rows_of

ROWS = [row for place in PLACES for row in rows_of(place)]


def odd(row: Row) -> str:
    """Return what is wrong with a row; empty when nothing is."""
    if row.place not in PLACES:
        return "no such place"
    if row.code is None and row.exit not in (Exit.OK, Exit.INTERRUPTED):
        return "it fails without a code"
    if row.code is not None and row.exit not in (exit_for(row.code), Exit.OUTSIDE):
        return "the exit status is not that of the code, nor that of a release that is half public"
    return "" if row.fault and row.step and row.outcome else "it says too little"


def test_every_row_can_be_believed() -> None:
    assert [(str(row), odd(row)) for row in ROWS if odd(row)] == []


def test_no_row_is_there_twice() -> None:
    twice = [
        name for name, count in Counter((row.place, str(row)) for row in ROWS).items() if count > 1
    ]
    assert twice == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row("moon", "x", "y", "z", None, Exit.OK), "place"),
        (Row("wire", "x", "y", "z", None, Exit.DEFECT), "without a code"),
        (Row("wire", "x", "y", "z", Code.TAG_EXISTS, Exit.AUTH), "exit status"),
        (Row("wire", "", "y", "z", None, Exit.OK), "too little"),
    ],
)
def test_the_rules_can_fail(row: Row, said: str) -> None:
    assert said in odd(row)


def test_readers_see_the_steps_of_one_fault_together() -> None:
    rows = [Row("wire", "x", step, "done", None, Exit.OK) for step in "abcd"]
    rows += [Row("wire", "x", "e", "failed", Code.TAG_EXISTS, Exit.REFUSED)]
    rows += [Row("wire", "y", step, "done", None, Exit.OK) for step in "ab"]
    rows += [Row("wire", "z", "a", "done", None, Exit.OK)]
    told = [(row.fault, row.step) for row in grouped(rows)]
    assert told == [
        ("x", "everywhere but: e"),
        ("x", "e"),
        ("y", "wherever it strikes"),
        ("z", "a"),
    ]
