"""The pages hang together: links lead somewhere, and what the source promises is there."""

import re
from pathlib import Path

import pytest

from tests.support.pages import Page, broken_links, page, pages
from tests.support.source_tree import modules
from tests.support.tools import ROOT

# Not the ``docs/reference/`` of other projects, which comments quote as their source.
_DOCS_IN_SOURCE = re.compile(
    r"docs/(?!reference/)[\w./-]+?(?=[`'\")\s:;,]|\.\s|\.$|$)", re.MULTILINE
)


@pytest.mark.parametrize("source", pages(), ids=lambda source: str(source.path.relative_to(ROOT)))
def test_every_link_leads_somewhere(source: Page) -> None:
    assert list(broken_links(source)) == []


def test_every_page_that_the_source_names_is_there() -> None:
    named = {
        (name, found)
        for name, module in modules().items()
        for found in _DOCS_IN_SOURCE.findall(module.text)
    }
    assert named
    missing = [
        (name, found)
        for name, found in sorted(named)
        if not list((ROOT / found).parent.glob(Path(found).name + "*"))
    ]
    assert missing == []


def test_the_rule_for_links_can_fail(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text('# One two\n<a id="three"></a>\n')
    source = Page(
        tmp_path / "a.md",
        "[x](b.md) [x](b.md#one-two) [x](b.md#three) [x](https://example.org) [x](c.md) [x](b.md#four)",
    )
    assert list(broken_links(source)) == [
        "a.md: c.md: no such file",
        "a.md: b.md#four: no such place in it",
    ]


def test_code_blocks_are_no_prose() -> None:
    assert list(Page(Path("x.md"), "```\n[x](missing.md)\n```\n").links()) == []


def test_tables_are_read_by_cell() -> None:
    text = "| a | b |\n| --- | --- |\n| one | two `x\\|y` |\n\n| c |\n| --- |\n| three |\n"
    assert list(Page(Path("x.md"), text).rows()) == [["one", "two `x\\|y`"], ["three"]]


def test_adrs_have_their_four_parts_on_one_page() -> None:
    adrs = [each for each in pages() if each.path.parent.name == "adr"]
    assert len(adrs) >= 6
    for number, adr in enumerate(adrs, 1):
        assert adr.path.name.startswith(f"{number:04d}-")
        assert adr.text.startswith(f"# {number}. ")
        for heading in ("Context", "Options", "Outcome", "Negative consequences"):
            assert adr.section(heading).strip(), f"{adr.path.name} lacks {heading}"
        assert adr.text.count("\n") < 60


def test_a_missing_section_is_empty() -> None:
    assert page("errors.md").section("No such heading") == ""
