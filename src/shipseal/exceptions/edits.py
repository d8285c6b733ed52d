"""Changes to the text of a file of ignores, the same for the work tree and for GitHub; made twice, they count once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from shipseal.ignores.edit import with_rule, without_rules
from shipseal.ignores.read import read_ignores
from shipseal.ignores.render import entry_lines
from shipseal.ignores.rules import IgnoreRule

_NO_ISSUE = ""


def same_conditions(rules: Iterable[IgnoreRule], rule: IgnoreRule) -> tuple[IgnoreRule, ...]:
    """Return the rules that are for the same findings as ``rule``."""
    return tuple(one for one in rules if _conditions(one) == _conditions(rule))


def added(text: str, rule: IgnoreRule, *, name: str, issue: str = _NO_ISSUE) -> str:
    """Return ``text`` with a rule, in place of those with the same conditions.

    Args:
        text: content of the file; empty for a new one.
        rule: what is added.
        name: what the file is called in messages.
        issue: address of the own issue; empty for the one that the rule has.

    Raises:
        ConfigError: the file cannot be read, or nothing can be added to it safely.
    """
    wanted = replace(rule, issue=issue or rule.issue)
    there = same_conditions(read_ignores(text, name=name).rules, wanted)
    if len(there) == 1 and entry_lines(there[0]) == entry_lines(wanted):
        return text
    return with_rule(
        without_rules(text, [one.index for one in there], name=name), wanted, name=name
    )


def removed(text: str, rules: Sequence[IgnoreRule], *, name: str) -> str:
    """Return ``text`` without the rules that say the same as these.

    Args:
        text: content of the file.
        rules: what goes, read from this or another version of the file.
        name: what the file is called in messages.

    Raises:
        ConfigError: the file cannot be read, or one of them cannot be taken out safely.
    """
    gone = {_said(rule) for rule in rules}
    there = read_ignores(text, name=name).rules
    return without_rules(text, [one.index for one in there if _said(one) in gone], name=name)


def _conditions(rule: IgnoreRule) -> tuple[object, ...]:
    given = tuple(sorted(rule.conditions().items()))
    return given, rule.include_aliases, rule.vex_status, rule.vex_justification


def _said(rule: IgnoreRule) -> IgnoreRule:
    return replace(rule, index=0, line=0)
