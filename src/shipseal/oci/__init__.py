"""OCI values: references, digests, platforms, descriptors, manifests, images, layouts. No network."""

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
