"""The examples of ``docs/testing.md`` are run as they stand there."""

import re
from collections.abc import Callable

import pytest

from tests.support.pages import page

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, Callable[[], None]]:
    """Return the test functions of the page by name."""
    found: dict[str, Callable[[], None]] = {}
    for block in _BLOCK.findall(page("testing.md").text):
        names: dict[str, object] = {}
        exec(compile(block, "docs/testing.md", "exec"), names)  # noqa: S102 - our own page
        found |= {name: one for name, one in names.items() if name.startswith("test_")}  # type: ignore[misc]
    return found


@pytest.mark.parametrize("name", sorted(examples()))
def test_the_examples_pass(name: str) -> None:
    examples()[name]()


def test_there_are_examples_for_each_server() -> None:
    assert len(examples()) == 3


def test_every_fault_that_is_ready_is_in_the_table() -> None:
    from shipseal.testing import fault_kinds  # noqa: PLC0415

    public = {
        name
        for name, value in vars(fault_kinds).items()
        if callable(value) and getattr(value, "__module__", "") == fault_kinds.__name__
    }
    ready = {name for name in public if not name.startswith("_")}
    text = page("testing.md").text
    assert {name for name in ready if f"`{name}(" not in text} == set()


def test_every_part_that_the_page_names_is_there() -> None:
    rows = [row for row in page("testing.md").rows() if len(row) == 3]
    assert len(rows) >= 7
    for _, where, _ in rows:
        module = re.findall(r"`(\w+)\.(\w+)`", where)
        assert module
        for name, part in module:
            assert hasattr(__import__(f"shipseal.testing.{name}", fromlist=[part]), part)
