"""Everything that a root manifest or index needs at a target, in the order in which it must arrive."""

from dataclasses import dataclass

from shipseal.errors import Code, ImageError
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.image import ContentSource
from shipseal.oci.load import MAX_DEPTH, MAX_MANIFESTS
from shipseal.oci.manifest import RawManifest, parse_index, parse_manifest


@dataclass(frozen=True, slots=True)
class Closure:
    """The parts of one image.

    Attributes:
        blobs: configurations and layers, each once, largest first: the longest transfer starts first.
        manifests: children before what lists them; the root is last.
    """

    blobs: tuple[Descriptor, ...]
    manifests: tuple[RawManifest, ...]

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(blob.size for blob in self.blobs)


def closure_of(source: ContentSource, root: RawManifest, *, what: str) -> Closure:
    """Return the parts of ``root``, nested indexes and BuildKit's attestation manifests included.

    Raises:
        ImageError: ``image.not-found``, ``image.digest-mismatch``, ``image.format-unsupported``.
    """
    blobs: dict[str, Descriptor] = {}
    manifests: dict[str, RawManifest] = {}

    def visit(raw: RawManifest, depth: int) -> None:
        if (raw.is_index and depth > MAX_DEPTH) or len(manifests) >= MAX_MANIFESTS:
            raise ImageError(
                Code.FORMAT_UNSUPPORTED,
                f"{what}: nested more than {MAX_DEPTH} deep, or more than {MAX_MANIFESTS} manifests",
                hint="no image is like that; a limit keeps a hostile one from being read for ever",
                context={"digest": root.digest},
            )
        if raw.is_index:
            for child in parse_index(raw, what=what).manifests:
                if child.digest not in manifests:
                    visit(source.read_manifest(child.digest), depth + 1)
        else:
            manifest = parse_manifest(raw, what=f"{what}, {raw.digest}")
            for blob in (manifest.config, *manifest.layers):
                blobs.setdefault(blob.digest, blob)
        manifests[raw.digest] = raw

    visit(root, 1)
    ordered = sorted(blobs.values(), key=lambda blob: blob.size, reverse=True)
    return Closure(tuple(ordered), tuple(manifests.values()))
