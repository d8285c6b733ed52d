"""Small content for tests of targets: blobs, images and referrers that are right but mean nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shipseal.oci import Descriptor, RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import build_manifest
from shipseal.registry.interface import BlobUpload, Target

ARTIFACT = "application/vnd.example.report+json"
_EMPTY = b"{}"


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes as a blob; opens itself from any place, as an upload wants it."""

    data: bytes
    media_type: str = "application/octet-stream"

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.media_type, digest_of(self.data), len(self.data))

    def __call__(self, *, offset: int = 0) -> Iterator[bytes]:
        step = 1 << 16
        return (self.data[at : at + step] for at in range(offset, len(self.data), step))

    def upload(self, *, mount_from: tuple[str, ...] = ()) -> BlobUpload:
        return BlobUpload(self.descriptor, self, mount_from=mount_from)


def put(target: Target, *contents: Content) -> None:
    """Upload all of ``contents``."""
    for content in contents:
        target.put_blob(content.upload())


def image(target: Target, text: str, architecture: str = "amd64") -> RawManifest:
    """Upload the blobs of an image that differs by ``text`` and return its manifest, not yet stored."""
    layer = Content(text.encode() * 100, mt.OCI_LAYER_GZIP)
    config = Content(
        b'{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
        % architecture.encode(),
        mt.OCI_CONFIG,
    )
    put(target, layer, config)
    return build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_MANIFEST,
            "config": config.descriptor.to_json(),
            "layers": [layer.descriptor.to_json()],
        }
    )


def index(*children: RawManifest) -> RawManifest:
    """Return an index of ``children``."""
    return build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_INDEX,
            "manifests": [child.descriptor().to_json() for child in children],
        }
    )


def staged(target: Target, text: str) -> RawManifest:
    """Store an index with one image that differs by ``text``, by digest, and return it."""
    child = image(target, text)
    target.put_manifest(child)
    root = index(child)
    target.put_manifest(root)
    return root


def referrer(
    target: Target,
    subject: RawManifest,
    text: str,
    *,
    artifact_type: str = ARTIFACT,
    annotations: Mapping[str, str] | None = None,
) -> RawManifest:
    """Upload the blobs of a referrer that differs by ``text`` and return its manifest, not yet stored."""
    empty, content = Content(_EMPTY, mt.OCI_EMPTY), Content(text.encode(), artifact_type)
    put(target, empty, content)
    return build_manifest(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_MANIFEST,
            "artifactType": artifact_type,
            "config": empty.descriptor.to_json(),
            "layers": [content.descriptor.to_json()],
            "subject": subject.descriptor().to_json(),
            "annotations": dict(annotations or {"org.example.text": text}),
        }
    )
