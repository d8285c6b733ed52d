"""What the image of a release is called, as VEX statements are held against it."""

from collections.abc import Iterable

from shipseal.errors import ConfigError
from shipseal.ignores.vex.document import ImageNames
from shipseal.ignores.vex.names import image_names
from shipseal.release.known import Known
from shipseal.release.records import Plan
from shipseal.release.tags import expand

_LAYOUT = "oci:"


def names_of(release: Known) -> ImageNames:
    """Return the names of a release's image: the repositories of its targets, and its digests."""
    plan, image = release.state.plan, release.state.image
    digests = (image.digest, *image.platforms.values()) if image else ()
    if plan is None:
        return names_at((), "", digests)
    return names_at(plan.targets, plan.image, digests, _tags(plan))


def _tags(plan: Plan) -> tuple[str, ...]:
    """Return the tags of a release; none where one of them takes more than its version to know."""
    try:
        return tuple(expand(template, plan.version) for template, _ in plan.tags)
    except ConfigError:
        return ()


def names_at(
    targets: Iterable[str], image: str, digests: Iterable[str], tags: Iterable[str] = ()
) -> ImageNames:
    """Return the names of an image that goes to ``targets``; where those are layouts alone, its own name."""
    given = tuple(tags)
    found = image_names((text for text in targets if not text.startswith(_LAYOUT)), digests, given)
    return found if found.repositories else image_names((image,), digests, given)
