"""Manifests and indexes: the raw bytes that a digest names, with a parsed twin beside them.

Nothing here is parsed and dumped again: what goes to a registry are the bytes that came from the builder.
Specification: OCI image-spec 1.1 manifest.md and image-index.md; Docker image manifest v2 schema 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shipseal.errors import ImageError
from shipseal.oci import media_types as mt
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.digest import Digest, digest_of
from shipseal.oci.document import read_object, unsupported

_NAMES = frozenset(
    [
        "schemaVersion",
        "mediaType",
        "artifactType",
        "config",
        "layers",
        "manifests",
        "subject",
        "annotations",
    ]
)
_HINT = "supported are OCI images and indexes and Docker v2 schema 2; push it again with a current builder"


@dataclass(frozen=True, slots=True)
class RawManifest:
    """The bytes of a manifest or index.

    Attributes:
        raw: the bytes; ``digest`` is always computed over these.
        media_type: OCI or Docker manifest or index.
        digest: sha256 of ``raw``.
    """

    raw: bytes
    media_type: str
    digest: Digest

    @classmethod
    def of(cls, raw: bytes, media_type: str = "") -> "RawManifest":
        """Return ``raw`` as a manifest; an empty ``media_type`` is read from the document itself.

        Raises:
            ImageError: ``image.format-unsupported``.
        """
        return cls(raw, media_type or _own_media_type(raw), digest_of(raw))

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests rather than layers."""
        return self.media_type in mt.INDEXES

    def descriptor(self) -> Descriptor:
        """Return the bare descriptor (media type, digest, size)."""
        return Descriptor(self.media_type, self.digest, len(self.raw))


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image or artifact manifest, parsed.

    Attributes:
        source: the bytes.
        config: descriptor of the configuration.
        layers: descriptors, lowest first.
        subject: what a referrer refers to.
        artifact_type: of an artifact; of the config's media type where the manifest has none.
        annotations: as they stand there.
    """

    source: RawManifest
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None
    artifact_type: str
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Index:
    """An image index or manifest list, parsed.

    Attributes:
        source: the bytes.
        manifests: all children in order, BuildKit's attestation manifests included.
        subject: what it refers to, if it is a referrer.
        annotations: as they stand there.
    """

    source: RawManifest
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None
    annotations: Mapping[str, str]

    def images(self) -> tuple[Descriptor, ...]:
        """Return the children that claim to be images: not BuildKit's attestations, which are no platform."""
        return tuple(child for child in self.manifests if not claims_attestation(child))


def claims_attestation(child: Descriptor) -> bool:
    """Return whether ``child`` of an index says that it is an attestation manifest of BuildKit (docker/buildx#1509).

    That is a claim only: :func:`shipseal.oci.attestation.proven_attestation` holds it against the manifest. In an image
    that was loaded every claim is proven.
    """
    if child.annotations.get(mt.BUILDKIT_REFERENCE_TYPE) == mt.BUILDKIT_ATTESTATION:
        return True
    return child.platform is not None and child.platform.is_unknown


def parse_manifest(source: RawManifest, *, what: str) -> Manifest:
    """Parse an image or artifact manifest; ``what`` names it in errors.

    Raises:
        ImageError: ``image.format-unsupported``.
    """
    document = _document(source, what)
    if source.media_type not in mt.IMAGES:
        raise _unsupported(what, f"{source.media_type or 'no media type'} is not an image manifest")
    layers = document.get("layers")
    if not isinstance(layers, list):
        raise _unsupported(what, "it has no list of layers")
    config = Descriptor.from_json(document.get("config"), what=f"{what}, config")
    artifact_type = document.get("artifactType")
    return Manifest(
        source=source,
        config=config,
        layers=_descriptors(layers, f"{what}, layer"),
        subject=_subject(document, what),
        artifact_type=artifact_type if isinstance(artifact_type, str) else config.media_type,
        annotations=_annotations(document),
    )


def parse_index(source: RawManifest, *, what: str) -> Index:
    """Parse an image index or manifest list; ``what`` names it in errors.

    Raises:
        ImageError: ``image.format-unsupported``.
    """
    document = _document(source, what)
    if source.media_type not in mt.INDEXES:
        raise _unsupported(what, f"{source.media_type or 'no media type'} is not an image index")
    children = document.get("manifests")
    if not isinstance(children, list):
        raise _unsupported(what, "it has no list of manifests")
    return Index(
        source=source,
        manifests=_descriptors(children, f"{what}, manifest"),
        subject=_subject(document, what),
        annotations=_annotations(document),
    )


def build_manifest(document: Mapping[str, Any]) -> RawManifest:
    """Return ``document`` (with its ``mediaType``) as the bytes that will be pushed: compact, keys sorted."""
    raw = msgspec.json.encode(document, order="sorted")
    return RawManifest(raw, str(document["mediaType"]), digest_of(raw))


def _own_media_type(raw: bytes) -> str:
    document = read_object(raw, _NAMES, what="manifest", hint=_HINT)
    stated = document.get("mediaType")
    if isinstance(stated, str) and stated:
        return stated
    # The media type is optional in OCI documents: tell them apart by what they must have.
    return mt.OCI_INDEX if "manifests" in document else mt.OCI_MANIFEST


def _document(source: RawManifest, what: str) -> dict[str, Any]:
    document = read_object(source.raw, _NAMES, what=what, hint=_HINT)
    if document.get("schemaVersion") != 2:
        raise _unsupported(what, f"its schemaVersion is {document.get('schemaVersion')!r}, not 2")
    stated = document.get("mediaType")
    if stated and stated != source.media_type:
        # Serving one document under two types is the confusion of CVE-2021-41190.
        raise _unsupported(what, f"it says {stated!r} but is served as {source.media_type!r}")
    if "manifests" in document and not document.keys().isdisjoint({"layers", "config"}):
        raise _unsupported(what, "it is both a manifest and an index")
    return document


def _descriptors(values: Sequence[object], what: str) -> tuple[Descriptor, ...]:
    return tuple(
        Descriptor.from_json(value, what=f"{what} {number}") for number, value in enumerate(values)
    )


def _subject(document: Mapping[str, Any], what: str) -> Descriptor | None:
    value = document.get("subject")
    return None if value is None else Descriptor.from_json(value, what=f"{what}, subject")


def _annotations(document: Mapping[str, Any]) -> dict[str, str]:
    value = document.get("annotations")
    if not isinstance(value, dict):
        return {}
    return {str(key): item for key, item in value.items() if isinstance(item, str)}


def _unsupported(what: str, problem: str) -> ImageError:
    return unsupported(what, problem, _HINT)
