"""Raw Snappy blocks: every legal block gives its content, and nothing that is damaged gives any."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.limits import MIB, Limit
from shipseal.errors import Code, ShipsealError
from shipseal.github.snappy import snappy_decode
from shipseal.testing.github_server import snappy_literals

LIMIT = Limit("block", MIB, "of the test")


def decode(block: bytes, limit: Limit = LIMIT) -> bytes:
    return snappy_decode(block, limit, what="the block")


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def literal(data: bytes, width: int) -> bytes:
    """Spell a literal; ``width`` bytes hold its length, none where the tag does."""
    size = len(data) - 1
    if not width:
        return bytes([size << 2]) + data
    return bytes([(59 + width) << 2]) + size.to_bytes(width, "little") + data


def copy(offset: int, size: int, kind: int) -> bytes:
    if kind == 1:
        return bytes([offset >> 8 << 5 | (size - 4) << 2 | 1, offset & 0xFF])
    return bytes([(size - 1) << 2 | kind]) + offset.to_bytes(2 if kind == 2 else 4, "little")


@st.composite
def blocks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Draw a legal block and its content, built byte by byte from what the elements mean."""
    out, body = bytearray(), bytearray()
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from([0, 0, 1, 2, 3])) if out else 0
        if kind == 0:
            data = draw(st.binary(min_size=1, max_size=200))
            widths = [0, 1, 2, 3, 4] if len(data) <= 60 else [1, 2, 3, 4]
            body += literal(data, draw(st.sampled_from(widths)))
            out += data
            continue
        size = draw(st.integers(4, 11) if kind == 1 else st.integers(1, 64))
        offset = draw(st.integers(1, min(len(out), 2047 if kind == 1 else 65535)))
        body += copy(offset, size, kind)
        for _ in range(size):
            out.append(out[-offset])
    return varint(len(out)) + bytes(body), bytes(out)


@settings(max_examples=300, deadline=None)
@given(blocks())
def test_every_legal_block_gives_its_content(block: tuple[bytes, bytes]) -> None:
    assert decode(block[0]) == block[1]


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200_000))
def test_what_the_server_writes_is_read(data: bytes) -> None:
    assert decode(snappy_literals(data)) == data


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_content_of_the_announced_length_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ShipsealError):
        found = decode(data)
        assert data.startswith(varint(len(found))[:-1])


@settings(max_examples=200, deadline=None)
@given(blocks(), st.data())
def test_a_block_that_ends_early_is_refused(
    block: tuple[bytes, bytes], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(block[0]) - 1))
    with pytest.raises(ShipsealError) as caught:
        decode(block[0][:cut])
    assert caught.value.code is Code.ATTEST_INVALID


@pytest.mark.parametrize(
    ("block", "match"),
    [
        (b"", "does not tell its length"),
        (b"\x80\x80\x80\x80\x80\x01", "does not tell its length"),
        (b"\xff\xff\xff\xff\x7f", "does not tell its length"),
        (b"\x05", "announces 5 bytes and holds 0"),
        (b"\x01" + literal(b"ab", 0), "announces 1 bytes and holds more"),
        (b"\x04" + literal(b"abcd", 0)[:-1], "ends within a literal"),
        (b"\x04" + bytes([61 << 2, 3]), "ends within an element"),
        (b"\x04" + copy(1, 4, 1), "copies from 1 bytes back, and 0 are there"),
        (b"\x05" + literal(b"a", 0) + copy(0, 4, 2), "copies from 0 bytes back"),
        (b"\x05" + literal(b"a", 0) + copy(2, 4, 3), "copies from 2 bytes back, and 1 are there"),
    ],
)
def test_damage_is_told(block: bytes, match: str) -> None:
    with pytest.raises(ShipsealError, match=match) as caught:
        decode(block)
    assert caught.value.code is Code.ATTEST_INVALID


def test_a_bomb_is_refused_by_its_announcement() -> None:
    with pytest.raises(ShipsealError, match="more than 1048576 bytes"):
        decode(varint(2 * MIB) + literal(b"a", 0) + copy(1, 64, 2) * 40_000)


def test_a_bomb_that_lies_about_its_length_stops_there() -> None:
    with pytest.raises(ShipsealError, match="announces 10 bytes and holds more"):
        decode(varint(10) + literal(b"a", 0) + copy(1, 64, 2) * 400_000)
