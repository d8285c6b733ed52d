"""Questions that are put to genuine evidence one after the other, until one is answered with no.

Answers are put into words only where somebody reads them: for the one that refuses, and for all under ``--explain``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from shipseal.attest.interface import VerifiedStatement
from shipseal.errors import AttestError
from shipseal.intoto.predicates import Family
from shipseal.oci import Digest
from shipseal.verify.scene import Judgement, Scene, Subject
from shipseal.verify.steps import ItemStep, failed, not_made, passed
from shipseal.verify.verdict import Standing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case(Generic[T]):
    """What a question is about.

    Attributes:
        scene: where the evidence lies.
        subject: what it is required for.
        bundle: digest of its bundle.
        read: what it says.
        counted: bundles that count for the subject, for each other family that is required; for seals.
    """

    scene: Scene
    subject: Subject
    bundle: Digest
    read: T
    counted: Mapping[Family, frozenset[Digest]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question.

    Attributes:
        standing: PRESENT where it is yes.
        told: puts into words what had to be there and what was there.
        more: puts into words what else an explanation says of what was there.
        note: what a person should know although it is yes; may be empty.
    """

    standing: Standing
    told: Callable[[], tuple[str, str]]
    more: Callable[[], str] = str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One check.

    Attributes:
        number: as in ``docs/verification.md``.
        name: of the check.
        ask: makes it; None where there is nothing to ask.
        index_only: whether it is asked of an index alone.
    """

    number: str
    name: str
    ask: Callable[[Case[T]], Answer | None]
    index_only: bool = False


@dataclass(frozen=True, slots=True)
class Inquiry(Generic[T]):
    """All that is asked about evidence of one family.

    Attributes:
        number: of reading it; empty where it is not read.
        name: of what is read.
        readable: what must be readable.
        read: reads it; raises AttestError when it is malformed.
        says: what it says, in one line.
        questions: in their order.
    """

    number: str
    name: str
    readable: str
    read: Callable[[Scene, VerifiedStatement], T]
    says: Callable[[T], str]
    questions: tuple[Question[T], ...] = ()

    def judge(
        self,
        scene: Scene,
        subject: Subject,
        verified: VerifiedStatement,
        counted: Mapping[Family, frozenset[Digest]],
    ) -> Judgement:
        """Return how a genuine statement stands, with all that was asked where the scene wants that explained."""
        try:
            read = self.read(scene, verified)
        except AttestError as error:
            found = Judgement(Standing.UNREADABLE, self.readable, error.message)
            broken = failed(self.number, self.name, error.message, self.readable)
            steps = (broken, *self._not_made(subject, self.number))
            return replace(found, steps=steps) if scene.explain else found
        case = Case(scene, subject, verified.bundle, read, counted)
        answers = asked(self.questions, case)
        if not scene.explain:
            return concluded(answer for _, answer in answers)
        kept = list(answers)
        return replace(
            concluded(answer for _, answer in kept), steps=tuple(self._steps(case, kept))
        )

    def names(self, subject: Subject) -> Iterator[tuple[str, str]]:
        """Yield number and name of all that is asked about ``subject``."""
        if self.number:
            yield self.number, self.name
        for question in self.questions:
            if subject.is_index or not question.index_only:
                yield question.number, question.name

    def _steps(
        self, case: Case[T], answers: Sequence[tuple[Question[T], Answer]]
    ) -> Iterator[ItemStep]:
        if self.number:
            yield passed(self.number, self.name, self.says(case.read), self.readable)
        for question, answer in answers:
            expected, got = answer.told()
            told = ", ".join(part for part in (got, answer.more()) if part)
            if answer.standing is Standing.PRESENT:
                yield passed(question.number, question.name, told, expected)
            else:
                yield failed(question.number, question.name, told, expected)
                yield from self._not_made(case.subject, question.number)

    def _not_made(self, subject: Subject, after: str) -> Iterator[ItemStep]:
        names = list(self.names(subject))
        start = [number for number, _ in names].index(after) + 1
        return (not_made(*name) for name in names[start:])


def asked(questions: Iterable[Question[T]], case: Case[T]) -> Iterator[tuple[Question[T], Answer]]:
    """Yield each question with its answer, up to the first that is no."""
    for question in questions:
        answer = question.ask(case)
        if answer is not None:
            yield question, answer
            if answer.standing is not Standing.PRESENT:
                return


def concluded(answers: Iterable[Answer]) -> Judgement:
    """Return what answers come to: the one that is no, or that the evidence counts, with what should be known."""
    note = ""
    for answer in answers:
        if answer.standing is not Standing.PRESENT:
            return Judgement(answer.standing, *answer.told())
        note = note or answer.note
    return Judgement(Standing.PRESENT, note=note)
