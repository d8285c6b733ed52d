"""What lies in a layer, kept in a few bytes: enough to look up paths later without decompressing the layer again."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec
import zstandard

from shipseal._internal.limits import MIB
from shipseal.oci.layer import Kind, LayerEntry
from shipseal.oci.rootfs import head_of

MOST_ENTRIES = 300_000
"""A layer with more is not kept: its listing would take more room than reading it again is worth."""
MOST_BYTES = 256 * MIB
"""What a listing may expand to; it holds the heads of all executables (256 bytes each)."""


class _Item(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An entry; paths are bytes, because a tar may hold names that are no UTF-8."""

    path: bytes
    kind: Kind
    mode: int
    size: int
    link: bytes
    head: bytes


_DECODER = msgspec.msgpack.Decoder(list[_Item])


def pack_listing(entries: Iterable[LayerEntry]) -> bytes | None:
    """Return ``entries`` in small; None when there are more than :data:`MOST_ENTRIES`.

    Raises:
        ImageError: what reading the entries raises.
    """
    items: list[_Item] = []
    for entry in entries:
        if len(items) == MOST_ENTRIES:
            return None
        items.append(_item(entry))
    return zstandard.ZstdCompressor(level=3).compress(msgspec.msgpack.encode(items))


def unpack_listing(listing: bytes) -> Callable[[], Iterator[LayerEntry]] | None:
    """Return what gives the entries of a listing; None when it is no listing.

    The content of an entry is its head alone.
    """
    try:
        raw = zstandard.ZstdDecompressor().decompress(listing, max_output_size=MOST_BYTES)
        items = _DECODER.decode(raw)
    except (zstandard.ZstdError, msgspec.MsgspecError):
        return None
    return lambda: map(_entry, items)


def _item(entry: LayerEntry) -> _Item:
    path, link = os.fsencode(entry.path), os.fsencode(entry.link)
    return _Item(path, entry.kind, entry.mode, entry.size, link, head_of(entry))


def _entry(item: _Item) -> LayerEntry:
    return LayerEntry(
        path=os.fsdecode(item.path),
        kind=item.kind,
        mode=item.mode,
        size=item.size,
        link=os.fsdecode(item.link),
        open=partial(_once, item.head),
    )


def _once(head: bytes) -> tuple[bytes, ...]:
    return (head,)
