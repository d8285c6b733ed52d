"""What ``docker save``, podman, kaniko and go-containerregistry write as a "docker archive".

``manifest.json`` lists images; each names its configuration and its layers by their paths in the tar. Names differ
between tools (``<id>/layer.tar``, ``<hex>.tar``, ``<hex>.tar.gz``, ``sha256:<hex>``), layers may be links to each
other, and ``manifest.json`` may come last; so every file that can be a layer is stored as one when it comes by. What a
configuration says of its layers (``rootfs.diff_ids``) is compared with them.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from typing import TypeVar

import msgspec

from shipseal._internal.limits import CONFIG, MANIFEST, MIB, Limit, too_large
from shipseal.errors import Code, ConfigError, ImageError
from shipseal.oci import media_types as mt
from shipseal.oci.compression import Compression, decompressed, detect, layer_media_type
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.digest import Digest, check_bytes
from shipseal.oci.image import ImageConfig, parse_config
from shipseal.oci.layer import Kind, LayerEntry, StoredLayer, store_tar
from shipseal.oci.layout import OciLayout
from shipseal.oci.manifest import RawManifest, build_manifest
from shipseal.oci.reference import Reference
from shipseal.oci.tar_stream import clean_path

_T = TypeVar("_T")
_LIST = "manifest.json"
_MAX_LINKS = 16
_DIGEST_NAME = re.compile(r"[0-9a-f]{64}")
_DOCUMENTS = Limit(
    "documents of a Docker archive",
    64 * MIB,
    "each image has one of some kilobytes, and each layer two more",
)
_LAYER_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst")


class _Item(msgspec.Struct):
    """One image in ``manifest.json``."""

    Config: str
    Layers: list[str]
    RepoTags: list[str] | None = None


class DockerArchive:
    """Collects the parts of a Docker archive as they come by, and makes OCI images of them at the end.

    Args:
        layout: where blobs and, at the end, the entries go.
        compression: of layers that come uncompressed.
        what: names the archive in errors.
    """

    def __init__(self, layout: OciLayout, compression: Compression, *, what: str) -> None:
        self._layout = layout
        self._compression = compression
        self._what = what
        self._list: bytes | None = None
        self._documents: dict[str, bytes] = {}
        self._documents_size = 0
        self._layers: dict[str, StoredLayer] = {}
        self._links: dict[str, str] = {}

    @property
    def is_one(self) -> bool:
        """Whether a ``manifest.json`` has come by."""
        return self._list is not None

    def take(self, entry: LayerEntry) -> None:
        """Keep what may belong to an image; anything else is left out.

        Raises:
            ImageError: ``image.format-unsupported`` for a layer or document that cannot be read.
            ShipsealError: the layout cannot be written.
        """
        if entry.kind is Kind.SYMLINK:
            folder = posixpath.dirname(entry.path)
            self._links[entry.path] = clean_path(f"{folder}/{entry.link}")
        elif entry.kind is Kind.HARDLINK:
            self._links[entry.path] = clean_path(entry.link)
        elif entry.kind is not Kind.FILE:
            return
        elif entry.path == _LIST:
            self._list = self._small(entry, MANIFEST)
        elif entry.path.endswith(_LAYER_SUFFIXES):
            self._layers[entry.path] = self._store(entry)
        elif entry.size <= CONFIG.size:
            # Configurations have many names (<hex>.json, sha256:<hex>); what is small is kept until it is known.
            self._documents[entry.path] = self._small(entry, CONFIG)

    def finish(self) -> None:
        """Write a manifest for each image and list it in the layout, under each of its tags.

        Raises:
            ImageError: ``image.not-found`` for a configuration or layer that is not in the archive;
                ``image.digest-mismatch`` for one that is not what its name or the configuration promises;
                ``image.format-unsupported``.
            ShipsealError: the layout cannot be written.
        """
        entries = [entry for item in self._items() for entry in self._entries(item)]
        with self._layout.updating() as listed:
            listed.extend(entries)

    def _items(self) -> list[_Item]:
        try:
            items = msgspec.json.decode(self._list or b"", type=list[_Item])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._broken(f"{_LIST}: {error}") from error
        if not items:
            raise self._broken(f"{_LIST} lists no image")
        return items

    def _entries(self, item: _Item) -> list[Descriptor]:
        raw = self._named(self._documents, item.Config)
        _check_name(item.Config, raw, what=self._what)
        config = parse_config(raw, what=f"{self._what}, {item.Config}")
        layers = [self._named(self._layers, name) for name in item.Layers]
        self._check_layers(item, config, layers)
        manifest = self._manifest(raw, layers)
        entry = replace(manifest.descriptor(), platform=config.platform)
        return [replace(entry, annotations=_annotations(tag)) for tag in item.RepoTags or ()] or [
            entry
        ]

    def _manifest(self, config: bytes, layers: Iterable[StoredLayer]) -> RawManifest:
        stored = Descriptor(mt.OCI_CONFIG, self._layout.blobs.put(config), len(config))
        manifest = build_manifest(
            {
                "schemaVersion": 2,
                "mediaType": mt.OCI_MANIFEST,
                "config": stored.to_json(),
                "layers": [layer.descriptor.to_json() for layer in layers],
            }
        )
        self._layout.blobs.put(manifest.raw)
        return manifest

    def _store(self, entry: LayerEntry) -> StoredLayer:
        """Store a layer: a plain one compressed, a compressed one as it is."""
        chunks = iter(entry.open())
        head = next(chunks, b"")
        found = detect(head)
        if found is Compression.NONE:
            return store_tar(self._layout.blobs, chain((head,), chunks), self._compression)
        digest, size = self._layout.blobs.put_new(chain((head,), chunks))
        plain = decompressed(self._layout.blobs.open(digest), found, what=entry.path)
        hasher = sha256()
        for chunk in plain:
            hasher.update(chunk)
        descriptor = Descriptor(layer_media_type(found), digest, size)
        return StoredLayer(descriptor, Digest(f"sha256:{hasher.hexdigest()}"))

    def _named(self, parts: Mapping[str, _T], name: str) -> _T:
        path = clean_path(name)
        for _ in range(_MAX_LINKS):
            if path in parts:
                return parts[path]
            if path not in self._links:
                break
            path = self._links[path]
        raise ImageError(
            Code.IMAGE_NOT_FOUND,
            f"{self._what}: {_LIST} names {name[:200]!r}, which is not in the archive",
            hint="the archive is not complete: save the image again",
        )

    def _check_layers(self, item: _Item, config: ImageConfig, layers: list[StoredLayer]) -> None:
        got = tuple(layer.diff_id for layer in layers)
        if got == config.diff_ids:
            return
        raise ImageError(
            Code.DIGEST_MISMATCH,
            f"{self._what}: {item.Config[:200]} expected layers {_list(config.diff_ids)}, got {_list(got)}",
            hint="the archive was changed or damaged after it was saved: save the image again; do not release it",
        )

    def _small(self, entry: LayerEntry, limit: Limit) -> bytes:
        self._documents_size += entry.size
        for size, most in ((entry.size, limit), (self._documents_size, _DOCUMENTS)):
            if size > most.size:
                raise too_large(most, what=f"{self._what}, {entry.path}")
        return b"".join(entry.open())

    def _broken(self, problem: str) -> ImageError:
        return ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"{self._what}: {problem}",
            hint="the archive is damaged: save the image again",
        )


def _check_name(name: str, raw: bytes, *, what: str) -> None:
    """Hold a configuration against the digest in its name, if it has one."""
    encoded = posixpath.basename(name).removeprefix("sha256:").removesuffix(".json")
    if _DIGEST_NAME.fullmatch(encoded):
        check_bytes(raw, Digest(f"sha256:{encoded}"), what=f"{what}, {name}")


def _annotations(tag: str) -> dict[str, str]:
    """Name an entry as Docker and containerd do: the whole reference, and its tag."""
    try:
        reference = Reference.parse(tag)
    except ConfigError:
        return {mt.REF_NAME: tag}
    return {mt.CONTAINERD_NAME: str(reference), mt.REF_NAME: reference.tag_or_latest()}


def _list(digests: Iterable[Digest]) -> str:
    return ", ".join(digests) or "none"
