"""The base image that somebody names, looked up as far as its layers tell whose a package is."""

from collections.abc import Callable
from pathlib import Path

from shipseal.build.base_image import Connect, open_base
from shipseal.config.build_model import LayersBuild, PrebuiltBuild
from shipseal.config.load import LoadedConfig
from shipseal.errors import ShipsealError
from shipseal.oci import Image, Platform, PlatformImage
from shipseal.oci.manifest import Index, parse_index
from shipseal.scan.origin import KnownBase, annotated_base
from shipseal.wiring.targets import Connections


def known_base(text: str, folder: Path, connect: Connect, platform: Platform) -> KnownBase:
    """Return the layers of a base image on one platform; why they cannot be had is told, and never raised.

    Args:
        text: a reference, ``oci:DIR`` or ``scratch``.
        folder: where the path of a layout starts.
        connect: opens a repository.
        platform: whose.
    """
    try:
        with open_base(text, folder, connect) as base:
            if base is None:
                return KnownBase(text)
            return KnownBase(base.name or text, base.of(platform).config.diff_ids)
    except ShipsealError as error:
        return KnownBase(text, problem=error.message)


def base_finder(
    loaded: LoadedConfig, connections: Connections
) -> Callable[[Image, PlatformImage], KnownBase | None]:
    """Return what finds the base image: as the configuration names it, else as the image's annotations do."""
    build = loaded.config.build
    stated = build.base or "" if isinstance(build, LayersBuild | PrebuiltBuild) else ""

    def find(index: Image, image: PlatformImage) -> KnownBase | None:
        text = stated or said_base(index, image)
        if not text:
            return None
        return known_base(text, loaded.folder, connections.repository, image.platform)

    return find


def said_base(index: Image, image: PlatformImage) -> str:
    """Return the base image as annotations name it, a reference by digest where they have one; empty if they do not."""
    annotations = _annotations(index)
    name, digest = annotated_base(image, annotations)
    return f"{name}@{digest}" if name and digest and "@" not in name else name


def _annotations(image: Image) -> dict[str, str]:
    if not image.root.is_index:
        return {}
    index: Index = parse_index(image.root, what="index")
    return dict(index.annotations)
