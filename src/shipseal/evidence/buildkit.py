"""Attestations that BuildKit puts into an index: shown, because people look for them, and never counted.

Nobody signed them: whoever can push an image can write any of them.
"""

from collections.abc import Iterator, Mapping

from shipseal._internal.limits import MANIFEST
from shipseal.errors import ShipsealError
from shipseal.evidence.interface import Origin, StoredEvidence
from shipseal.evidence.payload import claimed_type
from shipseal.evidence.referrers import damage, read_layer
from shipseal.oci import Descriptor, Digest, Image, Manifest
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import parse_index
from shipseal.registry.interface import Target

PREDICATE_ANNOTATION = "in-toto.io/predicate-type"
_UNSIGNED = "made during the build, and signed by nobody"


def unsigned_attestations(
    target: Target, image: Image
) -> Mapping[Digest, tuple[StoredEvidence, ...]]:
    """Return what BuildKit states about each platform of ``image``.

    The type is read from the statement where that is small, and else as the manifest labels it: it explains, and
    decides nothing.

    Raises:
        RegistryError: the target could not be reached.
    """
    if not image.extras:
        return {}
    about = {
        child.digest: child.annotations.get(mt.BUILDKIT_REFERENCE_DIGEST, "")
        for child in parse_index(image.root, what=f"index {image.digest}").manifests
    }
    found: dict[Digest, tuple[StoredEvidence, ...]] = {}
    for manifest in image.extras:
        # One of a nested index is about an image there, and says so there.
        subject = Digest(about.get(manifest.source.digest) or image.digest)
        found[subject] = (*found.get(subject, ()), *_stated(target, subject, manifest))
    return found


def _stated(target: Target, subject: Digest, manifest: Manifest) -> Iterator[StoredEvidence]:
    for layer in manifest.layers:
        yield StoredEvidence(
            store=target.name,
            subject=subject,
            raw=b"",
            digest=layer.digest,
            where=manifest.source.digest,
            problem=_UNSIGNED,
            origin=Origin.BUILDKIT,
            claims=_type(target, layer),
            signed=False,
        )


def _type(target: Target, layer: Descriptor) -> str:
    labelled = layer.annotations.get(PREDICATE_ANNOTATION, "")
    if layer.size > MANIFEST.size:
        return labelled
    try:
        return claimed_type(read_layer(target, layer, MANIFEST, what=f"layer {layer.digest}"))
    except ShipsealError as error:
        damage(error)
        return labelled
