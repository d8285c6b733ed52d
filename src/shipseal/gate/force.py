"""Which ignores have force over the findings at hand, and why the others have none. Pure.

A rule has force when it can hold at all, has not come to its end, is justified as far as that is required, and what its
removal criteria name has not come about. The last is asked once for all findings that a rule holds for: who wrote
"until a fix is available" has decided for as long as there is none, in whichever of them it comes first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from shipseal.gate.verdicts import (
    ExpiredIgnore,
    MetIgnore,
    NoEffect,
    UnjustifiedIgnore,
    UnusableIgnore,
)
from shipseal.ignores.conditions import Met
from shipseal.ignores.found import Found
from shipseal.ignores.justification import IgnoreTerms
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.nearest import nothing_held
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.matching import Unmatched
from shipseal.scan.interface import Finding


class Force:
    """The rules, held against all findings once.

    Args:
        rules: in the order of their file.
        findings: all of them, of every platform.
        terms: on which terms rules count.
        now: the time, for their ends.
        met: says whether what a rule's removal criteria name has come about.
    """

    def __init__(
        self,
        rules: Iterable[IgnoreRule],
        findings: Sequence[Finding],
        *,
        terms: IgnoreTerms,
        now: datetime,
        met: Met,
    ) -> None:
        self._terms = terms
        self._now = now
        self._found = Found(findings)
        self._matchers = [RuleMatcher(rule) for rule in rules]
        self._rules: dict[int, list[IgnoreRule]] = {}
        self._held: dict[int, list[Finding]] = {}
        for matcher in self._matchers:
            rule = matcher.rule
            held = self._held[rule.index] = self._found.held(matcher)
            for one in held:
                self._rules.setdefault(id(one), []).append(rule)
        self._met = dict(self._conditions(met))

    def _conditions(self, met: Met) -> Iterator[tuple[int, str]]:
        for matcher in self._matchers:
            rule, held = matcher.rule, self._held[matcher.rule.index]
            if held and (told := met(rule, held)):
                yield rule.index, told

    def holding(self, finding: Finding) -> Sequence[IgnoreRule]:
        """Return the rules that hold for one of the findings, whether they have force or not."""
        return self._rules.get(id(finding), ())

    def why_over(self, rule: IgnoreRule) -> str:
        """Return what of the removal criteria of a rule has come about, where that ends it; else nothing."""
        return self._met.get(rule.index, "") if self._terms.ends_when_met else ""

    def lasts(self, rule: IgnoreRule) -> bool:
        """Return whether a rule has neither come to its end nor to what its removal criteria name."""
        return not rule.expired(self._now) and not self.why_over(rule)

    def expired(self) -> tuple[ExpiredIgnore, ...]:
        """Return the rules that have ended and would still hold for a finding."""
        return tuple(
            ExpiredIgnore(rule, held) for rule, held in self._used() if rule.expired(self._now)
        )

    def met(self) -> tuple[MetIgnore, ...]:
        """Return the rules that hold for a finding and whose removal criteria have come about; they may count."""
        return tuple(
            MetIgnore(rule, told, held, ignores=not self._terms.ends_when_met)
            for rule, held in self._used()
            if not rule.expired(self._now) and (told := self._met.get(rule.index, ""))
        )

    def unusable(self) -> tuple[UnusableIgnore, ...]:
        """Return the rules that can never hold."""
        return tuple(
            UnusableIgnore(matcher.rule, matcher.problem)
            for matcher in self._matchers
            if matcher.problem
        )

    def unjustified(self) -> tuple[UnjustifiedIgnore, ...]:
        """Return the rules that hold for a finding and lack a part of their justification, though they may count."""
        return tuple(
            UnjustifiedIgnore(rule, lacking, held, ignores=not self._terms.refused(rule))
            for rule, held in self._used()
            if self.lasts(rule) and (lacking := self._terms.lacking(rule))
        )

    def in_force(self) -> tuple[IgnoreRule, ...]:
        """Return the rules that count, whether they hold for a finding or not."""
        return tuple(
            matcher.rule
            for matcher in self._matchers
            if not matcher.problem
            and self.lasts(matcher.rule)
            and not self._terms.refused(matcher.rule)
        )

    def idle(self) -> Iterator[NoEffect]:
        """Yield the rules of ours that could take something out and take out nothing, each with why."""
        for matcher in self._matchers:
            rule = matcher.rule
            if matcher.problem or self._held[rule.index] or rule.expired(self._now):
                continue
            cause, why = nothing_held(matcher, self._found)
            yield NoEffect(
                rule.label,
                str(cause),
                why,
                line=rule.line,
                owner=rule.owner,
                status="ignored",
                rule=rule,
            )

    def _used(self) -> Iterator[tuple[IgnoreRule, int]]:
        for matcher in self._matchers:
            if held := len(self._held[matcher.rule.index]):
                yield matcher.rule, held


def known_conditions(met: Iterable[MetIgnore]) -> Met:
    """Return what was found out already of removal criteria."""
    known: Mapping[int, str] = {item.rule.index: item.why for item in met}
    return lambda rule, _: known.get(rule.index, "")


def statements_without_effect(unmatched: Iterable[Unmatched]) -> Iterator[NoEffect]:
    """Yield the VEX statements that take out nothing, each with why."""
    for one in unmatched:
        yield NoEffect(
            one.statement.label,
            str(one.cause),
            one.why,
            document=one.document.id or one.document.source,
            owner=one.document.author,
            signer=one.document.signer,
            status=str(one.statement.status),
        )
