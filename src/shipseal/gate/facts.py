"""The ignores that a decision counted, as facts for a statement."""

from collections import Counter
from collections.abc import Iterable, Sequence

from shipseal.gate.verdicts import FindingVerdict
from shipseal.ignores.rules import IgnoreRule, Vouched
from shipseal.intoto.vuln import IgnoreFacts


def ignore_facts(
    in_force: Iterable[IgnoreRule], verdicts: Sequence[FindingVerdict]
) -> tuple[IgnoreFacts, ...]:
    """Return every rule that counted, also one that held for nothing: what was in force is what was decided by.

    Args:
        in_force: the rules that counted (:attr:`shipseal.gate.report.GateReport.in_force`).
        verdicts: the findings that are told of, for how many of them each rule took out.
    """
    held = Counter(rule.index for verdict in verdicts for rule in verdict.ignored_by)
    return tuple(_facts(rule, held[rule.index]) for rule in in_force)


def _facts(rule: IgnoreRule, findings: int) -> IgnoreFacts:
    approval = rule.approval
    return IgnoreFacts(
        rule=rule.label,
        reason=rule.why,
        owner=rule.owner,
        until=rule.until,
        tracking=rule.tracking,
        issue=rule.issue,
        impact=rule.impact,
        component=rule.component,
        remove_when=rule.remove_when,
        findings=findings,
        approved_by=approval.by if approval else (),
        commit=approval.commit if approval else "",
        pull_request=approval.pull_request if approval else "",
        vex=_statement(rule.vouched) if rule.vouched else {},
    )


def _statement(said: Vouched) -> dict[str, str]:
    """Return whose statement a rule stands for, without empty members."""
    members = {
        "statement": said.statement,
        "status": said.status,
        "justification": said.justification,
        "author": said.author,
        "signer": said.signer,
        "document": said.document,
    }
    return {name: value for name, value in members.items() if value}
