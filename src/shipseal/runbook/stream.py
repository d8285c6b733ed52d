"""Bytes in any cut and encoding become blocks of UTF-8 that end with a line, however long the log is."""

import codecs
from collections.abc import Iterable, Iterator

import msgspec

BLOCK = 1 << 20
"""Bytes that are searched at once."""
_OVERLAP = 1024
"""A line that is longer than a block is cut; what stands across the cut is seen whole on its second side."""
_LOOK = 4096


class Block(msgspec.Struct, frozen=True):
    """A part of a log.

    Attributes:
        data: lines as UTF-8.
        before: bytes at the front that the block before had, too: the end of a line that is longer than a block.
        last: whether the log ends with it.
    """

    data: bytes
    before: int
    last: bool


def blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Yield the log in blocks; where they are cut depends on the bytes alone, and on no chunk."""
    held, before = bytearray(), 0
    for chunk in _as_utf8(_plain(chunks)):
        held += chunk
        while len(held) > BLOCK:
            cut = held.rfind(b"\n", before, BLOCK) + 1
            size = cut or BLOCK
            yield Block(bytes(held[:size]), before, False)
            before = 0 if cut else _OVERLAP
            del held[: size - before]
    yield Block(bytes(held), before, True)


def _plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks cut so that none is larger than a block: memory must not depend on who cuts."""
    for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), BLOCK):
            yield bytes(view[start : start + BLOCK])


def _as_utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield UTF-8; UTF-16 is known by its mark, or by every other byte of its beginning being zero."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _LOOK:
            break
    encoding = encoding_of(head[:_LOOK])
    if encoding == "utf-8":
        yield head
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(head).encode("utf-8", "replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def encoding_of(head: bytes) -> str:
    """Return ``utf-16``, ``utf-16-le``, ``utf-16-be`` or ``utf-8``, by a log's beginning."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(head) // 2
    if half and head[1::2].count(0) > half * 0.7 and head[::2].count(0) < half * 0.1:
        return "utf-16-le"
    if half and head[::2].count(0) > half * 0.7 and head[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return "utf-8"
