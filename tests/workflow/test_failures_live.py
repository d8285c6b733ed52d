"""Every failure code, made anew by real tools and servers, and diagnosed from what they print."""

import pytest

from scripts.record.areas import every_case
from scripts.record.case import Case
from scripts.record.running import made
from scripts.record.writing import log_of
from shipseal.errors import Code
from shipseal.runbook.engine import diagnose

pytestmark = pytest.mark.tools

LIVE = [case for case in every_case().values() if case.live]


@pytest.mark.parametrize("case", LIVE, ids=lambda case: case.name)
def test_a_failure_that_is_made_now_is_diagnosed(case: Case) -> None:
    with made(case) as scene:
        log = log_of(case, scene.steps)
    told = diagnose([log.encode()])
    assert told, log
    assert told[0].code in {case.code, *case.also}, log
    assert told[0].proof or case.code is Code.UNKNOWN, "nothing proves it"
    lines = log.splitlines()
    assert all(1 <= proof.line <= len(lines) for proof in told[0].proof)


def test_every_code_is_made_here() -> None:
    assert set(Code) - {case.code for case in LIVE} == set()


def test_a_scene_in_which_nothing_fails_is_no_case() -> None:
    fine = Case(
        name="fine", produce=lambda scene: scene.step("true"), split=LIVE[0].split, code=Code.UNKNOWN, also=(),
        tool="bash", style=LIVE[0].style, live=True,
    )  # fmt: skip
    with pytest.raises(RuntimeError, match="no step failed"), made(fine):
        pass
