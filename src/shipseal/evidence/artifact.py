"""Manifests of evidence: one layer, the empty configuration, a subject (OCI image-spec 1.1, manifest.md, artifacts).

Everything that goes into a manifest is passed in, so the same content for the same subject is the same manifest, and
storing it again stores nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from shipseal._internal.clock import rfc3339
from shipseal._internal.progress import SilentTransfer, Transfer
from shipseal.oci import Descriptor, Digest, RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.manifest import build_manifest
from shipseal.registry.interface import BlobOpener

EMPTY_CONFIG = b"{}"
EMPTY_CONFIG_DESCRIPTOR = Descriptor(mt.OCI_EMPTY, digest_of(EMPTY_CONFIG), len(EMPTY_CONFIG))

_BUNDLE_PREFIX = "application/vnd.dev.sigstore.bundle"


@dataclass(frozen=True, slots=True)
class Content:
    """What an artifact's layer holds.

    Attributes:
        blob: media type, digest and size.
        open: gives the bytes.
        transfer: is told of those that are sent.
    """

    blob: Descriptor
    open: BlobOpener
    transfer: Transfer = SilentTransfer()  # noqa: RUF009 - it has no state

    @classmethod
    def of_bytes(cls, data: bytes, media_type: str) -> "Content":
        """Return bytes in memory as content."""

        def open_(*, offset: int = 0) -> Iterator[bytes]:
            yield data[offset:]

        return cls(Descriptor(media_type, digest_of(data), len(data)), open_)

    @classmethod
    def of_blob(cls, store: BlobStore, digest: Digest, size: int, media_type: str) -> "Content":
        """Return a blob of ``store`` as content; it is streamed from there, never held in memory."""

        def open_(*, offset: int = 0) -> Iterator[bytes]:
            return store.open(digest, size, offset=offset)

        return cls(Descriptor(media_type, digest, size), open_)


def is_bundle_type(media_type: str) -> bool:
    """Return whether ``media_type`` is that of a Sigstore bundle of any version (some clients cut the version off)."""
    return media_type.startswith(_BUNDLE_PREFIX)


def artifact_manifest(
    subject: Descriptor,
    layer: Descriptor,
    *,
    artifact_type: str,
    annotations: Mapping[str, str] | None = None,
) -> RawManifest:
    """Return the manifest of an artifact that is about ``subject`` and holds ``layer``."""
    plain = Descriptor(subject.media_type, subject.digest, subject.size)
    document = {
        "schemaVersion": 2,
        "mediaType": mt.OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": EMPTY_CONFIG_DESCRIPTOR.to_json(),
        "layers": [layer.to_json()],
        "subject": plain.to_json(),
    }
    if annotations:
        document["annotations"] = dict(annotations)
    return build_manifest(document)


def bundle_manifest(
    subject: Descriptor, bundle: Descriptor, *, predicate_type: str, created: datetime
) -> RawManifest:
    """Return the manifest under which a bundle is stored, as cosign 3 and GitHub's action write it.

    Args:
        subject: what it is about.
        bundle: the bundle's blob.
        predicate_type: a hint for people and tools that list; never trusted when read.
        created: a time that belongs to the release, not to the moment of the upload.
    """
    return artifact_manifest(
        subject,
        bundle,
        artifact_type=mt.SIGSTORE_BUNDLE,
        annotations={
            mt.CREATED: rfc3339(created),
            mt.BUNDLE_CONTENT: "dsse-envelope",
            mt.BUNDLE_PREDICATE: predicate_type,
        },
    )
