"""Every read ends: at the end of what there is, or at its limit."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal._internal import limits
from shipseal._internal.limits import Limit, read_file, read_limited
from shipseal.errors import Code, ShipsealError


class Trickle(io.RawIOBase):
    """Gives one byte at a time, and counts what was asked of it."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.given = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return the next byte."""
        assert size > 0
        if not self.left:
            return b""
        self.left -= 1
        self.given += 1
        return b"x"


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=200))
def test_what_fits_comes_out_whole_and_what_does_not_is_refused(data: bytes, size: int) -> None:
    limit = Limit("thing", size, "of the test")
    if len(data) <= size:
        assert read_limited(io.BytesIO(data), limit, what="x") == data
    else:
        with pytest.raises(ShipsealError, match=f"x: more than {size} bytes"):
            read_limited(io.BytesIO(data), limit, what="x")


def test_no_more_is_read_than_shows_that_it_is_too_much() -> None:
    endless = Trickle(10**9)
    with pytest.raises(ShipsealError) as caught:
        read_limited(endless, Limit("thing", 10, "of the test"), what="x", code=Code.ATTEST_INVALID)
    assert endless.given == 11
    assert caught.value.code is Code.ATTEST_INVALID
    assert "of the test" in caught.value.hint


def test_a_stream_may_come_in_pieces() -> None:
    assert read_limited(Trickle(9), Limit("thing", 10, "of the test"), what="x") == b"x" * 9


def test_a_file_is_read_under_a_limit_too(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, Limit("thing", 5, "of the test")) == b"12345"
    with pytest.raises(ShipsealError, match="file: more than 4 bytes"):
        read_file(path, Limit("thing", 4, "of the test"))
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none", limits.CONFIG_FILE)


def test_every_limit_has_a_reason() -> None:
    named = [each for each in vars(limits).values() if isinstance(each, Limit)]
    assert len(named) > 8
    assert all(each.name and each.reason and each.size > 0 for each in named)
    assert limits.MANIFEST.size == 4 * 1024 * 1024
