"""Raw Snappy blocks, the form in which GitHub keeps bundles (google/snappy ``format_description.txt``).

A block tells its length first, then literals and copies of what came before. Nothing of it is believed: it may neither
grow beyond a limit nor reach outside of itself. There is no checksum; what the content is worth is decided elsewhere.
"""

from shipseal._internal.limits import Limit, too_large
from shipseal.errors import AttestError, Code

_MOST_LENGTH_BYTES = 5
_LITERAL, _COPY_1, _COPY_2 = 0, 1, 2
_IN_TAG = 60


def snappy_decode(block: bytes, limit: Limit, *, what: str) -> bytes:
    """Return the content of ``block``.

    Args:
        block: a raw block, without the framing of streams.
        limit: the most bytes that the content may have.
        what: names it in errors.

    Raises:
        AttestError: ``attest.invalid``: it is no such block.
        ShipsealError: with the same code, when the content is longer than ``limit``.
    """
    length, at = _length(block, what)
    if length > limit.size:
        raise too_large(limit, what=what, code=Code.ATTEST_INVALID)
    out = bytearray()
    while at < len(block):
        tag = block[at]
        at = _literal(block, at, out, what) if tag & 3 == _LITERAL else _copy(block, at, out, what)
        if len(out) > length:
            break
    if len(out) != length:
        raise _damaged(what, f"it announces {length} bytes and holds {_held(out, length)}")
    return bytes(out)


def _held(out: bytearray, length: int) -> str:
    return "more" if len(out) > length else str(len(out))


def _length(block: bytes, what: str) -> tuple[int, int]:
    """Return the announced length and where the content starts."""
    value = 0
    for at, byte in enumerate(block[:_MOST_LENGTH_BYTES]):
        value |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            if value >= 2**32:
                break
            return value, at + 1
    raise _damaged(what, "it does not tell its length")


def _literal(block: bytes, at: int, out: bytearray, what: str) -> int:
    size, start = block[at] >> 2, at + 1
    if size >= _IN_TAG:
        width = size - _IN_TAG + 1
        size, start = _number(block, start, width, what), start + width
    end = start + size + 1
    if end > len(block):
        raise _damaged(what, "it ends within a literal")
    out += block[start:end]
    return end


def _copy(block: bytes, at: int, out: bytearray, what: str) -> int:
    tag = block[at]
    if tag & 3 == _COPY_1:
        size, width = 4 + (tag >> 2 & 7), 1
        offset = (tag >> 5) << 8 | _number(block, at + 1, width, what)
    else:
        size, width = 1 + (tag >> 2), 2 if tag & 3 == _COPY_2 else 4
        offset = _number(block, at + 1, width, what)
    if not 0 < offset <= len(out):
        raise _damaged(what, f"it copies from {offset} bytes back, and {len(out)} are there")
    # A copy may reach into what it writes: then the same bytes come again and again.
    first = len(out) - offset
    piece = out[first : first + size]
    out += (piece * (size // len(piece) + 1))[:size]
    return at + 1 + width


def _number(block: bytes, at: int, width: int, what: str) -> int:
    data = block[at : at + width]
    if len(data) != width:
        raise _damaged(what, "it ends within an element")
    return int.from_bytes(data, "little")


def _damaged(what: str, problem: str) -> AttestError:
    return AttestError(
        Code.ATTEST_INVALID,
        f"{what}: is no Snappy block: {problem}",
        hint="it was damaged on the way, or is kept in another form",
    )
