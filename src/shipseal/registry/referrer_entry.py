"""How a manifest with a ``subject`` stands in a list of referrers (distribution-spec, Listing Referrers)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.oci.manifest import parse_index, parse_manifest


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest that refers to another one.

    Attributes:
        subject: digest of what it refers to; that manifest need not exist.
        entry: its descriptor with the artifact type and annotations that a list of referrers must show.
    """

    subject: Digest
    entry: Descriptor


def as_referrer(manifest: RawManifest, *, what: str) -> Referrer | None:
    """Return how ``manifest`` refers to another one, or None when it has no subject; ``what`` names it in errors.

    The artifact type of an image manifest without one is its configuration's media type; of an index it stays empty.

    Raises:
        ImageError: ``image.format-unsupported``.
    """
    if manifest.is_index:
        index = parse_index(manifest, what=what)
        subject, annotations = index.subject, index.annotations
        artifact_type = _artifact_type(manifest.raw)
    else:
        image = parse_manifest(manifest, what=what)
        subject, annotations = image.subject, image.annotations
        artifact_type = image.artifact_type
    if subject is None:
        return None
    entry = replace(
        manifest.descriptor(), artifact_type=artifact_type, annotations=dict(annotations)
    )
    return Referrer(subject.digest, entry)


def listed(entries: Iterable[Descriptor], artifact_type: str) -> tuple[Descriptor, ...]:
    """Return ``entries`` of that type (all for an empty one) in their order, no digest twice."""
    found: dict[Digest, Descriptor] = {}
    for entry in entries:
        if not artifact_type or entry.artifact_type == artifact_type:
            found.setdefault(entry.digest, entry)
    return tuple(found.values())


def no_subject(target: str, manifest: RawManifest) -> ImageError:
    """Return the error that says that ``manifest`` refers to nothing."""
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"{target}: manifest {manifest.digest} has no subject, so it cannot be a referrer",
        hint="evidence names the image that it is about in its manifest's subject",
        context={"target": target, "digest": manifest.digest},
    )


def _artifact_type(raw: bytes) -> str:
    value = msgspec.json.decode(raw).get("artifactType")
    return value if isinstance(value, str) else ""
