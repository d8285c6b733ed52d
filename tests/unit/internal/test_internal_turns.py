"""Turns: threads wait for room, are told why, and are woken when the work is called off."""

import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shipseal._internal.budget import Budget, Need
from shipseal._internal.cancelled import CancelledError
from shipseal._internal.process import run_tool
from shipseal._internal.tool_history import ToolHistory
from shipseal._internal.turns import Errand, Turn, Turns

MIB = 1 << 20


def errand(name: str = "linux/amd64", least: int = 100, *, alone: bool = False) -> Errand:
    return Errand("syft 1", name, 1000, Need(least * MIB, 2 * least * MIB), alone)


def hall(
    memory: int = 1000, *, cores: int = 4, parallel: int = 4, history: Path | None = None
) -> Turns:
    return Turns(Budget(cores, memory * MIB, parallel), ToolHistory(history))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


class Visitor(threading.Thread):
    """Takes a turn and holds it until it is let go."""

    def __init__(self, turns: Turns, wanted: Errand) -> None:
        super().__init__(daemon=True)
        self.turns = turns
        self.wanted = wanted
        self.told: list[str] = []
        self.turn: Turn | None = None
        self.called_off = False
        self.go = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            with self.turns.turn(self.wanted, self.told.append) as turn:
                self.turn = turn
                self.go.wait(10)
        except CancelledError:
            self.called_off = True

    def leave(self) -> None:
        self.go.set()
        self.join(10)
        assert not self.is_alive()


def test_a_tool_of_go_is_told_its_share() -> None:
    with hall(cores=4).turn(errand()) as turn:
        assert turn.environment() == {
            "GOMAXPROCS": "4",
            "GOGC": "400",
            "GOMEMLIMIT": f"{int(250 * MIB * 0.9)}B",
        }


def test_what_does_not_fit_waits_and_is_told_why() -> None:
    turns = hall(1000, parallel=2)
    first = Visitor(turns, errand("linux/amd64", 600))
    until(lambda: first.turn is not None)
    second = Visitor(turns, errand("linux/arm64", 600))
    until(lambda: bool(second.told))
    assert second.told == [
        "linux/arm64: waits for memory: syft 1 needs 600 MiB, 0 MiB of 1000 MiB are free"
    ]
    assert second.turn is None
    first.leave()
    until(lambda: second.turn is not None)
    assert second.turn is not None
    assert second.turn.waited > 0
    assert second.turn.beside == 1
    second.leave()


def test_an_ordinary_queue_is_not_spoken_of() -> None:
    turns = hall(cores=1)
    first = Visitor(turns, errand())
    until(lambda: first.turn is not None)
    second = Visitor(turns, errand())
    until(lambda: len(turns._waiting) == 1)
    first.leave()
    until(lambda: second.turn is not None)
    second.leave()
    assert second.told == []


def test_those_who_run_together_know_it() -> None:
    turns = hall()
    visitors = [Visitor(turns, errand(str(number))) for number in range(3)]
    until(lambda: all(one.turn for one in visitors))
    assert [one.turn.beside for one in visitors if one.turn] == [3, 3, 3]
    for one in visitors:
        one.leave()
    with turns.turn(errand()) as later:
        assert later.beside == 1


def test_who_was_out_of_memory_gets_everything_alone() -> None:
    turns = hall(1000)
    with turns.turn(errand(alone=True)) as turn:
        assert turn.memory == 1000 * MIB
        other = Visitor(turns, errand())
        until(lambda: bool(other.told))
        assert other.turn is None
    until(lambda: other.turn is not None)
    other.leave()


def test_a_release_that_is_called_off_wakes_who_waits_and_lets_nobody_start() -> None:
    turns = hall(cores=1)
    first = Visitor(turns, errand())
    until(lambda: first.turn is not None)
    second = Visitor(turns, errand())
    until(lambda: len(turns._waiting) == 1)
    turns.call_off()
    second.join(10)
    assert second.called_off
    first.leave()
    with pytest.raises(CancelledError), turns.turn(errand()):
        pytest.fail("nobody starts any more")
    turns.begin()
    with turns.turn(errand()) as turn:
        assert turn.memory


def test_a_turn_that_fails_frees_its_seat_and_teaches_nothing(tmp_path: Path) -> None:
    turns = hall(cores=1, history=tmp_path / "tools.jsonl")
    with pytest.raises(RuntimeError), turns.turn(errand()):
        raise RuntimeError
    with turns.turn(errand()) as turn:
        assert turn.expected() is None
    assert turns.spent() == ()


def test_what_a_run_took_is_learned(tmp_path: Path) -> None:
    path = tmp_path / "tools.jsonl"
    with hall(history=path).turn(errand()) as turn:
        turn.used(peak=500 * MIB, seconds=12.5)
    turns = hall(history=path)
    with turns.turn(errand()) as turn:
        assert turn.expected() == 12.5
        assert turn.need.reason == "of 1 runs on this machine"
        turn.used(peak=500 * MIB, seconds=12.5)
    spent = turns.spent()
    assert [(one.peak, one.seconds, one.beside) for one in spent] == [(500 * MIB, 12.5, 1)]


def test_a_process_tells_its_peak_memory() -> None:
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 + 64
    # What is written is in memory, in one piece.
    script = f"dd if=/dev/zero bs={ours}M count=1 2>/dev/null | wc -c; exit 3"
    large = run_tool(["/bin/sh", "-c", script], timeout=20)
    assert large.status == 3
    assert large.peak >= ours * MIB
    assert large.peak < 2 * ours * MIB


def test_what_a_child_has_from_us_is_not_its_own() -> None:
    assert run_tool(["/bin/true"], timeout=10).peak == 0


def test_many_threads_never_exceed_the_budget() -> None:
    turns = hall(1000, parallel=4)
    most: list[int] = []

    def work(number: int) -> None:
        for step in range(10):
            with turns.turn(errand(f"{number} {step}", 100 + 60 * (number % 5))):
                most.append(sum(turn.memory for turn in turns._running))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert len(most) == 80
    assert max(most) <= 1000 * MIB
