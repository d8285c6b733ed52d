"""Releases by the real command line that are killed, and end as if they had not been."""

from dataclasses import replace

import pytest

from tests.faults.crash.conftest import Prepared
from tests.faults.crash_rows import KILLS
from tests.faults.rows import SEED
from tests.support.kill_cases import Case, Kill, random_case, survive
from tests.support.kills import left_behind
from tests.support.proofs import proves

# Twenty kills in eight releases.
QUICK = (2, 3, 2, 3, 2, 3, 2, 3)
RANDOM, REAL = 200, 12
BLOCKS = 22


@proves(KILLS["moment"])
@pytest.mark.parametrize(("number", "kills"), list(enumerate(QUICK)))
def test_a_killed_release_goes_on_as_if_nothing_had_been(
    places: tuple[Prepared, Prepared], number: int, kills: int
) -> None:
    found = places[number % len(places)]
    survive(found.scene, random_case(SEED, number, kills=kills), found.undisturbed)


@proves(KILLS["second-run"])
def test_a_second_run_of_a_finished_release_may_be_killed_too(layouts: Prepared) -> None:
    scene = layouts.scene
    scene.reset()
    assert scene.run().status == 0
    lines = len(scene.run().journal())
    before = scene.journals()[0].read_bytes()
    assert scene.run(entry=lines // 2, when="after").killed
    assert scene.journals()[0].read_bytes() == before
    assert scene.run().status == 0
    assert scene.outcome().evidence == layouts.undisturbed.outcome.evidence
    assert left_behind(scene) == []


@proves(KILLS["line"])
@pytest.mark.faults
@pytest.mark.parametrize("block", range(BLOCKS))
@pytest.mark.parametrize("fresh", [False, True], ids=["same-machine", "fresh-runner"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_line_of_the_journal_is_survived(
    places: tuple[Prepared, Prepared], when: str, fresh: bool, block: int
) -> None:
    lines = min(len(found.undisturbed.lines) for found in places)
    for entry in range(block, lines, BLOCKS):
        found = places[(entry + fresh + (when == "after")) % len(places)]
        kill = Kill(entry / len(found.undisturbed.lines), when, fresh)
        assert kill.spec(found.undisturbed) == {"entry": entry, "when": when}
        survive(found.scene, Case((kill,), stopped_clock=entry % 3 == 0), found.undisturbed)


@pytest.mark.faults
@pytest.mark.parametrize("number", range(RANDOM))
def test_kills_at_random_are_survived(places: tuple[Prepared, Prepared], number: int) -> None:
    found = places[number % len(places)]
    survive(found.scene, random_case(SEED, number), found.undisturbed)


@pytest.mark.faults
@pytest.mark.tools
@pytest.mark.parametrize("number", range(REAL))
def test_kills_are_survived_at_a_real_registry(real: Prepared, number: int) -> None:
    # Each case has repositories of its own, whose names stand in the seal: its bytes are others each time.
    case = replace(random_case(SEED + 1, number), stopped_clock=False)
    survive(real.scene, case, real.undisturbed)
