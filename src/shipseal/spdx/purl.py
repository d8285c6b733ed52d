"""Package URLs and SPDX identifiers of images (purl-spec, type ``oci``; SPDX 2.3, clauses 3.2 and 6.5)."""

import re

from packageurl import PackageURL

from shipseal.oci import Digest, Platform

_UNSAFE = re.compile(r"[^0-9A-Za-z.]+")


def image_purl(name: str, digest: Digest, platform: Platform | None = None) -> str:
    """Return ``pkg:oci/NAME@DIGEST``, with ``repository_url`` where ``name`` has a path, and the architecture.

    Args:
        name: the image's name, with or without registry and path; no tag.
        digest: of its manifest or index.
        platform: of the image; None for an index.
    """
    bare = name.partition("@")[0].lower()
    qualifiers = {"arch": platform.architecture} if platform else {}
    if "/" in bare:
        qualifiers["repository_url"] = bare
    last = bare.rpartition("/")[2]
    return PackageURL(
        "oci", name=last or "image", version=digest, qualifiers=qualifiers
    ).to_string()


def slug(text: str) -> str:
    """Return ``text`` as a part of an SPDX identifier or namespace: letters, digits, dots and dashes only."""
    return _UNSAFE.sub("-", text).strip("-.") or "image"
