"""Read an image: from its root through nested indexes to every platform's manifest and configuration.

Everything is read by digest and checked against the digest and size that name it. BuildKit's attestation manifests are
kept beside the platforms (``Image.extras``), never among them; what only claims to be one is refused, because nobody
would look into it.
"""

from collections.abc import Sequence

from shipseal._internal.limits import CONFIG, too_large
from shipseal.errors import Code, ImageError
from shipseal.oci import media_types as mt
from shipseal.oci.attestation import proven_attestation
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.digest import Digest
from shipseal.oci.image import ContentSource, Image, PlatformImage, parse_config
from shipseal.oci.layout import OciLayout
from shipseal.oci.manifest import (
    Manifest,
    RawManifest,
    claims_attestation,
    parse_index,
    parse_manifest,
)
from shipseal.oci.platform import Platform

# The deepest nesting in use is two (an index of indexes); a limit keeps a hostile image from costing much.
MAX_DEPTH = 8
MAX_MANIFESTS = 1000

_IMAGE_ARTIFACTS = frozenset({"", mt.OCI_CONFIG, mt.DOCKER_CONFIG})


def load_image(source: ContentSource, root: Digest | RawManifest) -> Image:
    """Return the image that ``root`` names, with all its platforms.

    Args:
        source: where manifests and configurations are read from.
        root: a manifest (then the image has one platform, which its configuration names) or an index.

    Raises:
        ImageError: ``image.not-found``; ``image.digest-mismatch`` for content that is not what its descriptor
            promises; ``image.format-unsupported`` for what is no image: an artifact, an index without an image, two
            images of one platform, an image that claims to be an attestation, nesting beyond :data:`MAX_DEPTH`.
    """
    raw = root if isinstance(root, RawManifest) else source.read_manifest(root)
    walk = _Walk(source)
    if raw.is_index:
        walk.index(raw, depth=1)
    else:
        walk.platform(raw, stated=None)
    if not walk.images:
        raise _unsupported(raw.digest, "the index lists no image")
    images = tuple(sorted(walk.images, key=lambda image: image.platform))
    _check_unique(raw.digest, images)
    return Image(root=raw, platforms=images, extras=tuple(walk.extras))


def image_blobs(image: Image) -> tuple[Descriptor, ...]:
    """Return every configuration and layer of ``image``, extras included, each once, in a stable order."""
    manifests = (*(entry.manifest for entry in image.platforms), *image.extras)
    blobs: dict[Digest, Descriptor] = {}
    for manifest in manifests:
        for blob in (manifest.config, *manifest.layers):
            blobs.setdefault(blob.digest, blob)
    return tuple(blobs.values())


def layout_root(layout: OciLayout, ref: str | None = None) -> RawManifest:
    """Return the root of the image in ``layout``.

    One entry in ``index.json`` is the root; of several, the one that ``ref`` names (an
    ``org.opencontainers.image.ref.name``, or a digest). Several platform manifests side by side without a name are one
    image: then ``index.json`` itself is its index.

    Raises:
        ImageError: ``image.not-found`` when nothing, or not one thing only, answers; the message lists the choices.
    """
    everything = layout.entries()
    entries = tuple(entry for entry in everything if _is_wanted(entry, ref))
    if len({entry.digest for entry in entries}) == 1:
        return layout.read_manifest(entries[0].digest)
    if entries == everything and _is_one_image(entries):
        return RawManifest.of(layout.raw_index(), mt.OCI_INDEX)
    raise _ambiguous(layout, ref, everything)


def _is_wanted(entry: Descriptor, ref: str | None) -> bool:
    if ref is not None:
        return ref in (*_names(entry), entry.digest)
    # Referrers (signatures, SBOMs) stand beside the image that they are about; they are found by asking for them.
    return entry.artifact_type in _IMAGE_ARTIFACTS


def _names(entry: Descriptor) -> tuple[str, ...]:
    found = (entry.annotations.get(key, "") for key in (mt.REF_NAME, mt.CONTAINERD_NAME))
    return tuple(name for name in found if name)


