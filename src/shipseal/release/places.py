"""What signed statements call the places where an image lies: never a path of the machine that released it."""

from collections.abc import Sequence
from pathlib import PurePath

from shipseal.oci import Digest
from shipseal.registry.interface import Target


def public_name(targets: Sequence[Target]) -> str:
    """Return what an image is published as: its first registry, else the name of its first layout."""
    for target in targets:
        if target.registry:
            return target.name
    return f"oci:{PurePath(targets[0].repository).name}"


def blob_location(targets: Sequence[Target], digest: Digest) -> str:
    """Return where a blob can be fetched: from the first registry, else from the first layout, wherever that is."""
    for target in targets:
        if target.registry:
            return target.blob_url(digest)
    return f"{public_name(targets)}/blobs/{digest.replace(':', '/')}"
