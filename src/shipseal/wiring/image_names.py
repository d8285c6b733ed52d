"""What the image of a release is called, as VEX statements are held against it."""

from collections.abc import Iterable

from shipseal.ignores.vex.document import ImageNames
from shipseal.ignores.vex.names import image_names
from shipseal.release.known import Known

_LAYOUT = "oci:"


def names_of(release: Known) -> ImageNames:
    """Return the names of a release's image: the repositories of its targets, and its digests."""
    plan, image = release.state.plan, release.state.image
    digests = (image.digest, *image.platforms.values()) if image else ()
    return names_at(plan.targets if plan else (), plan.image if plan else "", digests)


def names_at(targets: Iterable[str], image: str, digests: Iterable[str]) -> ImageNames:
    """Return the names of an image that goes to ``targets``; where those are layouts alone, its own name."""
    found = image_names((text for text in targets if not text.startswith(_LAYOUT)), digests)
    return found if found.repositories else image_names((image,), digests)
