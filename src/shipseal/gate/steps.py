"""The rules in their order, for one finding: each step decides, or says why it does not. Pure.

(1) a vulnerability that must be fixed by name refuses; (2) a rule of ``.grype.yaml`` that holds, is justified and has
not ended takes the finding out; (3) what is known to be exploited refuses, where that is asked for; (4) the first rule
for its component that holds refuses it, lets it pass, or gives it a threshold of its own; (5) without any threshold it
passes; (6) with ``fixable_only``, what has no fix passes; (7) with ``new_only``, what the previous release had passes;
(8) what was published a short time ago has its grace; (9) what is likely to be exploited refuses; (10) a severity that
nobody states follows its own rule; (11) the threshold decides.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shipseal._internal.clock import rfc3339
from shipseal.checks import Status
from shipseal.gate.components import ComponentAction, ComponentRule, matcher
from shipseal.gate.policy import GatePolicy, KevRule, UnknownRule, percent, period
from shipseal.gate.previous import Previous
from shipseal.ignores.justification import Part, parts_text
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import Finding, FixState, Severity

_UNKNOWN = {
    UnknownRule.UNDECIDED: Status.UNKNOWN,
    UnknownRule.FAIL: Status.FAIL,
    UnknownRule.REPORT: Status.PASS,
}
IGNORES = "ignores"
_REASON = 200  # characters of a reason in a line; the whole of it stands with the rule


@dataclass(frozen=True, slots=True)
class Step:
    """One rule, asked about one finding.

    Attributes:
        key: the key of the configuration that it stands under, or ``ignores``.
        text: what it says, for people.
        status: what it decides; None when it leaves that to the next one.
    """

    key: str
    text: str
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One finding, with what the ignores say of it.

    Attributes:
        platform: whose.
        finding: what.
        active: ignores that hold.
        ended: ignores that would hold, and have come to their end.
        unjustified: ignores that would hold, and lack a part of their justification.
        over: ignores that would hold, and what they waited for has come about, with what that is.
    """

    platform: str
    finding: Finding
    active: Sequence[IgnoreRule] = ()
    ended: Sequence[IgnoreRule] = ()
    unjustified: Sequence[IgnoreRule] = ()
    over: Sequence[tuple[IgnoreRule, str]] = ()


class Rulebook:
    """A policy, ready to be asked.

    Args:
        policy: the rules.
        previous: what the previous release had; None when there is none.
        now: when it is decided.

    Raises:
        GlobError: a glob of a component's rule is malformed.
    """

    def __init__(self, policy: GatePolicy, previous: Previous | None, now: datetime) -> None:
        self._policy = policy
        self._previous = previous
        self._now = now
        self._must_fix = {name.upper(): name for name in policy.must_fix}
        self._components: tuple[tuple[int, ComponentRule, Callable[[Finding], bool]], ...] = tuple(
            (number, rule, matcher(rule)) for number, rule in enumerate(policy.components)
        )

    def decision(self, asked: Asked) -> Step:
        """Return the step that decides."""
        return next(step for step in self.steps(asked) if step.status is not None)

    def named(self, finding: Finding) -> str | None:
        """Return the name by which a finding must be fixed; None when it need not."""
        if not self._must_fix:
            return None
        ids = (finding.id, *finding.aliases)
        return next((found for name in ids if (found := self._must_fix.get(name.upper()))), None)

    def without_force(self, asked: Asked) -> Iterator[str]:
        """Yield why ignores that hold do not count, a sentence each."""
        yield from map(ended_text, asked.ended)
        for rule, told in asked.over:
            yield met_text(rule, told)
        for rule in asked.unjustified:
            yield unjustified_text(rule, self._policy.ignores.lacking(rule))

    def steps(self, asked: Asked) -> Iterator[Step]:
        """Yield the steps that apply, in their order, to the first that decides."""
        finding, policy = asked.finding, self._policy
        yield from self._named_rules(asked)
        found = next(((n, rule) for n, rule, holds in self._components if holds(finding)), None)
        threshold, key, about = policy.fail_on, "gate.fail_on", ""
        if found:
            number, rule = found
            key, about = f"gate.components[{number}]", f" ({rule.label})"
            if rule.action:
                status = Status.FAIL if rule.action is ComponentAction.FAIL else Status.PASS
                yield Step(key, f"{key}.action: {rule.action}{about}", status)
            threshold, key = rule.fail_on, f"{key}.fail_on"
        if threshold is None and policy.epss_above is None:  # (5)
            yield Step(key, f"{key}: none", Status.PASS)
        yield from self._excuses(asked)
        yield from _likely(finding, policy.epss_above)
        yield _severity(finding, policy.unknown, threshold, (key, about))

    def _named_rules(self, asked: Asked) -> Iterator[Step]:
        """Steps (1) to (3)."""
        finding = asked.finding
        if name := self.named(finding):
            spite = "".join(f", in spite of {_ignored(rule)}" for rule in asked.active[:1])
            yield Step("gate.must_fix", f"gate.must_fix: {name} must be gone{spite}", Status.FAIL)
        if asked.active:
            rule = asked.active[0]
            yield Step(IGNORES, ignored_text(rule), Status.IGNORED)
        for text in self.without_force(asked):
            yield Step(IGNORES, text)
        if self._policy.kev is KevRule.FAIL:
            if finding.kev:
                since = f"known to be exploited since {finding.kev.added.isoformat()}"
                yield Step("gate.kev", f"gate.kev: fail, {since}", Status.FAIL)
            yield Step("gate.kev", "not known to be exploited")

    def _excuses(self, asked: Asked) -> Iterator[Step]:
        """Steps (6) to (8): what lets a finding pass whatever its severity."""
        finding, policy = asked.finding, self._policy
        if policy.fixable_only:
            key = "gate.fixable_only"
            if finding.fix_state is not FixState.FIXED:
                yield Step(key, f"{key}: there is no fixed version", Status.PASS)
            yield Step(key, f"fixed in {', '.join(finding.fix_versions) or 'a newer version'}")
        if policy.new_only:
            yield self._new(asked)
        if policy.grace:
            yield self._young(finding)

    def _new(self, asked: Asked) -> Step:
        key, previous = "gate.new_only", self._previous
        if previous is None:
            return Step(key, "there is no previous release to compare with: all is new")
        if not previous.has(asked.platform, asked.finding):
            return Step(key, f"{previous.source} did not have it")
        if asked.ended or asked.over:
            # Whoever set an end to an ignore meant that the finding counts from then on.
            return Step(key, f"{previous.source} had it, but its ignore has ended")
        return Step(key, f"{key}: {previous.source} had it, too", Status.PASS)

    def _young(self, finding: Finding) -> Step:
        key, grace = "gate.grace", timedelta(seconds=self._policy.grace)
        if finding.published is None:
            return Step(key, "nobody says when it was published, so it has no grace")
        age = self._now - finding.published
        told = f"published {finding.published.date().isoformat()}"
        if timedelta() <= age < grace:
            until = rfc3339(finding.published + grace)
            return Step(
                key,
                f"{key}: {period(self._policy.grace)}, {told}, refuses from {until}",
                Status.PASS,
            )
        return Step(key, f"{told}, which is no time of grace any more" if age >= grace else told)


