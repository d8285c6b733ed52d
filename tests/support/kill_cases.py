"""Cases of killed releases: what is killed where, who goes on, and what must hold in the end, whatever it was."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.killed import WHEN
from tests.support.kills import HOUR, MOMENT, NEW, Outcome, Ran, Scene, left_behind


@dataclass(frozen=True)
class Undisturbed:
    """A release that was not killed.

    Attributes:
        outcome: how the targets look afterwards.
        lines: the kinds of the lines of its journal.
        seconds: how long it took, without the start of the interpreter.
    """

    outcome: Outcome
    lines: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        part: of a release that nobody disturbs: of the lines of its journal, or of its time.
        when: at a line of the journal, one of :data:`~tests.support.killed.WHEN`; empty: after that time.
        fresh: whether a machine that knows nothing goes on.
    """

    part: float
    when: str = ""
    fresh: bool = False

    def spec(self, undisturbed: Undisturbed) -> dict[str, Any]:
        """Return it as :mod:`tests.support.killed` takes it."""
        if self.when:
            return {"entry": round(self.part * len(undisturbed.lines)), "when": self.when}
        return {"after": self.part * undisturbed.seconds}

    def __str__(self) -> str:
        """Return how a failing test tells it."""
        where = f"{self.when} a line" if self.when else "after a time"
        return f"{where} ({self.part:.3f}), {'a fresh runner' if self.fresh else 'the same machine'} goes on"


@dataclass(frozen=True)
class Case:
    """A release that is killed, once or several times in a row.

    Attributes:
        kills: in order.
        stopped_clock: whether all runs happen at one moment: then every byte of evidence must be as if undisturbed.
            Otherwise an hour passes between runs, and whatever is made again is another one.
    """

    kills: tuple[Kill, ...]
    stopped_clock: bool

    def __str__(self) -> str:
        """Return how a failing test tells it."""
        clock = "the clock stands" if self.stopped_clock else "an hour passes between runs"
        return f"killed {'; then '.join(map(str, self.kills))}; {clock}"


def random_case(seed: int, number: int, *, kills: int = 0) -> Case:
    """Return the case that a seed and a number give: half of the kills at a line, half at a moment.

    Args:
        seed: of all cases.
        number: of this one.
        kills: how many in a row; 0 leaves that to chance, too: up to three.
    """
    draw = random.Random(f"{seed}/{number}")
    drawn = []
    for _ in range(kills or draw.choice((1, 1, 1, 2, 3))):
        fresh = draw.random() < 0.5
        if draw.random() < 0.5:
            drawn.append(Kill(draw.random(), draw.choice(WHEN), fresh))
        else:
            drawn.append(Kill(draw.uniform(0.0, 1.2), fresh=fresh))
    return Case(tuple(drawn), stopped_clock=draw.random() < 0.5)


def survive(scene: Scene, case: Case, undisturbed: Undisturbed) -> None:
    """Play a case, and hold its end against a release that nobody disturbed.

    Raises:
        AssertionError: something is not as if it had not been killed.
    """
    scene.reset()
    runs: list[Ran] = []
    for kill in case.kills:
        ran = scene.run(
            resume=_can_resume(scene), now=_moment(case, runs), **kill.spec(undisturbed)
        )
        runs.append(ran)
        assert ran.killed or ran.status == 0, f"{case}: ended with {ran.status}\n{ran.out}"
        _check_tags(scene, case, runs, undisturbed.outcome)
        if kill.fresh:
            scene.fresh_runner()
    opened = scene.place.uploads()
    last = scene.run(resume=_can_resume(scene), now=_moment(case, runs))
    assert scene.place.uploads() <= opened, f"{case}: an upload was left open"
    runs.append(last)
    assert last.status == 0, f"{case}: does not go on\n{last.out}"
    _check_tags(scene, case, runs, undisturbed.outcome)
    check_end(scene, case, runs, undisturbed)


def _moment(case: Case, runs: Sequence[Ran]) -> float:
    return MOMENT if case.stopped_clock else MOMENT + HOUR * len(runs)


def _can_resume(scene: Scene) -> bool:
    """Return whether this machine has something that `release resume` finds; else the first command is repeated."""
    return any(_is_open(path.read_bytes()) for path in scene.journals())


def _is_open(journal: bytes) -> bool:
    whole = [line for line in journal.splitlines(keepends=True) if line.endswith(b"\n")]
    return bool(whole) and json.loads(whole[-1])["kind"] != "release.closed"


def _check_tags(scene: Scene, case: Case, runs: Sequence[Ran], undisturbed: Outcome) -> None:
    """Check that no tag moved before everything was verified, by what the runs did and by what the targets show."""
    for ran in runs:
        verified = False
        for note in ran.notes:
            if note["event"] == "journal" and note["kind"] == "release.verified":
                verified = note["data"]["outcome"] == "pass"
            assert note["event"] != "tag" or verified, f"{case}: {note['tag']} moved early"
    new = undisturbed.tags[0][NEW]
    shown = scene.outcome().tags
    verified = any("release.verified" in ran.journal() for ran in runs)
    for tags in shown:
        assert verified or new not in tags.values(), f"{case}: public without verification: {tags}"
        # `latest` moves when the version is public everywhere.
        assert tags.get("latest") != new or all(NEW in each for each in shown), f"{case}: {shown}"


def check_end(scene: Scene, case: Case, runs: Sequence[Ran], undisturbed: Undisturbed) -> None:
    """Hold what is at the targets and on this machine against a release that nobody disturbed.

    Raises:
        AssertionError: something is not the same.
    """
    assert scene.place.early() == [], f"{case}: a tag before its evidence"
    found = scene.outcome()
    assert list(found.tags) == list(undisturbed.outcome.tags), f"{case}: other tags"
    for here, there in zip(found.evidence, undisturbed.outcome.evidence, strict=True):
        assert here.kinds == there.kinds, f"{case}: not the same evidence"
        if case.stopped_clock:
            assert here.manifests == there.manifests, f"{case}: evidence with other bytes"
        assert here.accounts, f"{case}: no account of the release"
    assert len({each.contents for each in found.evidence}) == 1, f"{case}: targets differ"
    left = left_behind(scene)
    assert left == [], f"{case}: left behind: {left}"
    local = not any(kill.fresh for kill in case.kills)
    if local:
        signed = Counter(
            note["data"]["key"]
            for ran in runs
            for note in ran.notes
            if note["event"] == "journal" and note["kind"] == "evidence.signed"
        )
        assert set(signed.values()) <= {1}, f"{case}: signed twice: {signed}"
    junk = scene.place.junk()
    assert not (local and junk), f"{case}: nothing leads to {junk}"
