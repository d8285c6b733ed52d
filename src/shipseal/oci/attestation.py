"""BuildKit's attestation manifests: what one must be to stand in an index without being a platform.

An entry that counts as an attestation is neither catalogued nor scanned, so the index's word alone is not enough: a
runtime that is asked for a platform, or for a digest, starts whatever image stands there. BuildKit's storage form
(its page "Attestation storage") is held strictly: platform ``unknown/unknown``, both
``vnd.docker.reference`` annotations, layers that are in-toto documents.
"""

from collections.abc import Iterable

from shipseal.errors import Code, ImageError
from shipseal.oci import media_types as mt
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.manifest import (
    Index,
    Manifest,
    RawManifest,
    claims_attestation,
    parse_manifest,
)

# JSON text has no other control characters (RFC 8259, section 7), and every tar header is filled up with NUL.
_CONTROL = bytes(code for code in range(0x20) if code not in b"\t\n\r")


def proven_attestation(index: Index, child: Descriptor, found: RawManifest) -> Manifest:
    """Return the attestation manifest that ``child`` of ``index`` claims to be.

    Args:
        index: the one that lists it.
        child: the entry.
        found: what its digest names.

    Raises:
        ImageError: ``image.format-unsupported`` when it is not exactly that.
    """
    if found.is_index:
        raise _refused(found, "it is an index")
    manifest = parse_manifest(found, what=f"manifest {found.digest}")
    problem = _entry_problem(index, child) or _layer_problem(manifest)
    if problem:
        raise _refused(found, problem)
    return manifest


def check_document(chunks: Iterable[bytes], layer: Descriptor) -> None:
    """Make sure that the bytes of an attestation's layer are JSON text and no file system; they are streamed.

    Raises:
        ImageError: ``image.format-unsupported``, or what ``chunks`` raises.
    """
    start = b""
    for chunk in chunks:
        start = start or chunk.lstrip()[:1]
        if start != b"{" or len(chunk.translate(None, _CONTROL)) != len(chunk):
            break
    else:
        if start:
            return
    raise ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"{layer.digest}: it is listed as {layer.media_type}, but it is no JSON document",
        hint=_HINT,
        context={"digest": layer.digest},
    )


_HINT = (
    "an attestation is not scanned, so nothing else may pass as one: list the image under its platform, "
    "or build without attestations (--provenance=false --sbom=false)"
)


def _entry_problem(index: Index, child: Descriptor) -> str:
    if child.platform is None or not child.platform.is_unknown:
        return f"its platform is {child.platform or 'not given'}, not unknown/unknown"
    if child.annotations.get(mt.BUILDKIT_REFERENCE_TYPE) != mt.BUILDKIT_ATTESTATION:
        return f"it has no annotation {mt.BUILDKIT_REFERENCE_TYPE}={mt.BUILDKIT_ATTESTATION}"
    about = child.annotations.get(mt.BUILDKIT_REFERENCE_DIGEST, "")
    if all(other.digest != about or claims_attestation(other) for other in index.manifests):
        return f"it is about {about or 'nothing'}, which is no image of the same index"
    return ""


def _layer_problem(manifest: Manifest) -> str:
    if not manifest.layers:
        return "it has no layers"
    others = sorted({layer.media_type for layer in manifest.layers} - {mt.IN_TOTO})
    return f"it has layers that are no in-toto documents: {', '.join(others)}" if others else ""


def _refused(found: RawManifest, problem: str) -> ImageError:
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"{found.digest}: the index lists it as an attestation, but {problem}",
        hint=_HINT,
        context={"digest": found.digest},
    )
