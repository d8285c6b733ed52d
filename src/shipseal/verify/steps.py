"""What verification asked about a piece of evidence, one by one, for ``--explain``: name, inputs, outcome."""

from dataclasses import dataclass
from enum import StrEnum


class StepOutcome(StrEnum):
    """How one step came out."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    NOT_MADE = "not-made"


@dataclass(frozen=True, slots=True)
class ItemStep:
    """One check on a piece of evidence.

    Attributes:
        number: as in ``docs/verification.md``.
        name: what was checked.
        outcome: whether it held; NOT_MADE after one that did not.
        expected: what had to be there; empty when it was not made.
        got: what was there; likewise.
    """

    number: str
    name: str
    outcome: StepOutcome
    expected: str = ""
    got: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the element of ``steps`` in ``verification.schema.json``."""
        return {
            "step": self.number,
            "check": self.name,
            "outcome": str(self.outcome),
            "expected": self.expected,
            "got": self.got,
        }


def passed(number: str, name: str, got: str, expected: str) -> ItemStep:
    """Return a step that held."""
    return ItemStep(number, name, StepOutcome.PASS, expected, got)


def failed(number: str, name: str, got: str, expected: str) -> ItemStep:
    """Return a step that did not hold."""
    return ItemStep(number, name, StepOutcome.FAIL, expected, got)


def not_made(number: str, name: str) -> ItemStep:
    """Return a step that an earlier one made pointless."""
    return ItemStep(number, name, StepOutcome.NOT_MADE)
