"""A rule: which line proves which failure, and how the failure is told."""

import re
from collections.abc import Mapping

import msgspec

from shipseal.errors import Code
from shipseal.runbook.parts import compiled, search

OWN = 120
"""shipseal itself says so."""
CERTAIN = 90
"""No other failure prints this."""
CLEAR = 70
"""Said by a tool in words that leave little doubt."""
LIKELY = 50
"""Believed when nothing clearer is there."""

_BLANK = re.compile(r"\{(\w+)\|([^{}]*)\}")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What proves one failure.

    Attributes:
        code: the failure.
        needs: texts in lower case; each line that the pattern matches has one of them. They are looked for in the raw
            bytes before anything else is done, so there should be few of them, and rare ones.
        pattern: regular expression that is searched in the cleaned line, in any case; its groups fill the sentence.
        cause: what happened; ``{group|otherwise}`` stands for what the pattern has caught.
        next: what to do; empty for what fits the code in general.
        weight: how sure it is, one of the constants above.
        retry: whether trying again may help; None for what fits the code in general.
        step: expression for the step that the line must stand in; a step that is not known fits too.
        named: whether the step must be known.
        after: expression for one of the lines shortly before.
        unless: expression that rules the line out.
        unless_after: expression for lines shortly before that rules the line out.
        following: whether only lines are looked at that follow the head of a longer message, as a stack trace does.
    """

    code: Code
    needs: tuple[str, ...]
    pattern: str
    cause: str
    next: tuple[str, ...] = ()
    weight: int = CLEAR
    retry: bool | None = None
    step: str = ""
    named: bool = False
    after: str = ""
    unless: str = ""
    unless_after: str = ""
    following: bool = False


class Seen(msgspec.Struct, frozen=True):
    """What stands around a line.

    Attributes:
        step: title of its step; empty when unknown.
        before: the lines that were looked at shortly before, the nearest last.
    """

    step: str = ""
    before: str = ""


def again(part: str, number: int = 2) -> str:
    """Return a part of a pattern for a second place in it: ``host2`` catches what ``host`` does."""
    return re.sub(r"\?P<([a-z]+)>", rf"?P<\g<1>{number}>", part)


def matched(rule: Rule, text: str, seen: Seen, across: int = -1) -> Mapping[str, str] | None:
    """Return what the rule catches of a line, by group; None when it does not match.

    Args:
        rule: the rule.
        text: the cleaned line.
        seen: what stands around it.
        across: place in the text that the match has to reach across: two lines were joined there.
    """
    found = search(rule.pattern, text)
    if found is None or not (across < 0 or found.start() < across < found.end()):
        return None
    if rule.unless and compiled(rule.unless).search(text):
        return None
    if rule.step and (seen.step or rule.named) and not compiled(rule.step).search(seen.step):
        return None
    if rule.after and not compiled(rule.after).search(seen.before):
        return None
    if rule.unless_after and compiled(rule.unless_after).search(seen.before):
        return None
    return {name.rstrip("0123456789"): value for name, value in found.groupdict().items() if value}


def filled(sentence: str, caught: Mapping[str, str]) -> str:
    """Return ``sentence`` with what was caught in its places."""
    return _BLANK.sub(lambda blank: caught.get(blank[1]) or blank[2], sentence)
