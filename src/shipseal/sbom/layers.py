"""Prove that an image's layers are what its configuration says, before a cache relies on it.

The cache knows a root file system by its diff-ids, which an image merely states. An image that states the diff-ids of
another one would get that one's SBOM, or leave its own behind for it; so each layer is decompressed and hashed once
in its life, and what was found is remembered by the layer's digest.
"""

import hashlib

from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Digest, PlatformImage, parse_digest
from shipseal.oci.compression import decompressed
from shipseal.oci.layout import OciLayout
from shipseal.sbom.cache import SbomCache
from shipseal.sbom.view import check_layer_types


def prove_layers(image: PlatformImage, layout: OciLayout, cache: SbomCache) -> None:
    """Check that the layers, decompressed, have the diff-ids of the configuration.

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
    for layer, stated in zip(layers, diff_ids, strict=True):
        found = cache.diff_id(layer.digest)
        if found is None:
            found = _diff_id(layer, layout, stated)
            cache.remember_diff_id(layer.digest, found)
        if found != stated:
            raise ImageError(
                Code.DIGEST_MISMATCH,
                f"{image.digest}: layer {layer.digest} decompresses to {found}, its configuration says {stated}",
                hint="the image is not what it says it is: build it again; do not release it",
                context={"digest": image.digest, "layer": layer.digest},
            )


def _diff_id(layer: Descriptor, layout: OciLayout, stated: Digest) -> Digest:
    algorithm = stated.partition(":")[0]
    hasher = hashlib.new(algorithm)
    try:
        for chunk in decompressed(layout.open_blob(layer), what=f"layer {layer.digest}"):
            hasher.update(chunk)
    except ImageError as error:
        if error.code is Code.FORMAT_UNSUPPORTED:
            # Damage to the blob is seen by the decoder first, but that is not what is wrong with it.
            for _ in layout.open_blob(layer):
                pass
        raise
    return parse_digest(f"{algorithm}:{hasher.hexdigest()}")
