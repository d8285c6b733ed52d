"""Compression of layers: gzip (RFC 1952), zstd (RFC 8878) and none, streaming in both directions.

Decompression follows what registries hold in practice: gzip with several members, zstd with several and with skippable
frames (``zstd:chunked``), zero padding behind the last one. It feeds the decoder small slices, so that a bomb costs
neither memory nor much time before it is refused. Compression is deterministic for one version of zlib or libzstd:
the gzip header carries no time, no name and no operating system, as Go writes it.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Protocol, cast

import zstandard
from isal import isal_zlib

from shipseal._internal.limits import KIB, MIB
from shipseal.errors import Code, ImageError
from shipseal.oci import media_types as mt


class Compression(StrEnum):
    """How a layer is compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True)
class Expansion:
    """How far data may grow while it is decompressed.

    Attributes:
        free: bytes of output that are always allowed.
        ratio: output bytes per input byte that are allowed beyond that.
    """

    free: int
    ratio: int


LAYER_EXPANSION = Expansion(
    # Layers that are mostly zeros (preallocated databases) are real but small; deflate ends at 1032:1, zstd nowhere.
    free=4 * 1024 * MIB,
    ratio=250,
)
GZIP_LEVEL = 6
ZSTD_LEVEL = 3

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = (bytes(range(0x50, 0x60)), b"\x2a\x4d\x18")
_HEAD = 4
# The most that one slice can become: 64 KiB of deflate 64 MiB, 4 KiB of zstd's run-length blocks 128 MiB.
_SLICES = {Compression.GZIP: 64 * KIB, Compression.ZSTD: 4 * KIB}
_ZSTD_WINDOW = 128 * MIB
# isal's stubs call its exception class an instance.
_BROKEN = (cast("type[Exception]", isal_zlib.error), zstandard.ZstdError)
# Method deflate, no flags, no time, no extra flags, unknown system.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

_LAYER_TYPES = {
    (False, Compression.NONE): mt.OCI_LAYER,
    (False, Compression.GZIP): mt.OCI_LAYER_GZIP,
    (False, Compression.ZSTD): mt.OCI_LAYER_ZSTD,
    (True, Compression.NONE): mt.DOCKER_LAYER,
    (True, Compression.GZIP): mt.DOCKER_LAYER_GZIP,
}


def detect(head: bytes) -> Compression:
    """Return what the first four or more bytes of some content say."""
    if head.startswith(_GZIP_MAGIC):
        return Compression.GZIP
    first, rest = _ZSTD_SKIPPABLE
    skippable = len(head) >= _HEAD and head[0] in first and head[1:_HEAD] == rest
    return Compression.ZSTD if skippable or head.startswith(_ZSTD_MAGIC) else Compression.NONE


def of_media_type(media_type: str) -> Compression | None:
    """Return what a layer's media type says; None when it names no layer that is known."""
    if media_type.endswith(("+gzip", ".gzip")):
        return Compression.GZIP
    if media_type.endswith(("+zstd", ".zstd")):
        return Compression.ZSTD
    return Compression.NONE if media_type.endswith(".tar") else None


def layer_media_type(compression: Compression, *, docker: bool = False) -> str:
    """Return the media type of a layer in an OCI or a Docker image.

    Raises:
        ImageError: ``image.format-unsupported``: Docker v2 schema 2 has no zstd layers.
    """
    found = _LAYER_TYPES.get((docker, compression))
    if found is None:
        raise ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"a Docker v2 schema 2 image cannot have {compression} layers",
            hint="use gzip, or make it an OCI image",
        )
    return found


def decompressed(
    chunks: Iterable[bytes],
    compression: Compression | None = None,
    *,
    what: str,
    expansion: Expansion = LAYER_EXPANSION,
) -> Iterator[bytes]:
    """Return the decompressed content of ``chunks``.

    Args:
        chunks: compressed content.
        compression: how; None reads it from the first bytes, which never lie.
        what: names the content in errors.
        expansion: how far it may grow.

    Raises:
        ImageError: ``image.format-unsupported`` when the data are damaged, cut short, followed by something else, or
            grow too far.
    """
    source = iter(chunks)
    head = _head(source)
    source = chain((head,), source) if head else source
    if compression is None:
        compression = detect(head)
    if compression is Compression.NONE:
        return source
    counted = _Counted(source)
    return _bounded(_frames(counted, compression, what), counted, expansion, what)


def compressed(
    chunks: Iterable[bytes], compression: Compression, *, level: int | None = None
) -> Iterator[bytes]:
    """Return ``chunks`` compressed: equal content gives equal bytes, however it is cut into chunks.

    Args:
        chunks: plain content.
        compression: how.
        level: the library's level; default 6 for gzip, 3 for zstd.
    """
    if compression is Compression.GZIP:
        return _gzip(chunks, GZIP_LEVEL if level is None else level)
    if compression is Compression.ZSTD:
        return _zstd(chunks, ZSTD_LEVEL if level is None else level)
    return iter(chunks)


def _gzip(chunks: Iterable[bytes], level: int) -> Iterator[bytes]:
    engine = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    checksum, size = 0, 0
    yield _GZIP_HEADER
    for chunk in chunks:
        checksum = zlib.crc32(chunk, checksum)
        size += len(chunk)
        if data := engine.compress(chunk):
            yield data
    yield engine.flush()
    yield struct.pack("<II", checksum, size & 0xFFFFFFFF)


def _zstd(chunks: Iterable[bytes], level: int) -> Iterator[bytes]:
    engine = zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj()
    for chunk in chunks:
        if data := engine.compress(chunk):
            yield data
    yield engine.flush()


class _Decoder(Protocol):
    """What isal's and zstandard's decompression objects have in common: one member or frame each."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _decoder(compression: Compression) -> _Decoder:
    if compression is Compression.GZIP:
        return isal_zlib.decompressobj(16 + zlib.MAX_WBITS)
    return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()


def _frames(chunks: Iterable[bytes], compression: Compression, what: str) -> Iterator[bytes]:
    """Decode member after member; a decoder serves one of them."""
    decoder, begun, complete = _decoder(compression), False, 0
    for piece in _sliced(chunks, _SLICES[compression]):
        rest = piece
        while rest:
            if complete and not begun and not (rest := rest.lstrip(b"\0")):
                break
            try:
                data = decoder.decompress(rest)
            except _BROKEN as error:
                raise _damaged(what, f"it is no valid {compression} data: {error}") from error
            if data:
                yield data
            begun, rest = not decoder.eof, decoder.unused_data
            if not begun:
                decoder, complete = _decoder(compression), complete + 1
    if begun or not complete:
        raise _damaged(what, f"the {compression} data end too early")


def _bounded(
    chunks: Iterable[bytes], source: "_Counted", expansion: Expansion, what: str
) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > expansion.free and size > expansion.ratio * source.size:
            raise _damaged(
                what,
                f"{source.size} bytes have grown to {size}, more than {expansion.ratio} times as much",
            )
        yield chunk


class _Counted:
    """Counts the bytes that pass through."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            yield chunk


def _head(source: Iterator[bytes]) -> bytes:
    """Take chunks until the magic is whole."""
    head = b""
    while len(head) < _HEAD and (chunk := next(source, None)) is not None:
        head += chunk
    return head


def _sliced(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]


def _damaged(what: str, problem: str) -> ImageError:
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"{what}: {problem}",
        hint="the layer is damaged or hostile: build or fetch the image again",
    )
