"""JSON that parsers could read in two ways is refused, and nothing else comes out."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal._internal.strict_json import AmbiguousJsonError, decode_unambiguous

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_VALUES)
def test_plain_json_is_read(value: object) -> None:
    assert decode_unambiguous(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', "the name 'a' stands twice"),
        (b'[{"x": {"y": 1, "y": 1}}]', "the name 'y' stands twice"),
        (b"[NaN]", "NaN is no JSON value"),
        (b"-Infinity", "-Infinity is no JSON value"),
        (b'"\xff"', "not UTF-8"),
        (b'{"a": 1', "not JSON"),
        (b"[" * 200_000, "nested too deep"),
        (b"9" * 10_000, "too many digits"),
        (rb'["\uD800"]', "half of a surrogate pair"),
        (rb'{"a": {"\udc00": 1}}', "half of a surrogate pair"),
    ],
)
def test_what_parsers_may_disagree_about_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(AmbiguousJsonError, match=reason):
        decode_unambiguous(raw)


def test_whole_pairs_and_what_only_looks_like_half_of_one_are_read() -> None:
    assert decode_unambiguous(rb'["\ud83d\ude00", "\\ud800"]') == ["\U0001f600", "\\ud800"]


def test_a_name_that_stands_twice_among_many_is_found_in_time() -> None:
    names = ",".join(f'"{number}": 0' for number in range(200_000))
    with pytest.raises(AmbiguousJsonError, match="'199999' stands twice"):
        decode_unambiguous(f'{{{names}, "199999": 1}}'.encode())


@given(st.binary(max_size=100))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with contextlib.suppress(AmbiguousJsonError):
        decode_unambiguous(raw)
