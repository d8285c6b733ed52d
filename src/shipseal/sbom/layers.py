"""Read each layer once: prove that it is what the configuration says, list what lies in it, unpack it for Syft.

The cache knows a root file system by its diff-ids, which an image merely states. An image that states the diff-ids of
another one would get that one's SBOM, or leave its own behind for it; so each layer is decompressed and hashed once
in its life, and what was found is remembered by the layer's digest. Its entries are listed on the way, because the
question which program an image starts would decompress all of it again. Where Syft is going to run, what was
decompressed is kept for it, because Syft takes twice as long to decompress it once more (docs/performance.md).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shipseal._internal.durable import disk_errors
from shipseal._internal.progress import SilentTransfer, Transfer
from shipseal._internal.threads import thread_pool
from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Digest, PlatformImage, parse_digest
from shipseal.oci.compression import decompressed
from shipseal.oci.layer import LayerEntry
from shipseal.oci.layout import OciLayout
from shipseal.oci.rootfs import RootFs, read_entries
from shipseal.oci.tar_stream import read_tar
from shipseal.sbom.cache import SbomCache
from shipseal.sbom.listing import pack_listing, unpack_listing
from shipseal.sbom.view import check_layer_types, unpacked_path

# Decompressing and hashing let go of the interpreter lock; listing does not.
_THREADS = 4
_Opened = Callable[[Descriptor], Iterator[bytes]]


def prove_layers(
    image: PlatformImage,
    layout: OciLayout,
    cache: SbomCache,
    *,
    transfer: Transfer = SilentTransfer(),  # noqa: B008 - it has no state
    unpacked: Path | None = None,
) -> None:
    """Check that the layers, decompressed, have the diff-ids of the configuration.

    Args:
        image: whose layers.
        layout: where they lie.
        cache: what is known of them; what is found out is remembered there.
        transfer: is told of the (compressed) bytes that had to be read.
        unpacked: a folder that gets compressed layers as they are decompressed, each at
            :func:`~shipseal.sbom.view.unpacked_path`; those that were proved before are read again for it.

    Raises:
        ImageError: ``image.digest-mismatch`` when they have others or the blob is damaged;
            ``image.format-unsupported`` when there are more or fewer, or one is no tar or cannot be decompressed;
            ``image.not-found``.
        ShipsealError: ``resource.disk-full``: there is no room to unpack them.
    """
    check_layer_types(image)
    layers, diff_ids = image.manifest.layers, image.config.diff_ids
    if len(layers) != len(diff_ids):
        raise ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"{image.digest}: the manifest has {len(layers)} layers, its configuration {len(diff_ids)} diff-ids",
            hint="is this an image? An artifact has no root file system to catalogue",
            context={"digest": image.digest},
        )

    def opened(layer: Descriptor) -> Iterator[bytes]:
        for chunk in layout.open_blob(layer):
            transfer.advance(len(chunk))
            yield chunk

    proof = _Proof(image, opened, cache, unpacked)
    # The same layer twice (an empty one, say) is unpacked to one file.
    distinct = {
        (layer.digest, diff_id): (layer, diff_id)
        for layer, diff_id in zip(layers, diff_ids, strict=True)
    }
    pairs = list(distinct.values())
    with thread_pool(_THREADS, "layer") as pool:
        done = list(pool.map(lambda pair: proof.prove(*pair, wait=False), pairs))
    waiting = [pair for pair, proved in zip(pairs, done, strict=True) if not proved]
    # Platforms share layers: what another thread is reading is asked for again when the rest is done.
    for layer, stated in waiting:
        proof.prove(layer, stated, wait=True)


def root_of(image: PlatformImage, layout: OciLayout, cache: SbomCache) -> RootFs:
    """Return the merged layers, from their listings where there are such."""
    return RootFs.of_readers(_reader(layer, layout, cache) for layer in image.manifest.layers)


def _reader(
    layer: Descriptor, layout: OciLayout, cache: SbomCache
) -> Callable[[], Iterable[LayerEntry]]:
    known = cache.listing(layer.digest)
    listed = unpack_listing(known) if known else None
    return listed or partial(read_entries, layout, layer)


@dataclass(frozen=True, slots=True)
class _Proof:
    """What is needed to prove the layers of one image."""

    image: PlatformImage
    opened: _Opened
    cache: SbomCache
    unpacked: Path | None

    def prove(self, layer: Descriptor, stated: Digest, *, wait: bool) -> bool:
        """Return False, without ``wait``, when another thread or process is reading this very layer."""
        found = self.cache.diff_id(layer.digest)
        if found is None:
            with self.cache.locked(layer.digest.replace(":", "-"), wait=wait) as held:
                if not held:
                    return False
                found = self.cache.diff_id(layer.digest) or self._read(layer, stated)
        if found != stated:
            raise ImageError(
                Code.DIGEST_MISMATCH,
                f"{self.image.digest}: layer {layer.digest} decompresses to {found}, its configuration says {stated}",
                hint="the image is not what it says it is: build it again; do not release it",
                context={"digest": self.image.digest, "layer": layer.digest},
            )
        self._unpack(layer, stated)
        return True

    def _read(self, layer: Descriptor, stated: Digest) -> Digest:
        """Decompress a layer, and remember its diff-id and its listing."""
        what, algorithm = f"layer {layer.digest}", stated.partition(":")[0]
        try:
            content = _Hashed(self._content(layer, stated), algorithm)
            listing = _listing(content, what)
        except ImageError as error:
            if error.code is Code.FORMAT_UNSUPPORTED:
                # Damage to the blob is seen by the decoder first, but that is not what is wrong with it.
                for _ in self.opened(layer):
                    pass
            raise
        found = content.digest()
        if listing is not None:
            self.cache.remember_listing(layer.digest, listing)
        self.cache.remember_diff_id(layer.digest, found)
        return found

    def _content(self, layer: Descriptor, stated: Digest) -> Iterator[bytes]:
        chunks = decompressed(self.opened(layer), what=f"layer {layer.digest}")
        path = unpacked_path(self.unpacked, layer, stated) if self.unpacked else None
        return _kept(chunks, path) if path else chunks

    def _unpack(self, layer: Descriptor, stated: Digest) -> None:
        """Unpack a layer that was proved before, so that nobody decompresses it for another reason."""
        path = unpacked_path(self.unpacked, layer, stated) if self.unpacked else None
        if path is not None and not path.exists():
            for _ in self._content(layer, stated):
                pass


def _kept(chunks: Iterable[bytes], path: Path) -> Iterator[bytes]:
    """Pass ``chunks`` through to a file, which has its name only when it is whole. It need not survive a power cut."""
    part = path.with_name(f"{path.name}.part")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
                yield chunk
        part.replace(path)


def _listing(content: "_Hashed", what: str) -> bytes | None:
    """Return the listing of a layer; None when it is no tar that can be read: who needs its entries will be told."""
    listing = None
    try:
        listing = pack_listing(read_tar(content, what=what))
    except ImageError:
        if content.broken:
            raise
    for _ in content:
        pass  # the digest is of all of it, and is verified at the end
    return listing


class _Hashed(Iterator[bytes]):
    """Chunks that are hashed on their way.

    Attributes:
        broken: whether reading them failed, as opposed to what somebody made of them.
    """

    def __init__(self, chunks: Iterable[bytes], algorithm: str) -> None:
        self._chunks = iter(chunks)
        self._algorithm = algorithm
        self._hasher = hashlib.new(algorithm)
        self.broken = False

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except ImageError:
            self.broken = True
            raise
        self._hasher.update(chunk)
        return chunk

    def digest(self) -> Digest:
        """Return the digest of what has passed."""
        return parse_digest(f"{self._algorithm}:{self._hasher.hexdigest()}")
