"""OCI values: references, digests, platforms, descriptors, manifests, images, layouts. No network.

Each name is imported when it is first asked for: a command that needs digests alone does not wait for images.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shipseal.oci.descriptor import Descriptor
    from shipseal.oci.digest import Digest, digest_of, parse_digest
    from shipseal.oci.image import ContentSource, Image, ImageConfig, PlatformImage
    from shipseal.oci.manifest import Index, Manifest, RawManifest
    from shipseal.oci.platform import Platform
    from shipseal.oci.reference import Reference

__all__ = [
    "ContentSource",
    "Descriptor",
    "Digest",
    "Image",
    "ImageConfig",
    "Index",
    "Manifest",
    "Platform",
    "PlatformImage",
    "RawManifest",
    "Reference",
    "digest_of",
    "parse_digest",
]

_HOMES = {
    "ContentSource": "image",
    "Descriptor": "descriptor",
    "Digest": "digest",
    "Image": "image",
    "ImageConfig": "image",
    "Index": "manifest",
    "Manifest": "manifest",
    "Platform": "platform",
    "PlatformImage": "image",
    "RawManifest": "manifest",
    "Reference": "reference",
    "digest_of": "digest",
    "parse_digest": "digest",
}


def __getattr__(name: str) -> Any:
    """Return what ``name`` stands for, from the module that it lives in."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
