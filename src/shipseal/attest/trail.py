"""What was looked at on the way to a verdict, for whoever wants to follow it."""

from dataclasses import dataclass, field

from shipseal.attest.interface import QUESTIONS, Step


@dataclass(slots=True)
class Trail:
    """All of it, in order.

    Attributes:
        steps: what held so far.
        asking: number of what is looked at now: where it does not hold, that is where the trail ends.
    """

    steps: list[Step] = field(default_factory=list)
    asking: str = "3"

    def add(self, number: str, what: str, got: str, expected: str = "") -> None:
        """Note one thing that held."""
        self.steps.append(Step(number, what, got, expected or QUESTIONS[number][1]))

    def ended(self, got: str, expected: str = "") -> tuple[Step, ...]:
        """Return all that held, and last what did not; a part of that which held does not make it hold."""
        what, usual = QUESTIONS[self.asking]
        before = (step for step in self.steps if step.number != self.asking)
        return (*before, Step(self.asking, what, got, expected or usual, held=False))
