"""What a decision says: a list of checks, each with a status. Errors are elsewhere (:mod:`shipseal.errors`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The status of one check. Only PASS, SKIPPED and IGNORED let a decision be positive; UNKNOWN never does."""

    PASS = "pass"  # noqa: S105 - a status, no password
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    IGNORED = "ignored"


class Outcome(StrEnum):
    """What a whole decision says. Undecided never passes."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what was checked.
        subject: on which thing.
        status: see :class:`Status`.
        expected: what would have passed; may be empty.
        got: what was there; may be empty.
        reason: why it was skipped, ignored (by whom, until when) or is unknown; may be empty.
    """

    name: str
    subject: str
    status: Status
    expected: str = ""
    got: str = ""
    reason: str = ""


def outcome_of(checks: Iterable[Check]) -> Outcome:
    """Return the decision over ``checks``: no check at all fails, and unknown never passes."""
    statuses = {check.status for check in checks}
    if not statuses or Status.FAIL in statuses:
        return Outcome.FAIL
    if Status.UNKNOWN in statuses:
        return Outcome.UNDECIDED
    # Checks that were all skipped or ignored have verified nothing.
    return Outcome.PASS if Status.PASS in statuses else Outcome.UNDECIDED
