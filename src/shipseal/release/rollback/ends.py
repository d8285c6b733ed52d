"""How a rollback ends that does not end well: in which words, with which code and exit status."""

from shipseal.errors import Code, Exit, ShipsealError
from shipseal.release.records import ClosedRecord
from shipseal.release.rollback.known import RollbackStatus
from shipseal.release.rollback.values import Point
from shipseal.release.state import ReleaseState
from shipseal.release.steps.undo import PartlyPromotedError

_AGAIN = "run the same rollback again: it goes on where it stopped"


def interrupted(state: ReleaseState, to: Point) -> ClosedRecord:
    """Return the end of a rollback that a signal ended."""
    moved = [
        f"{target}:{tag}"
        for (target, tag), record in state.tags.items()
        if record.digest == to.digest
    ]
    told = f"these name {to.label} already: {', '.join(moved)}" if moved else "no tag has moved"
    return ClosedRecord(
        RollbackStatus.INTERRUPTED,
        message=f"interrupted; {told}",
        hint=_AGAIN,
        retryable=True,
        exit=int(Exit.INTERRUPTED),
    )


def partly(error: PartlyPromotedError, to: Point) -> ClosedRecord:
    """Return the end of a rollback that failed and could not be undone."""
    places = ", ".join(error.stuck) or "no tag"
    return ClosedRecord(
        RollbackStatus.PARTLY,
        str(error.code),
        f"rollback stopped: {error.cause.message}; these name {to.label} already: {places}",
        f"{_AGAIN}; or leave out what does not answer: --target",
        retryable=True,
        exit=int(Exit.OUTSIDE),
    )


def failed(error: ShipsealError) -> ClosedRecord:
    """Return the end of a rollback after which all tags are as they were."""
    hint = error.hint
    if error.code is Code.DIGEST_MISMATCH:
        hint = "find out who else moves these tags, then run the rollback again"
    return ClosedRecord(
        RollbackStatus.FAILED,
        str(error.code),
        f"no tag is moved: {error.message}",
        hint,
        error.retryable,
        int(error.exit),
    )


def unrecorded(error: ShipsealError) -> ClosedRecord:
    """Return the end of a rollback that moved the tags and could not say so at the targets."""
    told = "the tags are moved, but that is not recorded, so a run of the release that they left would undo it"
    return ClosedRecord(
        RollbackStatus.UNRECORDED,
        str(error.code),
        f"{told}: {error.message}",
        _AGAIN,
        retryable=True,
        exit=int(Exit.OUTSIDE),
    )