def _likely(finding: Finding, limit: float | None) -> Iterator[Step]:
    """Step (9)."""
    if limit is None:
        return
    key = "gate.epss_above"
    if finding.epss is None:
        yield Step(key, "no likelihood of exploitation is known")
    elif finding.epss.probability > limit:
        told = (
            f"{key}: {percent(limit)}, exploitation is {percent(finding.epss.probability)} likely"
        )
        yield Step(key, told, Status.FAIL)
    else:
        yield Step(key, f"exploitation is {percent(finding.epss.probability)} likely")


def _severity(
    finding: Finding, unknown: UnknownRule, threshold: Severity | None, where: tuple[str, str]
) -> Step:
    """Steps (10) and (11)."""
    key, about = where
    if threshold is None:
        return Step(key, f"{key}: none", Status.PASS)
    if finding.severity is Severity.UNKNOWN:
        return Step("gate.unknown", f"gate.unknown: {unknown}", _UNKNOWN[unknown])
    if finding.severity >= threshold:
        return Step(key, f"{key}: {threshold}{about}", Status.FAIL)
    return Step(key, f"below {key}: {threshold}{about}", Status.PASS)


def ignored_text(rule: IgnoreRule) -> str:
    """Return what to say of a finding that ``rule`` takes out: the rule, its end, its owner and its reason."""
    why = " ".join(rule.why.split())
    shown = why if len(why) <= _REASON else f"{why[:_REASON]}\u2026"
    return f"ignored by {rule.label}{_where(rule)}{f': {shown}' if shown else ''}"


def ended_text(rule: IgnoreRule) -> str:
    """Return what to say of an ignore that has come to its end."""
    end = rfc3339(rule.until) if rule.until else ""
    return f"the ignore in line {rule.line} ended {end}, owner {rule.owner or 'not named'}"


def met_text(rule: IgnoreRule, told: str) -> str:
    """Return what to say of an ignore whose removal criteria have come about."""
    owner = rule.owner or "not named"
    return f"the ignore in line {rule.line} is over ({rule.remove_when.rstrip('.')}): {told}, owner {owner}"


def unjustified_text(rule: IgnoreRule, lacking: Iterable[Part]) -> str:
    """Return what to say of an ignore that is not justified."""
    owner = rule.owner or "not named"
    return f"the ignore in line {rule.line} lacks {parts_text(lacking)}, owner {owner}"


def _ignored(rule: IgnoreRule) -> str:
    return f"the ignore of {rule.label}{_where(rule)}"


def _where(rule: IgnoreRule) -> str:
    parts = [
        f"line {rule.line}" if rule.line else "",
        f"until {rfc3339(rule.until)}" if rule.until else "",
        f"owner {rule.owner}" if rule.owner else "",
    ]
    found: Iterable[str] = [part for part in parts if part]
    return f" ({', '.join(found)})" if found else ""
