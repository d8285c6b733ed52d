"""Whether targets take images, and whether what is built on has the platforms that are wanted."""

from collections.abc import Callable, Iterator, Sequence

from shipseal.doctor.examination import Examined, failed, passed
from shipseal.errors import Code
from shipseal.oci import Platform
from shipseal.registry.interface import Target

PUSH, PLATFORMS = "push", "platforms"


def push_check(target: Target) -> Iterator[Examined]:
    """Prove that pushing is allowed: an upload is begun and cancelled, and nothing is stored."""
    target.check_push()
    what = "an upload was begun and cancelled" if target.registry else "a file was made and removed"
    yield passed(PUSH, target.name, "allowed", evidence=(what,))


def platform_check(
    what: str, wanted: Sequence[Platform], load: Callable[[], Sequence[Platform]]
) -> Iterator[Examined]:
    """Hold the platforms of an image against those that are wanted.

    Args:
        what: the image, for people.
        wanted: platforms that must be in the release; empty for all that it has.
        load: reads the image's.
    """
    there = load()
    told = ", ".join(map(str, there)) or "none"
    missing = [one for one in wanted if one not in there]
    if missing or not there:
        yield failed(
            PLATFORMS,
            what,
            expected=", ".join(map(str, wanted)) or "a platform",
            got=told,
            remedy=f"take an image that has {', '.join(map(str, missing)) or 'one'}, or change platforms: in "
            "shipseal.yaml",
            code=str(Code.PLATFORM_MISSING),
        )
        return
    yield passed(PLATFORMS, what, told)
