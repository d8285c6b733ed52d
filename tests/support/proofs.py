"""Which rows of a table a test produces: a row that no test produces is a claim."""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, TypeVar

from tests.faults.rows import Row

T = TypeVar("T", bound=Callable[..., Any])
_NAME = "proved_rows"


def proves(*rows: Row) -> Callable[[T], T]:
    """Say of a test which rows it produces."""

    def note(test: T) -> T:
        setattr(test, _NAME, rows)
        return test

    return note


def proved(modules: Iterable[ModuleType]) -> list[Row]:
    """Return the rows that the tests of ``modules`` produce."""
    return [
        row
        for module in modules
        for name, test in vars(module).items()
        if name.startswith("test_")
        for row in getattr(test, _NAME, ())
    ]
