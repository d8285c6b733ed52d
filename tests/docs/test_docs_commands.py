"""Every command line in the documentation can be typed: its commands and options exist."""

import pytest

from tests.support.command_lines import command_lines, fault
from tests.support.pages import Page, pages
from tests.support.tools import ROOT


@pytest.mark.parametrize("source", pages(), ids=lambda source: str(source.path.relative_to(ROOT)))
def test_every_command_line_of_a_page_exists(source: Page) -> None:
    assert [found for line in command_lines(source.text) if (found := fault(line))] == []


def test_command_lines_are_found_in_spans_and_blocks() -> None:
    text = (
        "Run `shipseal release --version V`, not `crane`.\n```console\n$ shipseal release \\\n    list\n"
        "shipseal verify x  # a comment\nok\nSHIPSEAL_DEBUG=1 shipseal key\n```\n"
    )
    assert list(command_lines(text)) == [
        "shipseal release --version V",
        "shipseal release  list",
        "shipseal verify x  # a comment",
        "shipseal key",
    ]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("shipseal COMMAND --help", ""),
        ("shipseal --version", ""),
        ("shipseal release --version 1.2.3", ""),
        ("shipseal release list --json | jq .", ""),
        ("shipseal publish", "shipseal publish: no command publish"),
        ("shipseal release forget", "shipseal release forget: no command forget"),
        ("shipseal release --force", "shipseal release --force: no option --force"),
    ],
)
def test_the_rule_can_fail(line: str, found: str) -> None:
    assert fault(line) == found
