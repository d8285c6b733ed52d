"""What a failure means is written down, and the page says what the program does."""

import re

import pytest

from shipseal.errors import Code, Exit, exit_for, most_urgent
from tests.support.pages import page

ERRORS = page("errors.md")
EXITS = page("exit-codes.md")


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_section_an_anchor_and_its_exit_status(code: Code) -> None:
    section = ERRORS.section(str(code))
    assert f'<a id="{code}"></a>' in section
    assert f"**Exit {int(exit_for(code))}, again: " in section
    assert "- *Do:* " in section


def test_the_page_has_no_code_that_does_not_exist() -> None:
    headings = re.findall(r"^### (.+)$", ERRORS.text, re.MULTILINE)
    assert headings == [str(code) for code in headings if code in {str(each) for each in Code}]
    assert len(headings) == len(Code)


def test_the_table_of_statuses_is_that_of_the_program() -> None:
    statuses = {int(cells[0]) for cells in EXITS.rows() if cells[0].isdecimal()}
    assert statuses == {int(each) for each in Exit}


def test_the_table_of_codes_is_that_of_the_program() -> None:
    links = {cells[0]: cells[1] for cells in EXITS.rows() if cells[0].startswith("[")}
    assert links == {f"[`{code}`](errors.md#{code})": str(int(exit_for(code))) for code in Code}


def test_the_order_of_several_is_that_of_the_program() -> None:
    sentence = re.search(r"Several at once: ([^.]*)\.", EXITS.text)
    assert sentence is not None
    order = [Exit(int(number)) for number in re.findall(r"\d+", sentence[1])]
    assert set(order) == set(Exit) - {Exit.OK}
    for position, status in enumerate(order):
        assert most_urgent([*order[position:], Exit.OK]) is status
