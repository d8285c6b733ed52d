"""Which ignores are over, and why (S41). Pure.

A rule is over when (1) it has ended; (2) no finding is taken out by it any more; (3) what its removal criteria name has
come about; (4) upstream has released a fix for everything that it takes out, unless its criteria wait until that is in
the image: then the package is to be updated, and the line for that belongs into the same pull request.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import accumulate

from shipseal._internal.clock import rfc3339
from shipseal.exceptions.draft import IN_THE_IMAGE
from shipseal.exceptions.texts import code, issue_number, issue_reference
from shipseal.ignores.conditions import Met
from shipseal.ignores.found import Found
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule
from shipseal.report.entries import Advise
from shipseal.scan.interface import Finding, FixState, ScanReport

_PART_OF_BODY = 18_000  # characters; GitHub takes 65,536 in all


class Reason(StrEnum):
    """Why a rule is over."""

    EXPIRED = "expired"
    UNMATCHED = "unmatched"
    FIXED = "fixed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Over:
    """A rule that is over.

    Attributes:
        rule: which.
        reason: see :class:`Reason`.
        text: the reason, a sentence.
        findings: how many findings it would still hold for.
        updates: lines that bring the fixed versions.
    """

    rule: IgnoreRule
    reason: Reason
    text: str
    findings: int
    updates: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            "rule": self.rule.label,
            "index": self.rule.index,
            "line": self.rule.line,
            "vulnerability": self.rule.vulnerability,
            "reason": str(self.reason),
            "text": self.text,
            "findings": self.findings,
            "updates": list(self.updates),
            "owner": self.rule.owner,
            "issue": self.rule.issue,
        }


def over(
    rules: Sequence[IgnoreRule],
    reports: Sequence[ScanReport],
    *,
    now: datetime,
    advise: Advise,
    met: Met,
    reasons: Collection[Reason] = tuple(Reason),
) -> tuple[Over, ...]:
    """Return the rules that are over.

    Args:
        rules: of the file.
        reports: of the image, one for each platform.
        now: when.
        advise: says how to be rid of a finding.
        met: evaluates removal criteria.
        reasons: for which a rule counts as over.
    """
    present = Found([finding for report in reports for finding in report.findings])
    found: list[Over] = []
    for rule in rules:
        matcher = RuleMatcher(rule)
        if matcher.problem:
            continue  # it never held, so nothing is over: `ignore lint` names it
        held = present.held(matcher)
        reason, text = _reason(rule, held, met(rule, held), now)
        if reason is not None and reason in reasons:
            lines = dict.fromkeys(advise(finding).text for finding in held)
            found.append(Over(rule, reason, text, len(held), tuple(filter(None, lines))))
    return tuple(found)


def _reason(
    rule: IgnoreRule, held: Sequence[Finding], criteria: str, now: datetime
) -> tuple[Reason | None, str]:
    if rule.expired(now):
        return Reason.EXPIRED, f"it ended {rfc3339(rule.until) if rule.until else ''}"
    if not held:
        return Reason.UNMATCHED, "no finding is taken out by it any more"
    if criteria:
        return Reason.FIXED, criteria
    if IN_THE_IMAGE in rule.remove_when.lower():
        return None, ""
    if all(finding.fix_state is FixState.FIXED and finding.fix_versions for finding in held):
        versions = dict.fromkeys(
            f"{finding.package.name} {finding.fix_versions[0]}" for finding in held
        )
        return Reason.RELEASED, f"upstream has released the fix: {', '.join(versions)}"
    return None, ""


def prune_title(ended: Sequence[Over]) -> str:
    """Return the title of the pull request, and of its commit."""
    names = list(dict.fromkeys(one.rule.vulnerability or one.rule.label for one in ended))
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return " ".join(f"Ignore no longer: {shown}".replace("@", "(at)").replace("#", "").split())


def prune_body(ended: Sequence[Over], project: str) -> str:
    """Return the body of the pull request: what goes and why, what is to be updated, and the issues that it closes.

    GitHub takes a body of some length; of thousands of entries, it names the first, and closes what has room.

    Args:
        ended: what goes.
        project: address of the repository that the pull request is in.
    """
    rows = [f"- {code(one.rule.label)}: {code(one.text)}" for one in ended]
    updates = dict.fromkeys(line for one in ended for line in one.updates)
    parts = ["**Entries that go**", _with_room(rows)]
    if updates:
        boxes = [f"- [ ] {code(one)}" for one in updates]
        parts += ["**To update in this pull request**", _with_room(boxes)]
    closes = [f"Closes {issue_reference(one, project)}" for one in closed_by_merge(ended, project)]
    return "\n\n".join([*parts, "\n".join(closes)]).rstrip() + "\n"


def closed_by_merge(ended: Sequence[Over], project: str) -> tuple[str, ...]:
    """Return the issues that the pull request closes: those that its body has room for, in order."""
    issues = tuple(dict.fromkeys(one.rule.issue for one in ended if one.rule.issue))
    return issues[: _fitting(f"Closes {issue_reference(issue, project)}" for issue in issues)]


def _with_room(lines: Sequence[str]) -> str:
    count = _fitting(lines)
    more = [f"- … and {len(lines) - count} more"] if count < len(lines) else []
    return "\n".join([*lines[:count], *more])


def _fitting(lines: Iterable[str]) -> int:
    """Return how many lines have room in one part of a body."""
    sizes = accumulate(len(line) + 1 for line in lines)
    return sum(1 for size in sizes if size <= _PART_OF_BODY)


def issues_of(ended: Sequence[Over], project: str) -> tuple[tuple[int, Over], ...]:
    """Return the issues of this repository that are done, each once, with the first rule that named it."""
    found: dict[int, Over] = {}
    for one in ended:
        number = issue_number(one.rule.issue, project)
        if number is not None:
            found.setdefault(number, one)
    return tuple(found.items())
