"""Codes, statuses, and what an error says of itself."""

import itertools

import pytest

from shipseal.errors import (
    Code,
    ConfigError,
    Exit,
    InterruptedReleaseError,
    ShipsealError,
    exit_for,
    most_urgent,
)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_status_and_a_form_that_lasts(code: Code) -> None:
    assert exit_for(code) in Exit
    assert code == "unknown" or code.count(".") == 1
    assert code == code.lower()


def test_configuration_comes_before_permission_service_evidence_doubt_and_refusal() -> None:
    order = [
        Exit.USAGE,
        Exit.AUTH,
        Exit.OUTSIDE,
        Exit.EVIDENCE,
        Exit.UNDECIDED,
        Exit.REFUSED,
        Exit.OK,
    ]
    for first, second in itertools.combinations(order, 2):
        assert most_urgent([second, first]) is first
        assert most_urgent([first, second]) is first


def test_nothing_at_all_went_well() -> None:
    assert most_urgent([]) is Exit.OK


def test_an_error_tells_programs_what_it_tells_people() -> None:
    error = ShipsealError(
        Code.RATE_LIMITED, "slow down", hint="log in", context={"host": "h"}, retryable=True
    )
    assert error.to_json() == {
        "code": "service.rate-limited",
        "message": "slow down",
        "hint": "log in",
        "context": {"host": "h"},
        "retryable": True,
    }
    assert str(error) == "slow down"
    assert error.exit is Exit.OUTSIDE


def test_an_interrupt_is_130_and_resumable_whatever_the_code_says() -> None:
    error = InterruptedReleaseError("interrupted")
    assert error.exit is Exit.INTERRUPTED
    assert error.retryable


def test_wrong_configuration_is_never_tried_again() -> None:
    assert not ConfigError("no").retryable
    assert ConfigError("no").exit is Exit.USAGE
    assert ConfigError("no", code=Code.POLICY_EMPTY).exit is Exit.USAGE
