"""Traced: whether anything says that a release was begun which is to go on without a journal on this machine.

A mistyped version has no trace. To go on with it would make a new public version, which nobody can take back.
"""

from shipseal.build.interface import BuiltImage
from shipseal.errors import ConfigError
from shipseal.release.context import Context
from shipseal.release.steps.promote import Decisions
from shipseal.release.steps.record import find_records


class UntracedError(ConfigError):
    """``config.invalid``: a release is to go on of which neither this machine nor any target knows anything."""


def check_traced(ctx: Context, built: BuiltImage, decisions: Decisions) -> None:
    """Refuse to go on with a release that left no trace: no evidence, no tag of its version, no record.

    An image that was staged is no trace: it does not say as which version. Nothing is lost with it, as a new release
    finds it where it lies.

    Args:
        ctx: the release, with what was adopted of it.
        built: its image.
        decisions: what each tag names, by target.

    Raises:
        UntracedError: there is none.
        ShipsealError: a target could not be read.
    """
    state = ctx.ledger.state
    if not ctx.mode.traced or state.evidence or state.plan is None:
        return
    named = (one for each in decisions.values() for one in each if one.before)
    if any("{version}" in one.tag.template for one in named):
        return
    if find_records(ctx.parts.targets, built.image.digest, state.plan.release):
        return
    version = ctx.request.version
    raise UntracedError(
        f"there is no release {version} to go on with: no journal on this machine, and no tag, record or evidence of "
        f"it at {', '.join(target.name for target in ctx.parts.targets)}",
        hint=f"is the version right? If a run was ended before it signed anything, nothing is lost: "
        f"shipseal release --version {version}",
        context={"version": version},
    )
