"""The board: bytes count once, what was there is not waited for, and the sums are those of the wire."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal.cli.board import Board, Row
from shipseal.cli.terminal import TerminalReporter
from shipseal.cli.view import Shown, View
from shipseal.oci.closure import closure_of
from shipseal.oci.layer import LayerEntry
from shipseal.release.cancel import Cancel
from shipseal.release.steps.stage import Stager, stage_name
from shipseal.testing.contents import plain
from shipseal.testing.fault_kinds import cut_request
from shipseal.testing.http_server import Exchange
from shipseal.testing.images import SampleImage, build_layout
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.simulated import NAME, Simulated, simulated

MIB = 1 << 20


def part(of: str, size: int, label: str = "blob") -> Shown:
    return Shown(label, size, 0.0, of=of)


def move(board: Board, now: float, transfer: Shown, amount: int) -> None:
    transfer.completed += amount
    board.moved(now, transfer, amount)


def only(board: Board, now: float) -> Row:
    (row,) = board.rows(now)
    return row


def test_transfers_of_a_step_are_its_sum() -> None:
    board = Board()
    board.step_began(0.0, "stage a", "")
    board.foreseen(0.0, "stage a", 100)
    one, two = part("stage a", 60), part("stage a", 40)
    for each in (one, two):
        board.began(0.0, each)
    move(board, 1.0, one, 30)
    move(board, 1.0, two, 5)
    row = only(board, 2.0)
    assert (row.name, row.done, row.total, row.elapsed) == ("stage a", 35, 100, 2.0)


def test_the_total_is_that_of_all_that_will_come_not_of_what_has_begun() -> None:
    board = Board()
    board.step_began(0.0, "stage a", "")
    board.foreseen(0.0, "stage a", 1000)
    board.began(0.0, part("stage a", 10))
    assert only(board, 0.0).total == 1000


def test_what_was_there_is_neither_done_nor_waited_for() -> None:
    board = Board()
    board.step_began(0.0, "stage a", "")
    board.foreseen(0.0, "stage a", 100)
    there, sent = part("stage a", 70), part("stage a", 30)
    board.began(0.0, there)
    board.ended(there)
    board.began(0.0, sent)
    for step in range(1, 11):
        move(board, step / 5, sent, 1)
    row = only(board, 2.0)
    assert (row.done, row.total, row.skipped) == (10, 30, 70)
    assert row.left == pytest.approx(4.0)
    assert board.step_ended("stage a") == "10 B moved, 70 B there already"
    assert board.rows(3.0) == []


def test_an_upload_that_begins_again_counts_once() -> None:
    board = Board()
    board.step_began(0.0, "stage a", "")
    board.foreseen(0.0, "stage a", 100)
    one = part("stage a", 100)
    board.began(0.0, one)
    move(board, 1.0, one, 80)
    move(board, 1.5, one, -80)
    move(board, 2.0, one, 100)
    assert only(board, 2.0).done == 100
    board.ended(one)
    assert board.step_ended("stage a") == "100 B moved"


def test_work_that_belongs_to_no_step_has_its_row_until_it_is_done() -> None:
    board = Board()
    board.step_began(0.0, "build", "")
    board.foreseen(0.0, "pull", 30)
    blobs = [part("pull", 10) for _ in range(3)]
    for blob in blobs:
        board.began(0.0, blob)
        assert [row.name for row in board.rows(0.0)] == ["build", "pull"]
        move(board, 0.0, blob, 10)
        board.ended(blob)
    assert [row.name for row in board.rows(0.0)] == ["build"]


def test_time_that_a_tool_took_before_is_told_and_nothing_else() -> None:
    board = Board()
    known = Shown("SBOM linux/amd64", None, 0.0, left=lambda: 42.0)
    unknown = Shown("SBOM linux/arm64", None, 0.0)
    for each in (known, unknown):
        board.began(0.0, each)
    first, second = board.rows(5.0)
    assert (first.left, first.timed, first.done) == (42.0, True, None)
    assert (second.left, second.timed, second.elapsed) == (None, True, 5.0)


@pytest.fixture
def registry() -> Iterator[Simulated]:
    with RegistrySimulator() as server:
        yield simulated(server)


@pytest.fixture
def image(tmp_path: Path) -> SampleImage:
    def layers(_: object) -> list[dict[str, LayerEntry]]:
        return [{"data": plain(os.urandom(2 * MIB))}, {"more": plain(os.urandom(MIB))}]

    return build_layout(tmp_path / "image", layers=layers, config={})


class Wire:
    """Counts the bytes of blobs that really arrive at a registry."""

    def __init__(self, registry: RegistrySimulator) -> None:
        self.arrived = 0
        self.faults: list[int] = []
        registry.before = self

    def __call__(self, exchange: Exchange) -> bool:
        if exchange.method in ("PUT", "PATCH") and "/blobs/uploads/" in exchange.target:
            if self.faults and exchange.length > MIB:
                return cut_request(self.faults.pop())(exchange)
            self.arrived += exchange.length
        return False


def staged(registry: Simulated, image: SampleImage) -> tuple[Row, str]:
    """Stage an image, and return its row and its words right before its step ends."""
    parts = closure_of(image.layout, image.root, what="app")
    reporter, name = TerminalReporter(env={"CI": "1"}), stage_name(registry.target)
    board = Board()
    reporter._view = _BoardView(board)
    reporter.step(name, "running")
    Stager(image.layout, parts, 2, reporter, Cancel()).stage(registry.target, ())
    (row,) = board.rows(0.0)
    return row, board.step_ended(name)


class _BoardView(View):
    """Only keeps the board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def step_began(self, name: str, detail: str) -> None:
        self._board.step_began(0.0, name, detail)

    def step_ended(self, name: str, state: str, detail: str, seconds: float | None) -> None:
        self._board.step_ended(name)

    def foreseen(self, of: str, total: int) -> None:
        self._board.foreseen(0.0, of, total)

    def transfer_began(self, transfer: Shown) -> None:
        self._board.began(0.0, transfer)

    def transfer_moved(self, transfer: Shown, amount: int) -> None:
        self._board.moved(0.0, transfer, amount)

    def transfer_ended(self, transfer: Shown, note: str) -> None:
        self._board.ended(transfer)

    def line(self, text: str) -> None:
        """Nobody reads it."""

    def close(self) -> None:
        """It is closed."""


