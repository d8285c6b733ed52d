"""No two pages state a fact differently: each has it from the program, in a generated part or in its own words."""

import re

import pytest

from scripts import facts
from shipseal.errors import Code, Exit, exit_for
from tests.support.pages import Page, page, pages
from tests.support.tools import ROOT

ALL = [*pages(), Page(ROOT / "README.md", (ROOT / "README.md").read_text(encoding="utf-8"))]


def named(source: Page) -> str:
    return str(source.path.relative_to(ROOT))


@pytest.mark.parametrize("source", ALL, ids=named)
def test_prose_states_what_the_program_does(source: Page) -> None:
    text = re.sub(r"\s+", " ", source.text)
    for pattern, allowed in facts.stated().items():
        for found in re.findall(pattern, text):
            assert found in allowed, f"{pattern}: {found!r}, expected one of {allowed}"


@pytest.mark.parametrize("source", ALL, ids=named)
def test_a_code_has_one_exit_status_wherever_it_stands(source: Page) -> None:
    assert facts.wrong_exits(source.text) == []


def test_each_pattern_of_a_fact_finds_one_somewhere() -> None:
    text = re.sub(r"\s+", " ", " ".join(source.text for source in ALL))
    assert [pattern for pattern in facts.stated() if not re.search(pattern, text)] == []


def test_a_wrong_exit_status_is_found() -> None:
    code = Code.DB_STALE
    right = f"[`{code}`](errors.md#{code}), exit {int(exit_for(code))}, and `{code}` (exit 6)"
    assert facts.wrong_exits(right) == []
    assert facts.wrong_exits(f"`{code}`,\nexit 5") == [f"`{code}`, exit 5"]


def test_each_code_that_ends_a_release_stands_once_in_the_rule() -> None:
    rows = [row for row in page("outage.md").rows() if "errors.md#" in row[-1]]
    codes = re.findall(r"\[`([^`]+)`\]", " ".join(row[-1] for row in rows))
    assert sorted(codes) == sorted(str(code) for code in Code if exit_for(code) is not Exit.OK)
    held = [row for row in rows if "pending" in row[0]]
    assert str(Code.SERVICE_OUTAGE) in held[0][-1]
    assert str(Code.GATE_FAILED) not in " ".join(row[-1] for row in held)


def test_durations_may_be_spoken() -> None:
    assert list(facts.spoken("2m")) == ["2m", "2 minutes", "two minutes"]
    assert list(facts.spoken("1h")) == ["1h", "1 hour", "one hour"]


def test_what_is_measured_with_a_goal_stands_among_what_is_wanted() -> None:
    text = page("performance.md").text
    wanted = text.partition("## What is wanted")[2].partition("\n## ")[0]
    blocks = text.split("<!-- measured: ")[1:]
    parts = [block.partition(",")[0] for block in blocks if "| wanted |" in block]
    assert "verify_many" in parts
    assert [part for part in parts if f"| `{part}` |" not in wanted] == []
