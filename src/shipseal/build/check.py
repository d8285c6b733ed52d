"""What every builder owes, checked after it has run and before anything is pushed.

1. The root parses, and so do the manifest and the configuration of every platform (Docker schema 1 does not).
2. Every required platform is there. BuildKit's ``unknown/unknown`` attestations are no platform.
3. Each configuration names the platform under which the index lists it.
4. All blobs are there and are what their digests promise (:mod:`shipseal.build.blobs`).
5. What BuildKit's attestations hold are documents, no layers under another name.
6. What the image says about its origin agrees with git and the release (:mod:`shipseal.build.annotations`).
"""

from collections.abc import Iterable

import msgspec

from shipseal.build.annotations import judge
from shipseal.build.blobs import check_blobs
from shipseal.build.values import BuildRequest, BuiltImage, RawBuild
from shipseal.errors import Code, ImageError
from shipseal.oci import Image, Platform, PlatformImage
from shipseal.oci.attestation import check_document
from shipseal.oci.load import image_blobs, load_image


def checked(build: RawBuild, request: BuildRequest) -> BuiltImage:
    """Return the image that ``build`` made, parsed and held against ``request``.

    Raises:
        ImageError: ``image.not-found`` (a manifest or blob is missing), ``image.platform-missing`` (a platform is not
            there, or its configuration names another one), ``image.format-unsupported`` (not an image that we read, or
            ``request.annotations`` is ``refuse`` and they disagree), ``image.digest-mismatch`` (bytes are not what
            their digest promises).
    """
    image = load_image(build.layout, build.root)
    require_platforms(image, request.platforms)
    for one in image.platforms:
        _agree(one)
    check_blobs(build.layout, image_blobs(image), hashed=build.hashed, reporter=request.reporter)
    for extra in image.extras:
        for layer in extra.layers:
            check_document(build.layout.open_blob(layer), layer)
    return BuiltImage(
        image=image,
        layout=build.layout,
        materials=build.materials,
        builder=build.builder,
        warnings=(*build.notes, *judge(image, build, request)),
    )


def require_platforms(image: Image, required: Iterable[Platform]) -> None:
    """Make sure that ``image`` has every platform that is ``required``, and any at all.

    Raises:
        ImageError: ``image.platform-missing``, naming all that are missing and all that are there.
    """
    there = [one.platform for one in image.platforms]
    missing = [platform for platform in required if platform not in there]
    if there and not missing:
        return
    raise ImageError(
        Code.PLATFORM_MISSING,
        f"{image.digest}: expected {_names(missing) or 'a platform'}, got {_names(there) or 'none'}",
        hint="build the missing platforms too, or take them out of `platforms:` in shipseal.yaml",
        context={"missing": _names(missing), "found": _names(there), "digest": image.digest},
    )


def _agree(one: PlatformImage) -> None:
    """Refuse a configuration that names another platform than the index: it would start nowhere."""
    stated = one.config.platform
    # Many builders write the variant into the index only: a missing one says nothing.
    if not _states_variant(one.config.raw):
        stated = Platform(stated.os, stated.architecture, one.platform.variant)
    if stated == one.platform:
        return
    raise ImageError(
        Code.PLATFORM_MISSING,
        f"{one.digest}: the index lists it as {one.platform}, but its configuration says {stated}",
        hint="this is a build for the wrong platform under the right name: build it again with that platform",
        context={"expected": str(one.platform), "got": str(stated), "digest": one.digest},
    )


def _states_variant(raw: bytes) -> bool:
    return bool(msgspec.json.decode(raw).get("variant"))


def _names(platforms: Iterable[Platform]) -> str:
    return ", ".join(map(str, platforms))
