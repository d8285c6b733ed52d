"""What was looked at on the way to a verdict, for whoever wants to follow it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that held.

    Attributes:
        number: as in ``docs/verification.md``.
        what: was looked at.
        got: what was there.
    """

    number: str
    what: str
    got: str


@dataclass(slots=True)
class Trail:
    """All of it, in order.

    Attributes:
        steps: what held so far.
    """

    steps: list[Step] = field(default_factory=list)

    def add(self, number: str, what: str, got: str) -> None:
        """Note one thing that held."""
        self.steps.append(Step(number, what, got))
