"""Plain artifacts beside an image: the full SBOM, the scanner's report, the record of the release."""

from collections.abc import Mapping
from dataclasses import dataclass

from shipseal.evidence.artifact import Content, artifact_manifest
from shipseal.evidence.referrers import ReferrerReader
from shipseal.evidence.referrers_store import put_content
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.registry.interface import Target


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An artifact that lies beside an image. It is signed by nobody: what it holds counts when its digest is signed.

    Attributes:
        target: where.
        subject: digest of what it is about.
        manifest: digest of its manifest.
        content: its one layer.
        artifact_type: what it is.
        annotations: as they stand there.
    """

    target: str
    subject: Digest
    manifest: Digest
    content: Descriptor
    artifact_type: str
    annotations: Mapping[str, str]


def put_artifact(
    target: Target,
    subject: RawManifest,
    content: Content,
    *,
    artifact_type: str,
    annotations: Mapping[str, str] | None = None,
) -> StoredArtifact:
    """Store ``content`` as a referrer of ``subject``; the same content with the same annotations is stored once.

    Args:
        target: where.
        subject: what it is about; it must be there.
        content: what to store, streamed.
        artifact_type: what it is.
        annotations: for people and tools that list; no times of the upload.

    Raises:
        ShipsealError: the target refused or could not be reached.
    """
    manifest = artifact_manifest(
        subject.descriptor(), content.blob, artifact_type=artifact_type, annotations=annotations
    )
    put_content(target, content, manifest)
    return StoredArtifact(
        target=target.name,
        subject=subject.digest,
        manifest=manifest.digest,
        content=content.blob,
        artifact_type=artifact_type,
        annotations=dict(annotations or {}),
    )


def find_artifacts(
    target: Target, subject: Digest, artifact_type: str, *, reader: ReferrerReader | None = None
) -> tuple[StoredArtifact, ...]:
    """Return the artifacts of a type that lie beside ``subject``, in the target's order; damaged ones are left out.

    What a target lists under another type than the manifest states is found, too: its list is asked for that type
    first, and only when that gives nothing is everything looked into.

    Args:
        target: where.
        subject: what they are about.
        artifact_type: what they are.
        reader: has read some of it already; None for a new one.

    Read one with ``target.open_blob(artifact.content)``, which verifies it.

    Raises:
        RegistryError: the target could not be reached.
    """
    reader = reader or ReferrerReader(target)
    found = _of_type(reader, subject, artifact_type, listed_as=artifact_type)
    return found or _of_type(reader, subject, artifact_type, listed_as="")


def _of_type(
    reader: ReferrerReader, subject: Digest, artifact_type: str, *, listed_as: str
) -> tuple[StoredArtifact, ...]:
    return tuple(
        StoredArtifact(
            target=reader.target,
            subject=subject,
            manifest=referrer.listed.digest,
            content=referrer.layer,
            artifact_type=referrer.artifact_type,
            annotations=referrer.manifest.annotations,
        )
        for referrer in reader.read(subject, artifact_type=listed_as)
        if referrer.layer and referrer.manifest and referrer.artifact_type == artifact_type
    )
