"""Layers that are made once, and images out of them."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import msgspec

from shipseal._internal.durable import write_atomic
from shipseal.oci import Descriptor, Digest, Platform, RawManifest, parse_digest
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.compression import Compression
from shipseal.oci.layer import StoredLayer, store_tar
from shipseal.oci.layout import OciLayout
from shipseal.oci.manifest import build_manifest


@dataclass(frozen=True, slots=True)
class Part:
    """One layer.

    Attributes:
        title: what it is, for the history.
        layer: where its bytes are.
        packages: how many it brings.
    """

    title: str
    layer: StoredLayer
    packages: int


class LayerCache:
    """Compressed layers by what went into them.

    Args:
        folder: holds records and blobs; kept between runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.blobs = BlobStore(folder / "blobs")

    def part(
        self, title: str, inputs: Iterable[str], make: Callable[[], tuple[Iterable[bytes], int]]
    ) -> Part:
        """Return the layer that ``make`` gives (as an uncompressed tar, and its number of packages).

        Args:
            title: what it is.
            inputs: everything that decides about its content.
            make: called when there is no layer of these inputs yet.
        """
        key = sha256("\n".join((title, *inputs)).encode()).hexdigest()
        record = self._folder / f"{key}.json"
        if record.is_file():
            return _part(title, msgspec.json.decode(record.read_bytes()))
        tar, packages = make()
        stored = store_tar(self.blobs, tar, Compression.GZIP)
        value = {
            "descriptor": stored.descriptor.to_json(),
            "diff_id": stored.diff_id,
            "packages": packages,
        }
        write_atomic(record, msgspec.json.encode(value))
        return Part(title, stored, packages)


def _part(title: str, record: Mapping[str, object]) -> Part:
    descriptor = Descriptor.from_json(record["descriptor"], what="cached layer")
    diff_id = parse_digest(str(record["diff_id"]))
    return Part(title, StoredLayer(descriptor, diff_id), int(str(record["packages"])))


def write_image(
    folder: Path,
    cache: LayerCache,
    platforms: Mapping[Platform, Sequence[Part]],
    settings: Mapping[str, object],
    *,
    created: str,
) -> RawManifest:
    """Write an OCI layout and return its index.

    Args:
        folder: replaced as a whole.
        cache: where the layers are.
        platforms: layers of each, lowest first.
        settings: the ``config`` member of the configurations.
        created: RFC 3339.
    """
    shutil.rmtree(folder, ignore_errors=True)
    layout = OciLayout(folder)
    layout.create()
    children: list[Descriptor] = []
    for platform, parts in platforms.items():
        for part in parts:
            _link(cache.blobs, layout.blobs, part.layer.descriptor.digest)
        manifest = _manifest(layout, platform, parts, settings, created)
        children.append(replace(manifest.descriptor(), platform=platform))
    document = {
        "schemaVersion": 2,
        "mediaType": mt.OCI_INDEX,
        "manifests": [child.to_json() for child in children],
    }
    index = build_manifest(document)
    layout.blobs.put(index.raw)
    with layout.updating() as entries:
        entries[:] = [index.descriptor()]
    return index


def _manifest(
    layout: OciLayout,
    platform: Platform,
    parts: Sequence[Part],
    settings: Mapping[str, object],
    created: str,
) -> RawManifest:
    config = platform.to_json() | {
        "created": created,
        "config": dict(settings),
        "rootfs": {"type": "layers", "diff_ids": [part.layer.diff_id for part in parts]},
        "history": [{"created": created, "created_by": part.title} for part in parts],
    }
    raw = msgspec.json.encode(config, order="sorted")
    document = {
        "schemaVersion": 2,
        "mediaType": mt.OCI_MANIFEST,
        "config": Descriptor(mt.OCI_CONFIG, layout.blobs.put(raw), len(raw)).to_json(),
        "layers": [part.layer.descriptor.to_json() for part in parts],
    }
    manifest = build_manifest(document)
    layout.blobs.put(manifest.raw)
    return manifest


def _link(source: BlobStore, target: BlobStore, digest: Digest) -> None:
    """Put a blob into ``target`` too, without copying it where the file system allows that."""
    if target.has(digest):
        return
    path = target.path(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.path(digest), path)
    except OSError:
        shutil.copyfile(source.path(digest), path)
