"""Measure `shipseal diagnose`: how often it is right, on cases that rules know and on others, and how fast."""

import random
import time
from collections.abc import Iterator, Sequence

from bench.machine import facts
from bench.options import Options
from bench.report import Goal, Report
from shipseal.errors import Code
from shipseal.runbook.diagnosis import Examined
from shipseal.runbook.engine import examine
from shipseal.runbook.keys import RULES
from tests.support.recorded import SPLITS, Recorded, recorded

MIB = 1 << 20
SECONDS = 5.0
CROWDED_SECONDS = 10.0
RIGHT = 0.9
_WORDS = (
    "copying",
    "blob",
    "compiling",
    "layer",
    "done",
    "exporting",
    "manifest",
    "pushing",
    "installed",
    "package",
    "ok",
)
_FAILURE = b"Error: denied: permission_denied: write_package\n"


class Score:
    """How often the first place was right.

    Args:
        cases: what is diagnosed.
    """

    def __init__(self, cases: Sequence[Recorded]) -> None:
        first = [(case, case.diagnosed()) for case in cases]
        named = [(case, found) for case, found in first if found[0].code is not Code.UNKNOWN]
        known = [(case, found) for case, found in first if not case.ordinary]
        ordinary = [(case, found) for case, found in first if case.ordinary]
        self.cases = len(cases)
        self.right = sum(found[0].code in case.right for case, found in first)
        self.precision = _share(found[0].code in case.right for case, found in named)
        self.recall = _share(
            found[0].code in case.right and found[0].code is not Code.UNKNOWN
            for case, found in known
        )
        self.unknown = sum(found[0].code is Code.UNKNOWN for _, found in known)
        self.ordinary = len(ordinary)
        self.false = sum(not {one.code for one in found} <= case.right for case, found in ordinary)

    def row(self, split: str) -> list[str]:
        """Return the cells of a table."""
        return [
            split,
            str(self.cases),
            f"{100 * self.right / self.cases:.1f} %",
            f"{100 * self.precision:.1f} %",
            f"{100 * self.recall:.1f} %",
            str(self.unknown),
            f"{self.false} of {self.ordinary}",
        ]


def _share(hits: Iterator[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 1.0


def quiet(size: int) -> bytes:
    """Return a log of ordinary lines, each of them another one, with one failure in its middle."""
    pick = random.Random(1)  # the same log each time
    lines = (
        f"2026-01-02T03:04:05.1234567Z {' '.join(pick.choices(_WORDS, k=12))}\n"
        for _ in range(size // 120)
    )
    whole = [line.encode() for line in lines]
    whole.insert(len(whole) // 2, _FAILURE)
    return b"".join(whole)


def noisy(size: int) -> bytes:
    """Return a log in which every line looks like an error, with one failure in its middle."""
    line = "2026-01-02T03:04:05.1234567Z error: attempt {0} failed to push to 10.0.{0}: status unknown, not found\n"
    whole = [line.format(number).encode() for number in range(size // 105)]
    whole.insert(len(whole) // 2, _FAILURE)
    return b"".join(whole)


def crowded(size: int) -> bytes:
    """Return a log in which every line has words of dozens of failures, as nobody writes it who means well."""
    pick = random.Random(1)
    words = sorted({need for rule in RULES for need in rule.needs})
    lines = (" ".join((str(number), *pick.choices(words, k=160))) for number in range(size // 2600))
    return "\n".join(lines).encode()


def seconds(log: bytes) -> float:
    """Return how long one log takes.

    Raises:
        AssertionError: its failure was not found.
    """
    used, answer = _examined(log)
    found = {one.code for one in answer.diagnoses}
    assert Code.REGISTRY_DENIED in found, found  # noqa: S101 - a speed of nothing says nothing
    return used


def crowded_seconds(log: bytes) -> float:
    """Return how long one log takes of which some lines are left out.

    Raises:
        AssertionError: nothing was found, or it was not said that lines were left out.
    """
    used, answer = _examined(log)
    assert answer.diagnoses[0].code is not Code.UNKNOWN  # noqa: S101 - as above
    assert answer.partly is not None  # noqa: S101 - as above
    return used


def _examined(log: bytes) -> tuple[float, Examined]:
    pieces = [log[start : start + MIB] for start in range(0, len(log), MIB)]
    started = time.perf_counter()
    answer = examine(pieces)
    return time.perf_counter() - started, answer


def measure(options: Options) -> Report:
    """Measure both."""
    scores = {split: Score(recorded(split)) for split in SPLITS}
    size = 4 * MIB if options.small else 100 * MIB
    rounds = options.rounds or 2
    logs = {"ordinary lines, all different": quiet(size), "every line an error": noisy(size)}
    taken = {name: [seconds(log) for _ in range(rounds)] for name, log in logs.items()}
    crowd = "every line with words of dozens of failures"
    taken[crowd] = [crowded_seconds(crowded(size)) for _ in range(rounds)]
    held = scores[SPLITS[-1]]
    names = {
        SPLITS[0]: "rules were written from these",
        SPLITS[-1]: "rules were not written from these",
    }
    return Report(
        part="diagnose",
        title="recorded failures of real tools, diagnosed",
        facts=facts(),
        header=[
            "cases",
            "number",
            "right at first place",
            "precision",
            "recall",
            "unknown",
            "false causes of ordinary failures",
        ],
        rows=[score.row(names[split]) for split, score in scores.items()],
        goals=[
            Goal(
                "right at first place, unseen",
                100 * held.right / held.cases,
                100 * RIGHT,
                "%",
                least=True,
            ),
            Goal("false causes, unseen", float(held.false), 0, "cases"),
            *(
                Goal(
                    f"{size // MIB} MiB, {name}",
                    min(times),
                    CROWDED_SECONDS if name == crowd else SECONDS,
                    "s",
                )
                for name, times in taken.items()
            ),
        ],
        notes=[
            "precision: of the causes at first place, those that are right; recall: of the failures with a cause, "
            "those whose cause stands at first place",
            f"the better of {rounds} rounds; the failure stands in the middle of the log, and is found",
            "of lines with words of dozens of failures some are left out, and the answer says between which",
        ],
        raw=dict(taken),
    )
