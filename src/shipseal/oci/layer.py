"""Write a layer: entries in, a reproducible tar out (OCI image-spec, layer.md).

Equal entries give equal bytes: sorted by path (hardlinks last, because their target must come first), each folder
before what is in it, no owner names, PAX records only where the plain ustar header cannot hold a value. Content is
streamed.
"""

import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import msgspec

from shipseal.errors import Code, ImageError
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.compression import Compression, compressed, layer_media_type
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.digest import Digest

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"


class Kind(StrEnum):
    """What an entry of a file system is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    OTHER = "other"


class LayerEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry of a layer. Layers have hundreds of thousands: a struct is made five times as fast as a dataclass.

    Attributes:
        path: from the root, without a leading slash; ``/`` between parts.
        kind: file, folder, symlink or hardlink.
        mode: permission bits.
        uid: owner.
        gid: group.
        mtime: seconds since the epoch.
        size: bytes of a file.
        link: target of a symlink as it will stand there; of a hardlink, the path of another entry.
        open: gives the content of a file in chunks.
    """

    path: str
    kind: Kind = Kind.FILE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    size: int = 0
    link: str = ""
    open: Callable[[], Iterable[bytes]] = tuple


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A layer in a blob store.

    Attributes:
        descriptor: of the compressed layer.
        diff_id: digest of the uncompressed layer.
    """

    descriptor: Descriptor
    diff_id: Digest


def store_layer(
    blobs: BlobStore,
    entries: Iterable[LayerEntry],
    compression: Compression = Compression.GZIP,
    *,
    docker: bool = False,
) -> StoredLayer:
    """Write a layer of ``entries`` to ``blobs``, streaming.

    Raises:
        ImageError: ``image.format-unsupported`` for two entries of one path, a path that leaves the root, or content
            that is not ``size`` bytes long.
        ShipsealError: ``resource.disk-full``, ``config.invalid`` (not writable).
    """
    return store_tar(blobs, layer_tar(entries), compression, docker=docker)


def store_tar(
    blobs: BlobStore, tar: Iterable[bytes], compression: Compression, *, docker: bool = False
) -> StoredLayer:
    """Write an uncompressed layer that is there already to ``blobs``, streaming.

    Raises:
        ShipsealError: what reading ``tar`` raises; ``resource.disk-full``, ``config.invalid`` (not writable).
    """
    hashed = _Hashed(tar)
    digest, size = blobs.put_new(compressed(hashed, compression))
    media_type = layer_media_type(compression, docker=docker)
    return StoredLayer(Descriptor(media_type, digest, size), hashed.digest())


def layer_tar(entries: Iterable[LayerEntry]) -> Iterator[bytes]:
    """Return the uncompressed layer in chunks.

    Raises:
        ImageError: as :func:`store_layer`.
    """
    ordered = sorted(
        entries, key=lambda entry: (entry.kind is Kind.HARDLINK, entry.path.split("/"))
    )
    _check_paths(ordered)
    for entry in ordered:
        yield _header(entry)
        if entry.kind is Kind.FILE:
            yield from _content(entry)
    # Two blocks of zeros end an archive; whole records of 20 blocks are a habit of tapes.
    yield bytes(2 * tarfile.BLOCKSIZE)


def with_folders(entries: Iterable[LayerEntry], *, mtime: int = 0) -> list[LayerEntry]:
    """Return ``entries`` and a plain folder (0755, root) for each parent that is not among them."""
    given = {entry.path: entry for entry in entries}
    for path in list(given):
        parts = path.split("/")[:-1]
        for length in range(1, len(parts) + 1):
            parent = "/".join(parts[:length])
            given.setdefault(parent, LayerEntry(parent, Kind.FOLDER, 0o755, mtime=mtime))
    return list(given.values())


_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.FOLDER: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARDLINK: tarfile.LNKTYPE,
}


def _header(entry: LayerEntry) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.type = _TYPES[entry.kind]
    info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.uid, entry.gid, entry.mtime
    info.size = entry.size if entry.kind is Kind.FILE else 0
    info.linkname = entry.link
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _content(entry: LayerEntry) -> Iterator[bytes]:
    size = 0
    for chunk in entry.open():
        size += len(chunk)
        if size > entry.size:
            break
        yield chunk
    if size != entry.size:
        raise _unusable(
            entry.path, f"it had {entry.size} bytes when it was listed and has {size} now"
        )
    yield bytes(-size % tarfile.BLOCKSIZE)


def _check_paths(ordered: list[LayerEntry]) -> None:
    seen: set[str] = set()
    for entry in ordered:
        if any(part in {"", ".", ".."} for part in entry.path.split("/")):
            raise _unusable(entry.path, "the path is not a plain one below the root")
        if entry.path in seen:
            raise _unusable(entry.path, "the path occurs twice")
        seen.add(entry.path)


class _Hashed:
    """Hashes what passes through."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._hasher = sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._hasher.update(chunk)
            yield chunk

    def digest(self) -> Digest:
        return Digest(f"sha256:{self._hasher.hexdigest()}")


def _unusable(path: str, problem: str) -> ImageError:
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"layer entry {path!r}: {problem}",
        hint="correct what goes into the layer, and build it again",
        context={"path": path},
    )
