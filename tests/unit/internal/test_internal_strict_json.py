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
    ],
)
def test_what_parsers_may_disagree_about_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(AmbiguousJsonError, match=reason):
        decode_unambiguous(raw)


@given(st.binary(max_size=100))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with contextlib.suppress(AmbiguousJsonError):
        decode_unambiguous(raw)
