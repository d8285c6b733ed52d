"""The table of crashes holds what tests produce, and nothing else."""

from tests.faults.crash import (
    test_crash_journal,
    test_crash_kills,
    test_crash_locks,
    test_crash_power_cut,
    test_crash_signals,
)
from tests.faults.crash_rows import ROWS
from tests.support.proofs import proved

MODULES = (
    test_crash_journal,
    test_crash_kills,
    test_crash_locks,
    test_crash_power_cut,
    test_crash_signals,
)


def test_every_row_is_produced_by_a_test_and_every_test_names_rows_of_the_table() -> None:
    assert {str(row) for row in proved(MODULES)} == {str(row) for row in ROWS}


def test_a_row_that_no_test_produces_would_be_noticed() -> None:
    assert {str(row) for row in proved(MODULES[:1])} < {str(row) for row in ROWS}
