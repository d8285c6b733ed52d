"""What the gate is told to refuse."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shipseal.gate.components import ComponentRule
from shipseal.ignores.justification import (
    DEFAULT_TERMS,
    REQUIRED,
    IgnoreTerms,
    Unjustified,
    parts_text,
)
from shipseal.scan.interface import Severity

_DAY = 86400.0
_HOUR = 3600.0


class UnknownRule(StrEnum):
    """What a finding without a severity does.

    Most advisories of some distributions state no severity. ``report`` counts and shows such findings in every output
    and lets the rest decide, as a scanner's own threshold does; who wants to be stricter says so.
    """

    REPORT = "report"
    UNDECIDED = "undecided"
    FAIL = "fail"


class GapRule(StrEnum):
    """What packages do that could not be looked up although they should have been.

    Data that lacks what a rule asks for, such as a catalogue of what is exploited, counts as such, too.
    """

    UNDECIDED = "undecided"
    REPORT = "report"


class KevRule(StrEnum):
    """What a vulnerability does that is known to be exploited, by CISA's catalogue."""

    REPORT = "report"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Which findings refuse a release.

    ``fixable_only``, ``grace`` and ``new_only`` let findings pass that a severity or a likelihood would refuse. They
    excuse nothing that is known to be exploited, that must be fixed by name, or that a component's ``fail`` names.

    Attributes:
        fail_on: this severity and worse ones refuse; None: none does, unknown severities included.
        unknown: see there.
        fixable_only: only findings with a fixed version refuse.
        gaps: see there.
        kev: see there; ``fail`` asks no severity, no fix and no age.
        epss_above: findings that are more likely than this to be exploited within 30 days refuse; None: none does.
        grace: seconds for which a finding does not refuse after its advisory was published; 0 for none.
        new_only: only findings refuse that the previous release did not have.
        components: rules for some components, before the threshold for all.
        must_fix: vulnerabilities that must be gone, by any of their ids; ignores do not help.
        ignores: on which terms rules take findings out.
    """

    fail_on: Severity | None = Severity.CRITICAL
    unknown: UnknownRule = UnknownRule.REPORT
    fixable_only: bool = False
    gaps: GapRule = GapRule.UNDECIDED
    kev: KevRule = KevRule.REPORT
    epss_above: float | None = None
    grace: float = 0.0
    new_only: bool = False
    components: tuple[ComponentRule, ...] = ()
    must_fix: tuple[str, ...] = ()
    ignores: IgnoreTerms = DEFAULT_TERMS

    @property
    def refuses(self) -> bool:
        """Whether anything could be refused; if not, nothing is undecided either."""
        return (
            self.fail_on is not None
            or self.kev is KevRule.FAIL
            or self.epss_above is not None
            or bool(self.must_fix)
            or any(rule.refuses for rule in self.components)
        )

    @property
    def is_plain(self) -> bool:
        """Whether it is a threshold and nothing that adds to it or takes from it."""
        plain = GatePolicy(self.fail_on, unknown=self.unknown, gaps=self.gaps)
        return self == plain

    def sentences(self) -> tuple[str, ...]:
        """Return the policy for people, a rule each."""
        if not self.refuses:
            return ("nothing refuses: gate.fail_on is none",)
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        if self.must_fix:
            yield f"must be gone: {', '.join(self.must_fix)}"
        if self.kev is KevRule.FAIL:
            yield "what is known to be exploited refuses"
        yield from (rule.sentence for rule in self.components)
        if self.epss_above is not None:
            yield f"more than {percent(self.epss_above)} likely to be exploited refuses"
        if self.fail_on is not None:
            worse = "" if self.fail_on is Severity.CRITICAL else " and worse"
            yield f"{self.fail_on}{worse} refuses"
            yield f"unknown severity: {self.unknown}"
        if self.fixable_only:
            yield "only findings with a fixed version refuse"
        if self.new_only:
            yield "only findings that the previous release did not have refuse"
        if self.grace:
            yield f"findings refuse {period(self.grace)} after they were published"
        if self.gaps is GapRule.REPORT:
            yield "packages that could not be looked up are only reported"
        yield from self._terms()

    def _terms(self) -> Iterator[str]:
        """Say on which terms ignores count where they are not the default ones."""
        if self.ignores.unjustified is Unjustified.WARN:
            yield "an ignore that is not justified counts, and is told"
        if self.ignores.require != REQUIRED:
            needs = parts_text(self.ignores.require) if self.ignores.require else "nothing"
            yield f"an ignore needs {needs}"

    def to_json(self) -> dict[str, object]:
        """Return the policy as it stands in reports."""
        return {
            "failOn": "none" if self.fail_on is None else str(self.fail_on),
            "unknown": str(self.unknown),
            "fixableOnly": self.fixable_only,
            "gaps": str(self.gaps),
            "kev": str(self.kev),
            "epssAbove": self.epss_above,
            "grace": self.grace,
            "newOnly": self.new_only,
            "components": [rule.to_json() for rule in self.components],
            "mustFix": list(self.must_fix),
            "ignores": {
                "unjustified": str(self.ignores.unjustified),
                "require": [str(part) for part in self.ignores.require],
            },
        }


def percent(probability: float) -> str:
    """Return a probability for people: ``12.5%``."""
    return f"{probability * 100:.4g}%"


def period(seconds: float) -> str:
    """Return a period for people: ``14 days``, ``36 hours``, ``90 seconds``."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (1.0, "second")):
        if seconds >= unit and seconds % unit == 0:
            count = int(seconds // unit)
            return f"{count} {name}{'s' if count != 1 else ''}"
    return f"{seconds:g} seconds"
