"""All that was asked about a piece of evidence, from where it was found to what it says, for ``--explain``."""

from collections.abc import Iterator, Sequence

from shipseal.attest.interface import QUESTIONS, Step
from shipseal.evidence.interface import StoredEvidence
from shipseal.intoto.predicates import Family
from shipseal.verify.families import names_of
from shipseal.verify.scene import Judgement, Scene, Subject
from shipseal.verify.steps import ItemStep, failed, not_made, passed
from shipseal.verify.verdict import PieceSteps, Standing
from shipseal.verify.weigh import Genuine, Weighed

_FOUND = ("2", "found")
_ABOUT = ("6", "subject")
_CERTIFIED = tuple(number for number in QUESTIONS if number.startswith("4") and number != "4")


def pieces_of(
    scene: Scene, subject: Subject, family: Family, ranked: Sequence[Judgement]
) -> tuple[PieceSteps, ...]:
    """Return what was asked about all that could have met a requirement, in the order of ``ranked``; never nothing.

    Args:
        scene: where it lies.
        subject: what is required to have it.
        family: what is required.
        ranked: how each piece stands, with its steps.
    """
    if ranked:
        return tuple(PieceSteps(one.target, one.standing, one.steps, one.bundle) for one in ranked)
    lacking = failed(*_FOUND, "none", f"a {family} of {subject.digest}")
    return (_nothing(scene, lacking, subject, family),)


def absent_platform(
    scene: Scene, subject: Subject, family: Family, expected: str, got: str
) -> tuple[PieceSteps, ...]:
    """Return that nothing was asked, because the image lacks the platform."""
    return (_nothing(scene, failed(*_FOUND, got, expected), subject, family),)


def genuine_steps(evidence: Genuine) -> tuple[ItemStep, ...]:
    """Return the steps up to the one that says that evidence is about its subject."""
    subject = evidence.stored.subject
    named = len(evidence.verified.statement.subjects)
    got = "it names this one" + (f", and {named - 1} more" if named > 1 else "")
    return (
        _found(evidence.target, evidence.stored),
        *map(_as_item, evidence.verified.steps),
        passed(*_ABOUT, got, subject),
    )


def refused_steps(one: Weighed, subject: Subject, family: Family) -> tuple[ItemStep, ...]:
    """Return the steps up to the one that does not hold, and which were not made because of it."""
    found = _found(one.target, one.stored)
    if one.standing is Standing.WRONG_SUBJECT:
        wrong = failed(*_ABOUT, f"it names {one.got}", one.expected)
        return (found, *map(_as_item, one.steps), wrong, *_rest("6", subject, family))
    steps = tuple(map(_as_item, one.steps)) or (_unverified(one),)
    certified = any(step.number == "4a" for step in steps)
    return (found, *steps, *_rest(steps[-1].number, subject, family, certified=certified))


def _nothing(scene: Scene, lacking: ItemStep, subject: Subject, family: Family) -> PieceSteps:
    rest = _rest("2", subject, family)
    return PieceSteps(scene.place, Standing.MISSING, (lacking, *rest))


def _found(target: str, stored: StoredEvidence) -> ItemStep:
    got = f"{stored.origin} {stored.where} at {target}"
    if stored.where != stored.digest:
        got += f", bundle {stored.digest}"
    return passed(*_FOUND, got, f"evidence of {stored.subject}")


def _unverified(one: Weighed) -> ItemStep:
    """Return the step at which evidence failed that nobody could begin to verify."""
    if one.standing is Standing.UNSIGNED:
        return failed("4", QUESTIONS["4"][0], "nobody signed it", "a signature")
    name, expected = QUESTIONS["3"]
    return failed("3", name, one.got, expected)


def _as_item(step: Step) -> ItemStep:
    return (passed if step.held else failed)(step.number, step.what, step.got, step.expected)


def _rest(
    after: str, subject: Subject, family: Family, *, certified: bool = False
) -> Iterator[ItemStep]:
    """Yield what comes after a step; how it is signed is asked in more steps where a certificate signed."""
    names: list[tuple[str, str]] = [_FOUND, _of("3")]
    names += map(_of, _CERTIFIED) if certified else [_of("4")]
    names += [_of("5"), _ABOUT, *names_of(family, subject)]
    numbers = [number for number, _ in names]
    # A log entry beside a key's signature is the last that is asked about that signature.
    last = after if certified or not after.startswith("4") else "4"
    return (not_made(*name) for name in names[numbers.index(last) + 1 :])


def _of(number: str) -> tuple[str, str]:
    return number, QUESTIONS[number][0]
