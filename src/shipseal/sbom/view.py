"""A temporary OCI layout with one image, made of links to the real one: what Syft is pointed at.

Its ``index.json`` names the platform's manifest alone, and ``blobs`` is a link to the real folder: nothing is copied,
and nothing is written there. Two images need more, because Syft reads no blob that is itself a symbolic link (1.57),
and no Docker manifest with zstd layers (1.18): for these the blobs are hard links (copies across file systems) beside
a manifest that is written anew with OCI media types. So it is where layers were unpacked for Syft. What Syft finds
depends on the layers' contents alone, and the SBOM is put on the real manifest afterwards
(:mod:`shipseal.spdx.normalise`).
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from shipseal._internal.durable import disk_errors
from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Digest, PlatformImage, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.compression import Compression, layer_media_type, of_media_type
from shipseal.oci.digest import split_digest
from shipseal.oci.layout import OciLayout
from shipseal.oci.manifest import build_manifest


def one_image_view(
    image: PlatformImage, layout: OciLayout, folder: Path, *, unpacked: bool = False
) -> Path:
    """Make a layout in ``folder`` that holds ``image`` alone, and return ``folder``.

    Args:
        image: the platform's image.
        layout: where its blobs lie.
        folder: is made.
        unpacked: compressed layers are in its ``blobs`` already, decompressed, under their diff-ids.

    Raises:
        ImageError: ``image.not-found`` or ``image.digest-mismatch`` when a blob is missing or cut short;
            ``image.format-unsupported`` for a layer that is no tar.
        ShipsealError: ``resource.disk-full``.
    """
    source = image.manifest.source
    manifest = Descriptor(source.media_type, source.digest, len(source.raw))
    contents = (image.manifest.config, *image.manifest.layers)
    paths = [_checked(layout.blobs, blob) for blob in (*contents, manifest)]
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=unpacked)
        if unpacked or _is_docker_zstd(image) or any(path.is_symlink() for path in paths):
            blobs = BlobStore(folder / "blobs")
            layers = _layers(image, blobs.root if unpacked else None)
            raw = _rewritten(image, layers)
            _place(layout.blobs, (image.manifest.config, *layers), raw, blobs)
        else:
            raw = source
            (folder / "blobs").symlink_to(layout.blobs.root.absolute())
        entry = replace(raw.descriptor(), platform=image.platform)
        index = {"schemaVersion": 2, "mediaType": mt.OCI_INDEX, "manifests": [entry.to_json()]}
        (folder / "index.json").write_bytes(msgspec.json.encode(index))
        (folder / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')
    return folder


def check_layer_types(image: PlatformImage) -> None:
    """Refuse an image with a layer that is no tar in a known compression, such as an encrypted one (S21).

    Raises:
        ImageError: ``image.format-unsupported``.
    """
    for layer in image.manifest.layers:
        if of_media_type(layer.media_type) is None:
            raise ImageError(
                Code.FORMAT_UNSUPPORTED,
                f"layer {layer.digest}: expected a tar, gzip or zstd layer, got {layer.media_type!r}",
                hint="supported are OCI images and Docker v2 schema 2; encrypted layers cannot be catalogued",
                context={"layer": layer.digest, "media_type": layer.media_type},
            )


def unpacked_path(folder: Path, layer: Descriptor, diff_id: Digest) -> Path | None:
    """Return where a layer is unpacked below the blobs of a view; None for one that is not compressed."""
    if of_media_type(layer.media_type) is Compression.NONE:
        return None
    return folder.joinpath(*split_digest(diff_id))


def _is_docker_zstd(image: PlatformImage) -> bool:
    return image.manifest.source.media_type == mt.DOCKER_MANIFEST and any(
        of_media_type(layer.media_type) is Compression.ZSTD for layer in image.manifest.layers
    )


def _layers(image: PlatformImage, unpacked: Path | None) -> list[Descriptor]:
    """Return the layers with OCI media types: those that were unpacked as what they are now."""
    check_layer_types(image)
    found = []
    for layer, diff_id in zip(image.manifest.layers, image.config.diff_ids, strict=True):
        path = unpacked_path(unpacked, layer, diff_id) if unpacked else None
        if path is None:
            kind = layer_media_type(of_media_type(layer.media_type) or Compression.NONE)
            found.append(Descriptor(kind, layer.digest, layer.size))
        else:
            found.append(Descriptor(mt.OCI_LAYER, diff_id, path.stat().st_size))
    return found


def _rewritten(image: PlatformImage, layers: Iterable[Descriptor]) -> RawManifest:
    return build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_MANIFEST,
            "config": replace(image.manifest.config, media_type=mt.OCI_CONFIG).to_json(),
            "layers": [layer.to_json() for layer in layers],
        }
    )


def _place(
    source: BlobStore, contents: Iterable[Descriptor], manifest: RawManifest, target: BlobStore
) -> None:
    target.put(manifest.raw)
    for blob in contents:
        link = target.path(blob.digest)
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.exists():
            continue
        try:
            os.link(source.path(blob.digest).resolve(), link)
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(source.path(blob.digest), link)


def _checked(blobs: BlobStore, blob: Descriptor) -> Path:
    path = blobs.path(blob.digest)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ImageError(
            Code.IMAGE_NOT_FOUND,
            f"{path}: cannot be read: {error.strerror}",
            hint="the image must be complete before its SBOM is made: build or copy it again",
            context={"digest": blob.digest},
        ) from error
    if size != blob.size:
        raise ImageError(
            Code.DIGEST_MISMATCH,
            f"{path}: expected {blob.size} bytes, got {size}",
            hint="the content was cut short or changed: build or fetch it again; do not release it",
            context={"digest": blob.digest},
        )
    return path
