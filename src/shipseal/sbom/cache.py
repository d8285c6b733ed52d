"""Finished catalogues by root file system, in the user's cache folder.

An entry is one file: the two documents of one Syft run, compressed, with their digest. It appears whole or not at
all; whatever cannot be read back with the right digest is a miss, is removed, and is catalogued again. A lock per key
(between threads and processes) makes equal root file systems wait for the first one instead of running twice.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import zstandard

from shipseal._internal.durable import write_atomic
from shipseal._internal.leftovers import sweep_parts
from shipseal._internal.limits import MIB, Limit, read_file
from shipseal._internal.user_cache import cache_root
from shipseal.errors import ShipsealError
from shipseal.oci import Digest, digest_of, parse_digest
from shipseal.sbom.facts import FactFolder

DEFAULT_LIMIT = 2048 * MIB
_SUFFIX = ".sbom"
_MOST_LISTINGS = 1000
_LISTING = Limit("layer listing", 64 * MIB, "30,000 files are a listing of 1 MB")
_ENTRY = Limit("SBOM cache entry", 512 * MIB, "73 MB of documents are an entry of 9 MB")


@dataclass(frozen=True, slots=True)
class CacheKey:
    """What makes two catalogues equal.

    Attributes:
        diff_ids: of the layers, lowest first.
        tool: version or binary digest.
        options: everything else that Syft was told.
    """

    diff_ids: tuple[Digest, ...]
    tool: str
    options: str

    @property
    def name(self) -> str:
        """The key as a file name."""
        content = msgspec.json.encode([1, self.diff_ids, self.tool, self.options])
        return digest_of(content).removeprefix("sha256:")


@dataclass(frozen=True, slots=True)
class CachedRun:
    """What one run of Syft wrote.

    Attributes:
        spdx: SPDX JSON.
        native: Syft's own JSON.
    """

    spdx: bytes
    native: bytes


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where the SBOM cache lies, see :func:`~shipseal._internal.user_cache.cache_root`."""
    return cache_root(environ) / "sbom"


class _Entry(msgspec.Struct, array_like=True):
    key: str
    digest: str
    spdx: bytes
    native: bytes


class SbomCache:
    """A folder of entries. Safe for several threads and processes at once.

    Args:
        folder: is made at the first write.
        limit: bytes that all entries together may take; those not used for longest go first.
    """

    def __init__(self, folder: Path, *, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self._limit = limit
        self._layers = FactFolder(folder / "layers")
        self._listings = FactFolder(folder / "listings", most=_MOST_LISTINGS, limit=_LISTING)
        self._reasons = FactFolder(folder / "reasons")

    def get(self, key: CacheKey) -> CachedRun | None:
        """Return the entry, verified; None when there is none, or none that is whole."""
        path = self._path(key)
        try:
            run = _unpack(read_file(path, _ENTRY), key)
        except (OSError, ValueError, ShipsealError, zstandard.ZstdError, msgspec.MsgspecError):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return run

    def put(self, key: CacheKey, run: CachedRun) -> None:
        """Store an entry, and make room for it.

        Raises:
            ShipsealError: the folder cannot be written, or its disk is full.
        """
        write_atomic(self._path(key), _pack(key, run))
        sweep_parts(self._path(key).parent)
        self._prune(keep=self._path(key))

    def diff_id(self, layer: Digest) -> Digest | None:
        """Return what a layer was found to decompress to; None when it was never looked at."""
        fact = self._layers.get(layer.replace(":", "-"))
        return parse_digest(fact.decode()) if fact else None

    def remember_diff_id(self, layer: Digest, diff_id: Digest) -> None:
        """Remember what a layer decompresses to."""
        self._layers.put(layer.replace(":", "-"), diff_id.encode())

    def listing(self, layer: Digest) -> bytes | None:
        """Return the listing of a layer (:mod:`shipseal.sbom.listing`); None when there is none."""
        return self._listings.get(layer.replace(":", "-"))

    def remember_listing(self, layer: Digest, listing: bytes) -> None:
        """Remember what lies in a layer."""
        self._listings.put(layer.replace(":", "-"), listing)

    def reasons(self, key: CacheKey, start: bytes) -> tuple[str, ...] | None:
        """Return why the catalogue of ``key`` is incomplete for an image that starts so; None when it is not known.

        Args:
            key: the root file system and tool.
            start: everything in the image's configuration that the answer depends on.
        """
        fact = self._reasons.get(_name(key, start))
        return msgspec.json.decode(fact, type=tuple[str, ...]) if fact else None

    def remember_reasons(self, key: CacheKey, start: bytes, reasons: tuple[str, ...]) -> None:
        """Remember why a catalogue is incomplete, or that it is not."""
        self._reasons.put(_name(key, start), msgspec.json.encode(reasons))

    @contextlib.contextmanager
    def locked(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold the lock called ``name``; without a folder that can be written there is none to hold.

        Args:
            name: of a key or a layer.
            wait: whether to wait for it. Otherwise ``False`` is given when somebody else has it.
        """
        path = self.folder / "locks" / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            yield True
            return
        try:
            yield _lock(descriptor, wait=wait)
        finally:
            os.close(descriptor)

    def _path(self, key: CacheKey) -> Path:
        return self.folder / "runs" / f"{key.name}{_SUFFIX}"

    def _prune(self, *, keep: Path) -> None:
        found = []
        for path in keep.parent.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                state = path.stat()
                found.append((path != keep, state.st_mtime, state.st_size, path))
        total = sum(size for _, _, size, _ in found)
        for other, _, size, path in sorted(found, key=lambda item: item[1]):
            if total <= self._limit:
                return
            if other:
                path.unlink(missing_ok=True)
                total -= size


def _lock(descriptor: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _name(key: CacheKey, start: bytes) -> str:
    return digest_of(key.name.encode() + start).removeprefix("sha256:")


def _pack(key: CacheKey, run: CachedRun) -> bytes:
    squeeze = zstandard.ZstdCompressor(level=3).compress
    spdx, native = squeeze(run.spdx), squeeze(run.native)
    return msgspec.msgpack.encode(_Entry(key.name, digest_of(spdx + native), spdx, native))


def _unpack(raw: bytes, key: CacheKey) -> CachedRun:
    entry = msgspec.msgpack.decode(raw, type=_Entry)
    # Before anything is expanded: a damaged frame may claim to be any size.
    if (entry.key, entry.digest) != (key.name, digest_of(entry.spdx + entry.native)):
        raise ValueError("the entry is not what it says it is")
    expand = zstandard.ZstdDecompressor().decompress
    return CachedRun(expand(entry.spdx), expand(entry.native))
