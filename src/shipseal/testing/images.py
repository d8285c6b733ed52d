"""Small images for tests: valid, deterministic OCI layouts of every shape that occurs.

    sample = build_layout(tmp_path / "image", platforms=("linux/amd64",), compression="zstd")
    corrupt_blob(sample, sample.manifests["linux/amd64"].digest)

What goes into layers is in :mod:`shipseal.testing.contents`, the ways to damage an image in
:mod:`shipseal.testing.damage`. Equal arguments give equal digests, on every machine with the same zlib and libzstd.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from shipseal.oci import Descriptor, Digest, Platform, RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.compression import Compression
from shipseal.oci.layer import StoredLayer, store_layer, with_folders
from shipseal.oci.layout import OciLayout
from shipseal.oci.manifest import build_manifest
from shipseal.testing.contents import Files, as_entries, default_layers

CREATED = "2024-01-01T00:00:00Z"
_IN_TOTO_PREDICATE = "in-toto.io/predicate-type"


class Shape(StrEnum):
    """How the layout's ``index.json`` reaches the platforms."""

    INDEX = "index"
    """One entry: an index of the platforms (buildx, buildah, shipseal)."""
    NESTED = "nested"
    """One entry: an index that lists a second index of the platforms."""
    FLAT = "flat"
    """One entry for each platform: ``index.json`` is the image's index itself."""
    BARE = "bare"
    """One entry: the manifest of the only platform."""


@dataclass(frozen=True, slots=True)
class SampleImage:
    """An image that :func:`build_layout` made.

    Attributes:
        layout: where it lies.
        root: what a release would publish.
        manifests: of each platform, by its text (``linux/amd64``).
        configs: of each platform, likewise.
        layers: of each platform, lowest first.
        extras: BuildKit attestation manifests.
    """

    layout: OciLayout
    root: RawManifest
    manifests: Mapping[str, RawManifest]
    configs: Mapping[str, Descriptor]
    layers: Mapping[str, tuple[StoredLayer, ...]]
    extras: tuple[RawManifest, ...] = ()

    @property
    def digest(self) -> Digest:
        """The root's digest."""
        return self.root.digest


def build_layout(  # noqa: PLR0913 - the knobs of a builder for tests, each with a default
    folder: Path,
    *,
    platforms: Sequence[str] = ("linux/amd64", "linux/arm64"),
    layers: Sequence[Files] | Callable[[Platform], Sequence[Files]] | None = None,
    config: Mapping[str, object] | None = None,
    attestations: bool = False,
    compression: str | Sequence[str] = "gzip",
    docker: bool = False,
    shape: str = Shape.INDEX,
    ref: str = "",
    annotations: Mapping[str, str] | None = None,
    claims: Mapping[str, str] | None = None,
    platform_in_index: bool = True,
) -> SampleImage:
    """Write a layout to ``folder`` and return what is in it.

    Args:
        folder: is made; may hold a layout already, to which the image is added.
        platforms: one image each.
        layers: lowest first, for all platforms or by platform; default :func:`default_layers`.
        config: the ``config`` member of the image configurations (``Entrypoint``, ``Env``, ``Labels``, …).
        attestations: add a BuildKit attestation manifest (``unknown/unknown``) for each platform.
        compression: of all layers, or of each: ``gzip``, ``zstd``, ``none``.
        docker: write Docker v2 schema 2 media types instead of OCI's.
        shape: see :class:`Shape`.
        ref: the ``org.opencontainers.image.ref.name`` of the entries in ``index.json``.
        annotations: of the index and the manifests; not written by Docker's types.
        claims: what configurations say of themselves where that differs: ``{"linux/arm64": "linux/amd64"}``.
        platform_in_index: whether descriptors name their platform.
    """
    layout = OciLayout(folder)
    writer = _Writer(layout, docker, () if docker else tuple((annotations or {}).items()))
    made: dict[str, _Made] = {}
    for text in platforms:
        platform = Platform.parse(text)
        stored = writer.layers(_layers_of(layers, platform), compression)
        claimed = Platform.parse((claims or {}).get(text, text))
        settings = {"Entrypoint": ["/app"]} if config is None else config
        made[text] = writer.image(claimed, stored, settings)
    children = [
        replace(
            one.manifest.descriptor(), platform=Platform.parse(text) if platform_in_index else None
        )
        for text, one in made.items()
    ]
    extras = [writer.attestation(child) for child in children] if attestations else []
    root = _enter(writer, [*children, *(entry for entry, _ in extras)], Shape(shape), ref)
    return SampleImage(
        layout=layout,
        root=root,
        manifests={text: one.manifest for text, one in made.items()},
        configs={text: one.config for text, one in made.items()},
        layers={text: one.layers for text, one in made.items()},
        extras=tuple(raw for _, raw in extras),
    )


