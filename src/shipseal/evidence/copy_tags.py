"""Tags at the destination of a copy: decided before anything is sent, looked at again right before each moves."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from shipseal.errors import Code, ImageError, RegistryError, ShipsealError
from shipseal.oci import Digest, RawManifest
from shipseal.registry.interface import Target


@dataclass(frozen=True, slots=True)
class TagWish:
    """A tag that is to name the copy.

    Attributes:
        name: of it.
        immutable: whether another digest behind it is never replaced.
    """

    name: str
    immutable: bool


@dataclass(frozen=True, slots=True)
class PlannedTag:
    """What is to be done about a tag.

    Attributes:
        name: of it.
        before: what it names; None when it does not exist.
        writes: whether it is to be written.
    """

    name: str
    before: Digest | None
    writes: bool


def plan_tags(
    target: Target, wishes: Sequence[TagWish], root: Digest, *, move: bool
) -> tuple[PlannedTag, ...]:
    """Return what is to be done.

    Args:
        target: where.
        wishes: which tags.
        root: what they are to name.
        move: whether a tag that is not immutable and names something else may move.

    Raises:
        ImageError: ``image.tag-exists``.
        ShipsealError: the target could not be reached.
    """
    plans = []
    for wish in wishes:
        found = target.resolve(wish.name)
        before = found.digest if found else None
        if before not in (None, root) and (wish.immutable or not move):
            raise ImageError(
                Code.TAG_EXISTS,
                f"{target.name}:{wish.name} names {before}, and the copy is {root}",
                hint="a published version is never replaced: copy it under another tag"
                if wish.immutable
                else "name another tag, or let it move with --move-tags",
                context={"expected": root, "got": str(before)},
            )
        plans.append(PlannedTag(wish.name, before, before != root))
    return tuple(plans)


def move_tags(target: Target, plans: Sequence[PlannedTag], root: RawManifest) -> None:
    """Write the tags in order and read all of them back; when one fails, those that were written go back.

    Raises:
        ImageError: ``image.digest-mismatch``: somebody else moved one meanwhile.
        RegistryError: it failed, and not all tags could be put back; the message names those.
        ShipsealError: the target refused or could not be reached.
    """
    written: list[PlannedTag] = []
    try:
        for plan in plans:
            if plan.writes:
                _check_unmoved(target, plan, root.digest)
                written.append(plan)
                target.put_tag(plan.name, root)
        for plan in plans:
            _check(target, plan.name, root.digest, (root.digest,))
    except BaseException as error:
        left = [plan.name for plan in reversed(written) if not _undone(target, plan, root.digest)]
        if left and isinstance(error, ShipsealError):
            raise RegistryError(
                error.code,
                f"{error.message}; these tags name the copy and could not be put back: {', '.join(left)}",
                hint=error.hint,
                context={"target": target.name},
                retryable=error.retryable,
            ) from error
        raise


def _check_unmoved(target: Target, plan: PlannedTag, root: Digest) -> None:
    _check(target, plan.name, plan.before or "no such tag", (plan.before, root))


def _check(target: Target, tag: str, expected: str, allowed: tuple[Digest | None, ...]) -> None:
    found = target.resolve(tag)
    now = found.digest if found else None
    if now not in allowed:
        raise ImageError(
            Code.DIGEST_MISMATCH,
            f"{target.name}:{tag} was moved by somebody else during the copy: "
            f"expected {expected}, got {now or 'nothing'}",
            hint="find out who else writes there, then copy again",
            context={"expected": str(expected), "got": str(now)},
        )


def _undone(target: Target, plan: PlannedTag, root: Digest) -> bool:
    """Put a tag back, unless it names something else by now; return whether it does not name the copy any more."""
    with suppress(ShipsealError):
        found = target.resolve(plan.name)
        if found is None or found.digest != root:
            return True
        if plan.before is None:
            target.delete_tag(plan.name)
        else:
            target.put_tag(plan.name, target.read_manifest(plan.before))
        return True
    return False