def size_of(image: SampleImage) -> int:
    parts = closure_of(image.layout, image.root, what="app")
    return sum(blob.size for blob in parts.blobs)


def test_the_sum_is_what_crossed_the_wire(registry: Simulated, image: SampleImage) -> None:
    wire = Wire(registry.registry)
    row, _ = staged(registry, image)
    assert row.done == row.total == size_of(image) == wire.arrived
    assert row.skipped == 0


def test_what_the_registry_has_is_not_counted_as_moved(
    registry: Simulated, image: SampleImage
) -> None:
    staged(registry, image)
    wire = Wire(registry.registry)
    row, words = staged(registry, image)
    assert (row.done, row.skipped, wire.arrived) == (0, size_of(image), 0)
    assert words.endswith("there already")
    assert "moved" not in words


@pytest.mark.parametrize("after", [0, 70_000, MIB])
def test_a_broken_connection_does_not_count_twice(
    registry: Simulated, image: SampleImage, after: int
) -> None:
    wire = Wire(registry.registry)
    wire.faults = [after, after]
    row, _ = staged(registry, image)
    assert not wire.faults
    assert row.done == row.total == size_of(image)
    stored = registry.registry.repository(NAME)
    parts = closure_of(image.layout, image.root, what="app")
    assert all(blob.digest in stored.blobs for blob in parts.blobs)
