"""What a release was given for outside tools, and what they took: for the journal and for people."""

from collections.abc import Iterable

import msgspec

from shipseal._internal.budget import Budget
from shipseal._internal.turns import Spent


class BudgetRecord(msgspec.Struct, frozen=True):
    """``budget.chosen``: what outside tools may use together.

    Attributes:
        cores: processors.
        memory: bytes.
        at_once: tools that may run at the same time.
        reasons: why, a sentence for each.
    """

    cores: int
    memory: int
    at_once: int
    reasons: tuple[str, ...]


class ToolExpense(msgspec.Struct, frozen=True):
    """One run of a tool that ended well.

    Attributes:
        tool: name and version.
        about: what it did.
        size: bytes of what it read.
        needed: bytes of memory that it was thought not to live without.
        why: where that figure comes from.
        memory: bytes that it was given.
        peak: most bytes that it had; 0 when that is not known.
        seconds: how long it ran.
        waited: seconds until its turn came.
        beside: the most tools that ran at the same time, itself included.
    """

    tool: str
    about: str
    size: int
    needed: int
    why: str
    memory: int
    peak: int
    seconds: float
    waited: float
    beside: int


class SpentRecord(msgspec.Struct, frozen=True):
    """``budget.spent``: what the tools of one run of a release took."""

    tools: tuple[ToolExpense, ...]


class BudgetResult(msgspec.Struct, frozen=True):
    """What the last run of a release was given, why, and what its tools took, in whichever run each ran."""

    cores: int
    memory: int
    at_once: int
    reasons: tuple[str, ...]
    tools: tuple[ToolExpense, ...]


def budget_record(budget: Budget) -> BudgetRecord:
    """Return the budget as the journal keeps it."""
    return BudgetRecord(budget.cores, budget.memory, budget.seats, budget.reasons)


def spent_record(spent: Iterable[Spent]) -> SpentRecord:
    """Return what was spent as the journal keeps it."""
    return SpentRecord(tuple(_expense(one) for one in spent))


def budget_result(chosen: BudgetRecord | None, spent: Iterable[ToolExpense]) -> BudgetResult | None:
    """Return both as they are shown; None for a release of a time when no budget was chosen."""
    if chosen is None:
        return None
    return BudgetResult(chosen.cores, chosen.memory, chosen.at_once, chosen.reasons, tuple(spent))


def _expense(one: Spent) -> ToolExpense:
    return ToolExpense(
        tool=one.errand.tool,
        about=one.errand.about,
        size=one.errand.size,
        needed=one.need.least,
        why=one.need.reason,
        memory=one.memory,
        peak=one.peak,
        seconds=round(one.seconds, 3),
        waited=round(one.waited, 3),
        beside=one.beside,
    )
