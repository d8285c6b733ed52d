"""Why a release is not public, in four parts: the code, its cause, the proof, and the next command.

What the code means and where it usually comes from are the words of ``docs/errors.md``; the proof is what the journal
says of this release. Nothing is guessed and nothing is fetched.
"""

from collections.abc import Sequence

import msgspec

from shipseal.release.failure_texts import failure_text
from shipseal.release.journal import Damage
from shipseal.release.result import ReleaseResult, Status
from shipseal.release.timeline import TimelineRun, failed_steps


class Diagnosis(msgspec.Struct, frozen=True):
    """What is wrong with one release.

    Attributes:
        code: failure code; empty for a run that did not say how it ended.
        means: what that code means.
        cause: where it usually comes from; may be empty.
        proof: what the journal says, a sentence each.
        do: what to do; may be empty.
        next: the next command.
        see: page with more.
    """

    code: str
    means: str
    cause: str
    proof: tuple[str, ...]
    do: str
    next: str
    see: str


_CUT_OFF = Diagnosis(
    code="",
    means="The last run ended without saying how.",
    cause="it was killed, ran out of memory, or the machine went down",
    proof=(),
    do="nothing is lost: what is done is in the journal, and only what is missing is done",
    next="",
    see="docs/releasing.md",
)

_DAMAGED = Diagnosis(
    code="",
    means="The journal is damaged: what it says behind the damage is not read, and the release may have got further.",
    cause="the disk lost a part of it, or somebody edited it",
    proof=(),
    do="go on: what was done is found at the targets, and the rest of the journal stays beside it, in journal.damaged",
    next="",
    see="docs/reliability.md#the-journal",
)


def diagnose(
    result: ReleaseResult,
    runs: Sequence[TimelineRun],
    *,
    running: bool,
    damage: Damage | None = None,
) -> Diagnosis | None:
    """Return what is wrong; None for a release that is done, was given up, is running, or was a rehearsal that passed.

    Args:
        result: how the release stands.
        runs: what it did.
        running: whether a process is at it.
        damage: where its journal is damaged.
    """
    if running or result.status in (Status.DONE, "aborted"):
        return None
    if damage:
        return msgspec.structs.replace(
            _DAMAGED, proof=(_where(damage), *_proof(result, runs)), next=_next(result)
        )
    if result.status == "interrupted":
        return msgspec.structs.replace(
            _CUT_OFF, proof=tuple(_proof(result, runs)), next=_next(result)
        )
    if not result.code and not result.exit:
        return None
    text = failure_text(result.code or "")
    return Diagnosis(
        code=result.code or "",
        means=text.means if text else "",
        cause=text.cause if text else "",
        proof=tuple(_proof(result, runs)),
        do=text.do if text else "",
        next=_next(result),
        see=f"docs/errors.md#{result.code}" if text else "docs/releasing.md",
    )


def _where(damage: Damage) -> str:
    lines = f"{damage.lost} whole line{'s' if damage.lost > 1 else ''}"
    return f"line {damage.line} of the journal is none, and {lines} behind it cannot be trusted"


def _proof(result: ReleaseResult, runs: Sequence[TimelineRun]) -> Sequence[str]:
    told = [result.message] if result.message else []
    for step in failed_steps(runs):
        took = f" after {step.seconds} s" if step.seconds is not None else ""
        how = "did not end" if step.state == "running" else step.state
        why = f" with {step.code}" if step.code else ""
        told.append(f"step {step.step}, begun at {step.started}: {how}{took}{why}")
    if runs and not failed_steps(runs):
        steps = runs[-1].steps
        told.append(f"the last step that ended was {steps[-1].step}" if steps else "no step began")
    return told


def _next(result: ReleaseResult) -> str:
    """Return the command that goes on: the same release for what may pass or is half-way, else a new run."""
    goes_on = result.status in (Status.PENDING, Status.PARTLY_PROMOTED, "interrupted")
    if goes_on and not result.dry_run:
        return f"shipseal release resume {result.release}"
    return f"shipseal release --version {result.version}"
