"""Every fault while a base image is pulled, and while somebody verifies: nothing is taken for what it is not."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal.release.result import Status
from shipseal.testing.faults import Rule
from tests.faults.wire_rows import LOOKED, READING, VERIFIED, WireRow
from tests.support.wire_faults import FAULTS, READS, Scene, scene
from tests.support.wire_reads import base_builder, verified, verify_with

_QUICK = {
    ("503, once", "base image: fetch"),
    ("another digest", "base image: fetch"),
    ("500", "verify: list evidence"),
    ("garbage", "verify: list evidence"),
    ("404", "verify: list evidence"),
}


def rows(prefix: str) -> Iterator[object]:
    """Yield the rows of one activity, the long table with its mark."""
    for row in READING:
        if row.step.startswith(prefix):
            quick = (row.fault, row.step) in _QUICK
            yield pytest.param(row, id=str(row), marks=() if quick else pytest.mark.faults)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as found:
        found.open()
        yield found


def expect_asked(rule: Rule, row: WireRow) -> None:
    """Check how often each request was made: several may be struck, each by itself."""
    assert rule.struck, "the fault struck nothing"
    if row.asked is not None:
        assert max(Counter(rule.struck).values()) <= row.asked
        assert row.asked == 1 or max(Counter(rule.struck).values()) == row.asked


@pytest.mark.parametrize("row", list(rows("base image")))
def test_a_base_image_behind_a_fault(made: Scene, row: WireRow) -> None:
    kind, step = FAULTS[row.fault], READS[row.step]
    made.builder = base_builder(made)
    before = made.tags()
    rule = made.strike(kind.make(made), step, times=kind.times)
    result = made.bench.run()
    told = (result.status, result.code, result.exit)
    assert told == (row.outcome, row.code and str(row.code), int(row.exit)), result.message
    expect_asked(rule, row)
    assert not any(made.leaked), "credentials followed a redirect"
    if row.code is not None:
        assert made.tags() == before
        assert made.bench.signer.signed == []
    again = made.resume()
    assert again.status == Status.DONE
    assert [set(tags.values()) for tags in made.tags()] == [{again.digest}] * 2


@pytest.mark.parametrize("row", list(rows("verify")))
def test_a_verification_behind_a_fault(made: Scene, row: WireRow) -> None:
    kind, step = FAULTS[row.fault], READS[row.step]
    (outcome, code, exit_, message), rule = verify_with(made, kind, step)
    assert (outcome, code, exit_) == (row.outcome, row.code, row.exit), message
    expect_asked(rule, row)
    assert not any(made.leaked), "credentials followed a redirect"
    if outcome == LOOKED:
        assert made.registry.host in message
    made.faults.clear()
    assert verified(made)[0] == VERIFIED
