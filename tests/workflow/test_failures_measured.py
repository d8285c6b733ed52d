"""What is said of recorded failures: right at first place, and no cause where there is none."""

import pytest

from tests.support.recorded import SPLITS, Recorded, recorded

RULES, HELD_OUT = (recorded(split) for split in SPLITS)
EVERY = [*RULES, *HELD_OUT]
BAR = 0.9


@pytest.mark.parametrize("case", RULES, ids=lambda case: case.name)
def test_a_case_that_rules_were_written_from_is_right_at_first_place(case: Recorded) -> None:
    told = case.diagnosed()
    assert told
    assert told[0].code in case.right, told
    if case.ordinary:
        assert [one.code for one in told] == [told[0].code], "one entry, and no cause beside it"


def test_nine_of_ten_cases_that_nobody_wrote_rules_from_are_right_at_first_place() -> None:
    first = {case: case.diagnosed()[0].code for case in HELD_OUT}
    wrong = [f"{case.name}: {code}" for case, code in first.items() if code not in case.right]
    assert 1 - len(wrong) / len(first) >= BAR, wrong


@pytest.mark.parametrize(
    "case", [case for case in EVERY if case.ordinary], ids=lambda case: case.name
)
def test_an_ordinary_failure_is_given_no_cause(case: Recorded) -> None:
    assert {one.code for one in case.diagnosed()} <= case.right
