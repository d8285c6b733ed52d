"""How the checks of a verdict are shown to a person: for each subject in the order in which they were made.

What was found the same for several kinds of evidence, as who signed, is one line.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from shipseal.cli.columns import Column
from shipseal.cli.output import print_table, say
from shipseal.intoto.predicates import Family
from shipseal.verify.steps import ItemStep, StepOutcome
from shipseal.verify.verdict import ItemCheck, PieceSteps, Verdict

_OTHERS = 3
"""Pieces beside the deciding one that are shown: whoever may push could add any number."""
_NUMBER = re.compile(r"(\d+)(.*)")
_DIGEST = re.compile(r"\b(?:sha256|sha512):([0-9a-f]{12})[0-9a-f]{52,}")
_HEAD = (Column("check"), Column("outcome", fixed=True), Column("what was there"))
# Steps from here on are those of one kind, whose name they have.
_OF_ONE_KIND = 7


def print_steps(verdict: Verdict) -> None:
    """Print what was asked about the evidence by which each item stands, and why others do not count."""
    groups = list(_groups(verdict.checks))
    for checks in groups:
        first = checks[0]
        several = sum(_about(one[0]) == _about(first) for one in groups) > 1
        where = f" at {first.target}" if several else ""
        rows = [*_merged(checks), *_not_made(checks), *_others(checks)]
        print_table(_HEAD, rows, title=f"checks of {first.platform} {first.subject}{where}")
        say()


def _groups(checks: Iterable[ItemCheck]) -> Iterator[list[ItemCheck]]:
    """Yield the checks of each subject; where every target must hold all, of each subject at each target."""
    group: list[ItemCheck] = []
    for check in checks:
        if group and (
            _about(check) != _about(group[0]) or check.family in {one.family for one in group}
        ):
            yield group
            group = []
        group.append(check)
    if group:
        yield group


def _about(check: ItemCheck) -> tuple[str, str]:
    return check.subject, check.platform


def _merged(checks: Sequence[ItemCheck]) -> Iterator[tuple[str, str, str]]:
    kinds: dict[ItemStep, list[Family]] = {}
    for check in checks:
        for step in check.pieces[0].steps if check.pieces else ():
            if step.outcome is not StepOutcome.NOT_MADE:
                kinds.setdefault(step, []).append(check.family)
    for step in sorted(kinds, key=_place):
        yield _name(step, kinds[step], len(checks)), step.outcome, _told(step)


def _place(step: ItemStep) -> tuple[int, str]:
    found = _NUMBER.fullmatch(step.number)
    return (int(found[1]), found[2]) if found else (0, step.number)


def _name(step: ItemStep, families: Sequence[Family], of: int) -> str:
    if _place(step)[0] >= _OF_ONE_KIND or len(families) == of:
        return f"{step.number} {step.name}"
    return f"{step.number} {step.name} ({', '.join(families)})"


def _told(step: ItemStep) -> str:
    got, expected = _short(step.got), _short(step.expected)
    return got if got == expected else f"{got}; expected: {expected}"


def _short(text: str) -> str:
    """Return a text with digests of twelve digits, as Docker shows them; the table of the evidence has all."""
    return _DIGEST.sub(r"\1", text)


def _not_made(checks: Sequence[ItemCheck]) -> Iterator[tuple[str, str, str]]:
    for check in checks:
        steps = check.pieces[0].steps if check.pieces else ()
        names = [f"{one.number} {one.name}" for one in steps if one.outcome is StepOutcome.NOT_MADE]
        if names:
            yield f"{check.family}: the rest", "not made", ", ".join(names)


def _others(checks: Sequence[ItemCheck]) -> Iterator[tuple[str, str, str]]:
    for check in checks:
        others = check.pieces[1:]
        for piece in others[:_OTHERS]:
            yield f"{check.family}: another", piece.standing, _reason(piece)
        if len(others) > _OTHERS:
            yield (
                f"{check.family}: another",
                "",
                f"and {len(others) - _OTHERS} more (--json has all)",
            )


def _reason(piece: PieceSteps) -> str:
    told = f"bundle {_short(piece.bundle or '')} at {piece.target}"
    refused = next((one for one in piece.steps if one.outcome is StepOutcome.FAIL), None)
    return f"{told}, {refused.number} {refused.name}: {_told(refused)}" if refused else told
