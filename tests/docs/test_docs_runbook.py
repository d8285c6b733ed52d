"""The runbook page is whole: each statement and fault has its command and its proof, or says that it has none yet."""

import ast
import re
from functools import cache

import pytest

from tests.support.command_lines import command_lines, fault
from tests.support.pages import page
from tests.support.tools import ROOT

PAGE = page("runbook.md")
IDS = [f"S{number}" for number in range(1, 50)] + [f"({letter})" for letter in "abcdefghijkl"]
NOT_YET = "not yet"

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _rows() -> dict[str, list[str]]:
    return {
        cells[0]: cells[1:] for cells in PAGE.rows() if re.fullmatch(r"S\d+|\([a-l]\)", cells[0])
    }


def missing_tests(text: str) -> list[str]:
    """Return the tests that ``text`` names and that do not exist."""
    return [f"{path}::{name}" for path, name in _TEST.findall(text) if name not in _tests_in(path)]


@cache
def _tests_in(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_every_statement_and_fault_has_one_row_in_order() -> None:
    ids = [cells[0] for cells in PAGE.rows() if re.fullmatch(r"S\d+|\([a-l]\)", cells[0])]
    assert ids == IDS


@pytest.mark.parametrize("identifier", IDS)
def test_a_row_has_a_command_and_a_proof_or_says_not_yet(identifier: str) -> None:
    statement, how, proof = _rows()[identifier]
    assert statement
    if how.startswith(NOT_YET):
        assert proof == ""
        return
    assert list(command_lines(how)) or re.search(r"`make \w+`|\]\(", how), how
    assert [found for line in command_lines(how) if (found := fault(line))] == []
    assert _TEST.search(proof), f"{identifier} names no test"
    assert missing_tests(proof) == []


def test_a_test_that_does_not_exist_is_found() -> None:
    here = "tests/docs/test_docs_runbook.py"
    own = "test_a_test_that_does_not_exist_is_found"
    assert missing_tests(f"`{here}::{own}` `{here}::test_nothing` `tests/no.py::test_x`") == [
        f"{here}::test_nothing",
        "tests/no.py::test_x",
    ]