def _is_one_image(entries: Sequence[Descriptor]) -> bool:
    platforms = [entry.platform for entry in entries if not claims_attestation(entry)]
    names = {_names(entry) for entry in entries}
    return bool(platforms) and None not in platforms and len(names) == 1 and _differ(platforms)


def _differ(platforms: Sequence[object]) -> bool:
    return len(set(platforms)) == len(platforms)


def _ambiguous(layout: OciLayout, ref: str | None, entries: Sequence[Descriptor]) -> ImageError:
    choices = "; ".join(
        f"{' or '.join(_names(entry)) or '(no name)'} {entry.digest}" for entry in entries[:20]
    )
    wanted = "one image" if ref is None else f"{ref!r}"
    return ImageError(
        Code.IMAGE_NOT_FOUND,
        f"{layout.folder}: expected {wanted} in index.json, got {len(entries)} entries: {choices or 'none'}",
        hint="name one of them, by its name or its digest"
        if entries
        else "the layout is empty: build the image first",
        context={"path": str(layout.folder)},
    )


class _Walk:
    """Collects what an index reaches."""

    def __init__(self, source: ContentSource) -> None:
        self._source = source
        self._seen = 0
        self.images: list[PlatformImage] = []
        self.extras: list[Manifest] = []

    def index(self, raw: RawManifest, *, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _unsupported(raw.digest, f"indexes are nested more than {MAX_DEPTH} deep")
        index = parse_index(raw, what=f"index {raw.digest}")
        for child in index.manifests:
            self._count(raw)
            found = self._read(child)
            if claims_attestation(child):
                self.extras.append(proven_attestation(index, child, found))
            elif found.is_index:
                self.index(found, depth=depth + 1)
            else:
                self.platform(found, stated=child.platform)

    def platform(self, raw: RawManifest, *, stated: Platform | None) -> None:
        what = f"manifest {raw.digest}"
        manifest = parse_manifest(raw, what=what)
        if manifest.config.media_type not in _IMAGE_ARTIFACTS:
            raise _unsupported(raw.digest, f"it is no image but {manifest.artifact_type!r}")
        config = parse_config(_read_config(self._source, manifest.config), what=f"{what}, config")
        layers, ids = len(manifest.layers), len(config.diff_ids)
        if layers != ids:
            raise _unsupported(raw.digest, f"it has {layers} layers, and its configuration {ids}")
        if config.platform.is_unknown and stated is None:
            raise _unsupported(raw.digest, "its configuration names no platform, nor does an index")
        self.images.append(PlatformImage(stated or config.platform, manifest, config))

    def _read(self, child: Descriptor) -> RawManifest:
        if child.media_type not in mt.MANIFESTS:
            raise _unsupported(child.digest, f"{child.media_type!r} is no image or index")
        found = self._source.read_manifest(child.digest)
        if len(found.raw) != child.size:
            raise ImageError(
                Code.DIGEST_MISMATCH,
                f"manifest {child.digest}: expected {child.size} bytes, got {len(found.raw)}",
                hint="the index that lists it is wrong: build the image again",
            )
        if found.media_type != child.media_type:
            raise _unsupported(
                child.digest, f"it is listed as {child.media_type!r} but is {found.media_type!r}"
            )
        return found

    def _count(self, raw: RawManifest) -> None:
        self._seen += 1
        if self._seen > MAX_MANIFESTS:
            raise _unsupported(raw.digest, f"it lists more than {MAX_MANIFESTS} manifests")


def _read_config(source: ContentSource, blob: Descriptor) -> bytes:
    if blob.size > CONFIG.size:
        raise too_large(CONFIG, what=f"configuration {blob.digest}")
    return b"".join(source.open_blob(blob))


def _check_unique(root: Digest, images: Sequence[PlatformImage]) -> None:
    seen: dict[Platform, PlatformImage] = {}
    for image in images:
        other = seen.setdefault(image.platform, image)
        if other is not image:
            raise _unsupported(
                root, f"it has two images for {image.platform}: {other.digest} and {image.digest}"
            )


def _unsupported(digest: Digest, problem: str) -> ImageError:
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"{digest}: {problem}",
        hint="supported are OCI images and indexes and Docker v2 schema 2, one image for each platform",
        context={"digest": digest},
    )
