"""What is made from the program is what the program says now."""

import pytest

from scripts import docs
from shipseal.config.keys import all_keys
from shipseal.config.shape import Kind
from tests.support.pages import page, pages
from tests.support.tools import ROOT


def test_nothing_generated_is_stale() -> None:
    assert [str(path.relative_to(ROOT)) for path in docs.stale(write=False)] == [], (
        "run `make docs`"
    )


def test_every_part_has_a_page() -> None:
    text = "".join(each.text for each in pages())
    for part in docs.PARTS:
        assert text.count(f"<!-- generated: {part}, by `make docs` -->") == 1


def test_every_key_and_variable_of_the_configuration_is_described() -> None:
    rows = [row for row in page("configuration.md").rows() if len(row) == 5]
    described = {row[0]: row for row in rows}
    for key in all_keys():
        if len(key.path) == 1 or key.shape.kind is not Kind.SECTION:
            row = described[f"`{key.name}`"]
            assert row[4]
            assert row[3] == (f"`{key.variable}`" if key.variable else "")


def test_what_is_between_the_comments_is_replaced_and_nothing_else() -> None:
    page_text = "before\n<!-- generated: exit-codes, by `make docs` -->\nold\n<!-- end -->\nafter\n"
    new = docs.render(page_text)
    assert "old" not in new
    assert new.startswith("before\n<!-- generated: exit-codes")
    assert new.endswith("<!-- end -->\nafter\n")
    assert docs.render(new) == new


def test_an_unknown_part_is_an_error() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        docs.render("<!-- generated: nonsense, by `make docs` -->\n<!-- end -->")


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert docs.table(["a"], [["x|y"]]).splitlines()[2] == "| x\\|y |"
