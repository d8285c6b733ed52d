"""What the gate is told to refuse."""

from dataclasses import dataclass
from enum import StrEnum

from shipseal.scan.interface import Severity


class UnknownRule(StrEnum):
    """What a finding without a severity does.

    Most advisories of some distributions state no severity. ``report`` counts and shows such findings in every output
    and lets the rest decide, as a scanner's own threshold does; who wants to be stricter says so.
    """

    REPORT = "report"
    UNDECIDED = "undecided"
    FAIL = "fail"


class GapRule(StrEnum):
    """What packages do that could not be looked up although they should have been."""

    UNDECIDED = "undecided"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Which findings refuse a release.

    Attributes:
        fail_on: this severity and worse ones refuse; None: nothing does, unknown severities and gaps included.
        unknown: see there.
        fixable_only: only findings with a fixed version refuse.
        gaps: see there.
    """

    fail_on: Severity | None = Severity.CRITICAL
    unknown: UnknownRule = UnknownRule.REPORT
    fixable_only: bool = False
    gaps: GapRule = GapRule.UNDECIDED

    def sentences(self) -> tuple[str, ...]:
        """Return the policy for people, a rule each."""
        if self.fail_on is None:
            return ("nothing refuses: gate.fail_on is none",)
        worse = "" if self.fail_on is Severity.CRITICAL else " and worse"
        rules = [f"{self.fail_on}{worse} refuses", f"unknown severity: {self.unknown}"]
        if self.fixable_only:
            rules.append("only findings with a fixed version refuse")
        if self.gaps is GapRule.REPORT:
            rules.append("packages that could not be looked up are only reported")
        return tuple(rules)

    def to_json(self) -> dict[str, object]:
        """Return the policy as it stands in reports."""
        return {
            "failOn": "none" if self.fail_on is None else str(self.fail_on),
            "unknown": str(self.unknown),
            "fixableOnly": self.fixable_only,
            "gaps": str(self.gaps),
        }
