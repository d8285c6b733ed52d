"""Every fault at every request of a release ends as ``docs/reliability.md`` says, and a resume ends well.

A few cells run with every `make test`; all of them with `make faults`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal.errors import Exit
from shipseal.release.result import ReleaseResult, Status
from shipseal.testing.fault_kinds import refuse
from shipseal.testing.http_server import Exchange
from tests.faults.wire_rows import MATRIX, WireRow
from tests.support.clocks import ticking
from tests.support.simulated import POLICY
from tests.support.wire_faults import FAULTS, PASSWORD, RETRY_AFTER, STEPS, Scene, scene

# One of each kind, at the request where it would do most harm.
_QUICK = {
    ("503, once", "move a tag"),
    ("429 with Retry-After, once", "send a blob"),
    ("the token has expired", "store evidence"),
    ("answer lost after the work, once", "move a tag"),
    ("redirect to another host", "send a blob"),
    ("403", "move a tag"),
    ("404", "list tags"),
    ("500", "read evidence"),
    ("one byte at a time", "list tags"),
    ("garbage", "list evidence"),
    ("connection cut in the request", "store the image"),
    ("another digest", "read the image"),
}


def rows() -> Iterator[object]:
    """Yield all rows, the long table with its mark."""
    for row in MATRIX:
        quick = (row.fault, row.step) in _QUICK
        yield pytest.param(row, id=str(row), marks=() if quick else pytest.mark.faults)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as found:
        yield found


def test_every_quick_case_is_in_the_table() -> None:
    assert {(row.fault, row.step) for row in MATRIX} >= _QUICK


def test_every_fault_and_every_step_is_in_the_table() -> None:
    assert {row.fault for row in MATRIX} == FAULTS.keys()
    assert {row.step for row in MATRIX} == STEPS.keys()


def test_an_undisturbed_release_ends_so(made: Scene) -> None:
    made.open()
    assert made.bench.run().status == Status.DONE
    made.expect_finished()


@pytest.mark.parametrize("row", list(rows()))
def test_a_release_that_meets_a_fault(made: Scene, row: WireRow) -> None:
    kind, step = FAULTS[row.fault], STEPS[row.step]
    made.open(kind.timeouts)
    before = made.tags()
    rule = made.strike(kind.make(made), step, times=kind.times)
    result = made.bench.run()
    assert rule.struck, "the fault struck nothing"
    expect_end(result, row)
    if row.code is not None:
        assert made.tags() == before
        expect_no_secret(result)
    if row.asked is not None:
        assert len(rule.struck) == row.asked
    assert not any(made.leaked), "credentials followed a redirect"
    assert max(made.bench.clock.slept, default=0) <= POLICY.deadline
    if row.fault == "429 with Retry-After, once":
        assert made.bench.clock.slept == [float(RETRY_AFTER)]
    assert made.resume().status == Status.DONE
    made.expect_finished()


_SLOW_SECONDS = 40.0


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(
            name, marks=() if name in ("send a blob", "move a tag") else pytest.mark.faults
        )
        for name in STEPS
    ],
)
def test_no_request_is_begun_after_the_deadline(made: Scene, step: str) -> None:
    """A registry that takes its time to fail: the tries are bounded by seconds, not only by their number."""
    made.open()
    clock, fails = made.bench.clock, refuse(503)
    pause = ticking(clock, _SLOW_SECONDS)

    def fault(exchange: Exchange) -> bool:
        for _ in exchange.chunks():
            pass
        pause()
        return fails(exchange)

    rule = made.strike(fault, STEPS[step], times=None)
    started = clock.elapsed
    result = made.bench.run()
    assert len(rule.struck) == 3 < POLICY.tries
    assert clock.elapsed - started <= POLICY.deadline + _SLOW_SECONDS
    assert result.status == (Status.DONE if step == "record" else Status.PENDING)
    assert made.resume().status == Status.DONE
    made.expect_finished()


def expect_end(result: ReleaseResult, row: WireRow) -> None:
    assert (result.status, result.code, result.exit) == (
        row.outcome,
        row.code and str(row.code),
        int(row.exit),
    ), result.message
    if row.code is not None:
        assert result.message
        assert result.hint
    if result.status == Status.PENDING:
        assert "shipseal release resume" in result.hint
        assert result.exit == Exit.OUTSIDE


def expect_no_secret(result: ReleaseResult) -> None:
    assert PASSWORD not in f"{result.message} {result.hint}"
    assert "Bearer" not in result.message
