"""Read each layer once: prove that it is what the configuration says, and list what lies in it.

The cache knows a root file system by its diff-ids, which an image merely states. An image that states the diff-ids of
another one would get that one's SBOM, or leave its own behind for it; so each layer is decompressed and hashed once
in its life, and what was found is remembered by the layer's digest. Its entries are listed on the way, because the
question which program an image starts would decompress all of it again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from shipseal._internal.progress import SilentTransfer, Transfer
from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Digest, PlatformImage, parse_digest
from shipseal.oci.compression import decompressed
from shipseal.oci.layer import LayerEntry
from shipseal.oci.layout import OciLayout
from shipseal.oci.rootfs import RootFs, read_entries
from shipseal.oci.tar_stream import read_tar
from shipseal.sbom.cache import SbomCache
from shipseal.sbom.listing import pack_listing, unpack_listing
from shipseal.sbom.view import check_layer_types

_Opened = Callable[[Descriptor], Iterator[bytes]]


def prove_layers(
    image: PlatformImage,
    layout: OciLayout,
    cache: SbomCache,
    *,
    transfer: Transfer = SilentTransfer(),  # noqa: B008 - it has no state
) -> None:
    """Check that the layers, decompressed, have the diff-ids of the configuration.

    Args:
        image: whose layers.
        layout: where they lie.
        cache: what is known of them; what is found out is remembered there.
        transfer: is told of the (compressed) bytes that had to be read.

    Raises:
        ImageError: ``image.digest-mismatch`` when they have others or the blob is damaged;
            ``image.format-unsupported`` when there are more or fewer, or one is no tar or cannot be decompressed;
            ``image.not-found``.
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

    waiting = [
        pair
        for pair in zip(layers, diff_ids, strict=True)
        if not _prove(image, *pair, opened, cache, wait=False)
    ]
    # Platforms share layers: what another thread is reading is asked for again when the rest is done.
    for layer, stated in waiting:
        _prove(image, layer, stated, opened, cache, wait=True)


def root_of(image: PlatformImage, layout: OciLayout, cache: SbomCache) -> RootFs:
    """Return the merged layers, from their listings where there are such."""
    return RootFs.of_readers(_reader(layer, layout, cache) for layer in image.manifest.layers)


def _reader(
    layer: Descriptor, layout: OciLayout, cache: SbomCache
) -> Callable[[], Iterable[LayerEntry]]:
    known = cache.listing(layer.digest)
    listed = unpack_listing(known) if known else None
    return listed or partial(read_entries, layout, layer)


def _prove(
    image: PlatformImage,
    layer: Descriptor,
    stated: Digest,
    opened: _Opened,
    cache: SbomCache,
    *,
    wait: bool,
) -> bool:
    """Return False, without ``wait``, when another thread or process is reading this very layer."""
    found = cache.diff_id(layer.digest)
    if found is None:
        with cache.locked(layer.digest.replace(":", "-"), wait=wait) as held:
            if not held:
                return False
            found = cache.diff_id(layer.digest) or _read(layer, opened, stated, cache)
    if found != stated:
        raise ImageError(
            Code.DIGEST_MISMATCH,
            f"{image.digest}: layer {layer.digest} decompresses to {found}, its configuration says {stated}",
            hint="the image is not what it says it is: build it again; do not release it",
            context={"digest": image.digest, "layer": layer.digest},
        )
    return True


def _read(layer: Descriptor, opened: _Opened, stated: Digest, cache: SbomCache) -> Digest:
    """Decompress a layer, and remember its diff-id and its listing."""
    what, algorithm = f"layer {layer.digest}", stated.partition(":")[0]
    try:
        content = _Hashed(decompressed(opened(layer), what=what), algorithm)
        listing = _listing(content, what)
    except ImageError as error:
        if error.code is Code.FORMAT_UNSUPPORTED:
            # Damage to the blob is seen by the decoder first, but that is not what is wrong with it.
            for _ in opened(layer):
                pass
        raise
    found = content.digest()
    if listing is not None:
        cache.remember_listing(layer.digest, listing)
    cache.remember_diff_id(layer.digest, found)
    return found


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
