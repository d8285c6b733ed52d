"""What several checks come to: nothing passes by default, and unknown never passes."""

from hypothesis import given
from hypothesis import strategies as st

from shipseal.checks import Check, Outcome, Status, outcome_of


def _of(*statuses: Status) -> Outcome:
    return outcome_of(Check("x", "y", status) for status in statuses)


def test_no_check_at_all_fails() -> None:
    assert _of() is Outcome.FAIL


def test_one_failure_fails_everything() -> None:
    assert _of(Status.PASS, Status.UNKNOWN, Status.FAIL) is Outcome.FAIL


def test_unknown_is_undecided() -> None:
    assert _of(Status.PASS, Status.UNKNOWN) is Outcome.UNDECIDED


def test_what_was_only_skipped_or_ignored_has_verified_nothing() -> None:
    assert _of(Status.SKIPPED) is Outcome.UNDECIDED
    assert _of(Status.IGNORED, Status.SKIPPED) is Outcome.UNDECIDED


def test_skipped_and_ignored_do_not_stand_in_the_way() -> None:
    assert _of(Status.PASS, Status.SKIPPED, Status.IGNORED) is Outcome.PASS


@given(st.lists(st.sampled_from(list(Status))))
def test_a_pass_needs_a_pass_and_no_doubt(statuses: list[Status]) -> None:
    passed = _of(*statuses) is Outcome.PASS
    clean = not {Status.FAIL, Status.UNKNOWN} & set(statuses)
    assert passed == (clean and Status.PASS in statuses)