@dataclass(frozen=True, slots=True)
class _Made:
    manifest: RawManifest
    config: Descriptor
    layers: tuple[StoredLayer, ...]


@dataclass(frozen=True, slots=True)
class _Writer:
    layout: OciLayout
    docker: bool
    annotations: tuple[tuple[str, str], ...]

    def layers(
        self, layers: Sequence[Files], compression: str | Sequence[str]
    ) -> tuple[StoredLayer, ...]:
        how = [compression] * len(layers) if isinstance(compression, str) else compression
        return tuple(
            store_layer(
                self.layout.blobs,
                with_folders(as_entries(files)),
                Compression(one),
                docker=self.docker,
            )
            for files, one in zip(layers, how, strict=True)
        )

    def image(
        self, platform: Platform, layers: tuple[StoredLayer, ...], settings: Mapping[str, object]
    ) -> _Made:
        document = platform.to_json() | {
            "created": CREATED,
            "config": dict(settings),
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created": CREATED, "created_by": "shipseal.testing"} for _ in layers],
        }
        config = self.blob(document, mt.DOCKER_CONFIG if self.docker else mt.OCI_CONFIG)
        manifest = self.manifest(config, [layer.descriptor for layer in layers])
        return _Made(manifest, config, layers)

    def attestation(self, child: Descriptor) -> tuple[Descriptor, RawManifest]:
        statement = {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "subject": [{"name": "_", "digest": {"sha256": child.digest.partition(":")[2]}}],
            "predicate": {
                "builder": {"id": ""},
                "buildType": "https://mobyproject.org/buildkit@v1",
            },
        }
        layer = replace(
            self.blob(statement, mt.IN_TOTO),
            annotations={_IN_TOTO_PREDICATE: "https://slsa.dev/provenance/v0.2"},
        )
        rootfs = {"type": "layers", "diff_ids": [layer.digest]}
        config = self.blob(
            {"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs},
            mt.OCI_CONFIG,
        )
        raw = self.manifest(config, [layer])
        descriptor = replace(
            raw.descriptor(),
            platform=Platform("unknown", "unknown"),
            annotations={
                mt.BUILDKIT_REFERENCE_TYPE: mt.BUILDKIT_ATTESTATION,
                mt.BUILDKIT_REFERENCE_DIGEST: child.digest,
            },
        )
        return descriptor, raw

    def manifest(self, config: Descriptor, layers: Sequence[Descriptor]) -> RawManifest:
        return self.put(
            {
                "schemaVersion": 2,
                "mediaType": mt.DOCKER_MANIFEST if self.docker else mt.OCI_MANIFEST,
                "config": config.to_json(),
                "layers": [layer.to_json() for layer in layers],
            }
        )

    def index(self, children: Sequence[Descriptor]) -> RawManifest:
        return self.put(
            {
                "schemaVersion": 2,
                "mediaType": mt.DOCKER_LIST if self.docker else mt.OCI_INDEX,
                "manifests": [child.to_json() for child in children],
            }
        )

    def put(self, document: dict[str, Any]) -> RawManifest:
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        raw = build_manifest(document)
        self.layout.blobs.put(raw.raw)
        return raw

    def blob(self, document: object, media_type: str) -> Descriptor:
        raw = msgspec.json.encode(document, order="sorted")
        return Descriptor(media_type, self.layout.blobs.put(raw), len(raw))


def _enter(writer: _Writer, children: list[Descriptor], shape: Shape, ref: str) -> RawManifest:
    """List the image in ``index.json`` and return its root."""
    if shape is Shape.FLAT:
        entries = children
    elif shape is Shape.BARE:
        entries = [replace(child, platform=None) for child in children[:1]]
    else:
        entries = [writer.index(children).descriptor()]
        if shape is Shape.NESTED:
            entries = [writer.index(entries).descriptor()]
    named = {mt.REF_NAME: ref} if ref else {}
    with writer.layout.updating() as listed:
        listed.extend(
            replace(entry, annotations={**entry.annotations, **named}) for entry in entries
        )
    if shape is Shape.FLAT:
        raw = writer.layout.raw_index()
        return RawManifest(raw, mt.OCI_INDEX, digest_of(raw))
    return RawManifest.of(writer.layout.blobs.read(entries[0].digest), entries[0].media_type)


def _layers_of(
    layers: Sequence[Files] | Callable[[Platform], Sequence[Files]] | None, platform: Platform
) -> Sequence[Files]:
    if layers is None:
        return default_layers(platform)
    return layers(platform) if callable(layers) else layers
