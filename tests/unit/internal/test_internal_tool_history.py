"""What tools took before: the same conditions tell how long it takes, similar sizes how much memory."""

import json
from pathlib import Path

import pytest

from shipseal._internal.budget import Need
from shipseal._internal.tool_history import ToolHistory, ToolRun

MIB = 1 << 20
GUESS = Need(100 * MIB, 200 * MIB, "a guess")


def run(
    *,
    size: int = 100 * MIB,
    seconds: float = 20.0,
    peak: int = 400 * MIB,
    memory: int = 4096 * MIB,
    beside: int = 2,
    tool: str = "syft 1",
) -> ToolRun:
    return ToolRun(tool, size, seconds, peak, memory, cores=2, beside=beside)


@pytest.fixture
def history(tmp_path: Path) -> ToolHistory:
    return ToolHistory(tmp_path / "cache" / "tools.jsonl")


def seconds(history: ToolHistory, size: int, *, beside: int = 2, cores: int = 2) -> float | None:
    return history.seconds("syft 1", size, cores=cores, beside=beside)


def test_nothing_is_known_of_what_never_ran(history: ToolHistory) -> None:
    assert seconds(history, 100 * MIB) is None
    assert history.need("syft 1", 100 * MIB, GUESS) is GUESS


def test_time_is_that_of_the_same_tool_size_and_company(history: ToolHistory) -> None:
    for one in (run(seconds=20), run(seconds=90, beside=1), run(seconds=5, tool="syft 2")):
        history.add(one)
    assert seconds(history, 100 * MIB) == 20
    assert seconds(history, 110 * MIB) == pytest.approx(22)
    assert seconds(history, 100 * MIB, beside=1) == 90
    # Anything else would be a guess, and a guess is not told as a time.
    assert seconds(history, 150 * MIB) is None
    assert seconds(history, 50 * MIB) is None
    assert seconds(history, 100 * MIB, beside=3) is None
    assert seconds(history, 100 * MIB, cores=8) is None


def test_one_slow_run_does_not_decide(history: ToolHistory) -> None:
    for took in (10, 11, 300, 12, 11):
        history.add(run(seconds=took))
    assert seconds(history, 100 * MIB) == 11


def test_memory_is_that_of_the_largest_similar_run(history: ToolHistory) -> None:
    history.add(run(peak=400 * MIB))
    history.add(run(peak=300 * MIB))
    need = history.need("syft 1", 100 * MIB, GUESS)
    # A heap that may grow to five times what is alive can live in half as much.
    assert need.least == pytest.approx(200 * MIB * 1.15, rel=0.01)
    assert need.best == pytest.approx(400 * MIB * 1.15, rel=0.01)
    assert need.reason == "of 2 runs on this machine"
    assert history.need("syft 1", 150 * MIB, GUESS).least == pytest.approx(
        1.5 * need.least, rel=0.01
    )
    assert history.need("syft 1", 300 * MIB, GUESS) is GUESS


def test_a_run_that_used_all_it_was_given_needs_that_much(history: ToolHistory) -> None:
    history.add(run(peak=390 * MIB, memory=400 * MIB))
    need = history.need("syft 1", 100 * MIB, GUESS)
    assert need.least == pytest.approx(390 * MIB * 1.15, rel=0.01)
    assert need.best == pytest.approx(780 * MIB * 1.15, rel=0.01)


def test_a_peak_that_is_not_known_teaches_no_memory(history: ToolHistory) -> None:
    history.add(run(peak=0))
    assert history.need("syft 1", 100 * MIB, GUESS) is GUESS
    assert seconds(history, 100 * MIB) == 20


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        "[]",
        "\xff",
        '{"tool": "syft 1"}',
        json.dumps({"tool": "syft 1", "size": 0, "seconds": 1, "peak": 1, "memory": 1, "cores": 2, "beside": 2}),
        json.dumps({"tool": "syft 1", "size": 9, "seconds": -1, "peak": 1, "memory": 1, "cores": 2, "beside": 2}),
        '{"tool": "syft 1", "size": 1',
    ],
)  # fmt: skip
def test_a_damaged_line_is_no_run(history: ToolHistory, line: str) -> None:
    history.add(run(seconds=20))
    assert history.path is not None
    with history.path.open("a") as stream:
        stream.write(line)
    history.add(run(seconds=22))
    assert seconds(history, 100 * MIB) == 21


def test_a_folder_that_cannot_be_written_forgets(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = ToolHistory(tmp_path / "file" / "tools.jsonl")
    history.add(run())
    assert seconds(history, 100 * MIB) is None
    ToolHistory(None).add(run())


def test_it_does_not_grow_without_end(history: ToolHistory) -> None:
    assert history.path is not None
    for number in range(3000):
        history.add(run(seconds=number))
    assert history.path.stat().st_size < 300_000
    assert seconds(history, 100 * MIB) == 2997
