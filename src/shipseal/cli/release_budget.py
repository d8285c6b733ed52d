"""What outside tools could use in a release, why, and what they took (`release show`)."""

from shipseal.cli.columns import Column
from shipseal.cli.output import duration_text, print_table, say, say_wrapped, size_text
from shipseal.release.expenses import ToolExpense
from shipseal.release.result import ReleaseResult

_COLUMNS = (
    "tool",
    "for",
    Column("needs", right=True),
    Column("given", right=True, spare=1),
    Column("at its peak", right=True),
    Column("took", right=True),
    Column("waited", right=True, spare=2),
    Column("side by side", right=True, spare=3),
)


def print_budget(result: ReleaseResult) -> None:
    """Print the budget of outside tools and what each took; nothing for a release that has none."""
    budget = result.budget
    if budget is None:
        return
    say()
    say_wrapped(f"budget of outside tools: {'; '.join(budget.reasons)}")
    if budget.tools:
        print_table(_COLUMNS, [_row(one) for one in budget.tools])


def _row(one: ToolExpense) -> tuple[str, ...]:
    return (
        one.tool,
        one.about,
        size_text(one.needed),
        size_text(one.memory),
        size_text(one.peak) if one.peak else "unknown",
        duration_text(one.seconds),
        duration_text(one.waited),
        str(one.beside),
    )
