"""``Link`` headers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.links import next_page


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (['</v2/x/tags/list?last=b&n=2>; rel="next"'], "/v2/x/tags/list?last=b&n=2"),
        (["<https://r.example.org/next>;rel=next"], "https://r.example.org/next"),
        (['<a>; rel="prev", <b>; rel="next"'], "b"),
        (['<a>; rel="prev"', '<b>; title="x, y"; REL="Next last"'], "b"),
        (['<a,b>; rel="next"'], "a,b"),
        (['<a>; rel="nextish"'], ""),
        (["<a>"], ""),
        (["rel=next"], ""),
        ([], ""),
    ],
)
def test_the_next_page_is_found(headers: list[str], expected: str) -> None:
    assert next_page(headers) == expected


@given(st.text(st.characters(exclude_characters="<>", exclude_categories=["Cc"]), max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_target_is_read_back(target: str) -> None:
    assert next_page([f'<{target}>; rel="next"']) == target.strip()


@given(st.lists(st.text(max_size=80), max_size=3))
@settings(max_examples=200, deadline=None)
def test_nothing_makes_the_parser_fail(headers: list[str]) -> None:
    assert isinstance(next_page(headers), str)


def test_a_hostile_header_is_read_in_no_time() -> None:
    assert next_page(["<a>" + "; a" * 20_000 + "<"]) == ""
