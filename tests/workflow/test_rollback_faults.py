"""Rollbacks that are killed, refused, raced or cut off: everywhere or nowhere, and the same command finishes them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Code, Exit, RegistryError, ShipsealError
from shipseal.oci import RawManifest
from shipseal.registry.layout_target import LayoutTarget
from shipseal.release.departures import departure_from, rollback_records
from shipseal.release.journal import Journal
from shipseal.release.known import all_known
from shipseal.release.result import Status
from shipseal.release.rollback.known import RollbackStatus, known_rollbacks
from shipseal.release.rollback.result import NOTHING, RollbackResult
from tests.support.release_bench import Bench
from tests.support.rollback_bench import WISH, RollbackBench

DENIED = RegistryError(Code.REGISTRY_DENIED, "403 denied")
OUTAGE = RegistryError(Code.SERVICE_OUTAGE, "503 no answer", retryable=True)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> RollbackBench:
    made = RollbackBench(Bench(tmp_path_factory.mktemp("released")))
    made.release("1.4.1", "1.4.2")
    return made


@pytest.fixture
def rolling(released: RollbackBench, tmp_path: Path) -> RollbackBench:
    return released.copied(tmp_path)


class KilledError(BaseException):
    """The process is gone: nothing that an exception would run is run."""


class DeadJournal(Journal):
    """Ends the process before or after its n-th line, and writes nothing from then on."""

    cut_at = -1
    before = False
    lines = 0
    dead = False

    def append(self, kind: str, **data: Any) -> Any:
        cls = DeadJournal
        if cls.dead:
            raise KilledError
        number, cls.lines = cls.lines, cls.lines + 1
        if number == cls.cut_at and cls.before:
            cls.dead = True
            raise KilledError
        event = super().append(kind, **data)
        if number == cls.cut_at:
            cls.dead = True
            raise KilledError
        return event


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[DeadJournal]]:
    for module in ("run", "account"):
        monkeypatch.setattr(f"shipseal.release.rollback.{module}.Journal", DeadJournal)
    DeadJournal.cut_at, DeadJournal.lines, DeadJournal.dead = -1, 0, False
    yield DeadJournal
    DeadJournal.cut_at = -1


def names(rolling: RollbackBench) -> list[list[str]]:
    return [rolling.names("1.4"), rolling.names("latest")]


BACK = [["1.4.1", "1.4.1"], ["1.4.1", "1.4.1"]]
AS_IT_WAS = [["1.4.2", "1.4.2"], ["1.4.2", "1.4.2"]]


def expect_done(rolling: RollbackBench) -> None:
    assert names(rolling) == BACK
    for target in rolling.bench.targets:
        good, bad = (rollback_records(target, digest) for digest in rolling.digests.values())
        assert [one.status for one in good] == ["done"]
        # A rollback that was killed before it noted what it would move is begun anew.
        assert [one.status for one in bad][-2:] == ["began", "done"]
        assert {one.status for one in bad[:-1]} == {"began"}
    assert {one.status for one in known_rollbacks(rolling.state)} <= {"done", "superseded"}
    known = {one.state.plan.version: one for one in all_known(rolling.state) if one.state.plan}
    told = [event for event in known["1.4.2"].events if event.kind == "release.rolled-back"]
    assert len(told) == 1
    assert known["1.4.1"].result().rolled_back is None


_LINES = 11  # of a rollback of two tags at two targets, its journal's and one of the release that is left
_QUICK = {(1, True), (2, False), (4, False), (7, True), (8, False), (9, True)}
_KILLS = [
    pytest.param(
        line,
        before,
        id=f"{'before' if before else 'after'} {line}",
        marks=() if (line, before) in _QUICK else pytest.mark.faults,
    )
    for line in range(_LINES)
    for before in (True, False)
]


@pytest.mark.parametrize(("line", "before"), _KILLS)
def test_a_kill_at_any_line_of_the_journal_is_finished_by_the_same_command(
    rolling: RollbackBench, dying: type[DeadJournal], line: int, before: bool
) -> None:
    dying.cut_at, dying.before = line, before
    with pytest.raises(KilledError):
        rolling.roll_back()
    dying.dead, dying.cut_at = False, -1
    rolling.bench.clock.elapsed += 60
    again = rolling.roll_back()
    assert again.status in ("done", NOTHING)
    # Only what had ended already has nothing left to do.
    assert again.status == "done" or (line, before) == (_LINES - 1, False)
    expect_done(rolling)
    assert rolling.roll_back().status == NOTHING


def test_the_lines_are_as_many_as_the_kills(
    rolling: RollbackBench, dying: type[DeadJournal]
) -> None:
    rolling.roll_back()
    assert dying.lines == _LINES


@pytest.mark.parametrize(("line", "before"), _KILLS)
def test_a_kill_is_finished_by_a_machine_that_knows_nothing_of_it(
    rolling: RollbackBench, dying: type[DeadJournal], line: int, before: bool
) -> None:
    dying.cut_at, dying.before = line, before
    with pytest.raises(KilledError):
        rolling.roll_back()
    dying.dead, dying.cut_at = False, -1
    with rolling.elsewhere():
        assert rolling.roll_back().exit == Exit.OK
        assert names(rolling) == BACK
        assert rolling.roll_back().status == NOTHING
    # Whoever was killed and whoever went on: the next job of the bad release knows.
    for target in rolling.bench.targets:
        for tag in ("1.4", "latest"):
            assert departure_from(target, rolling.digests["1.4.2"], "1.4.2", tag)


class Fragile(LayoutTarget):
    """A layout of which some operations fail as a registry's would."""

    def __init__(self, other: LayoutTarget) -> None:
        super().__init__(Path(other.repository), name=other.name)
        self.refuse: dict[str, ShipsealError] = {}
        self.lose: dict[str, ShipsealError] = {}
        self.down: ShipsealError | None = None
        self.down_after: str = ""
        self.refuse_records: ShipsealError | None = None
        self.meanwhile: Callable[[str], None] | None = None

    def resolve(self, reference: str) -> Any:
        if self.down:
            raise self.down
        return super().resolve(reference)

    def put_tag(self, tag: str, manifest: RawManifest) -> None:
        if self.down:
            raise self.down
        if tag in self.refuse:
            raise self.refuse[tag]
        super().put_tag(tag, manifest)
        if tag == self.down_after:
            self.down = OUTAGE
        if tag in self.lose:
            raise self.lose.pop(tag)

    def put_referrer(self, manifest: RawManifest) -> Any:
        if self.refuse_records and b'"done"' not in manifest.raw and self._is_after(manifest):
            raise self.refuse_records
        return super().put_referrer(manifest)

    def _is_after(self, manifest: RawManifest) -> bool:
        """Tell whether the tags have moved already: the record before them is stored."""
        return bool(self.refuse_records) and self.moved

    moved = False


def fragile(rolling: RollbackBench) -> tuple[Fragile, Fragile]:
    first, second = rolling.bench.targets
    assert isinstance(first, LayoutTarget)
    assert isinstance(second, LayoutTarget)
    made = (Fragile(first), Fragile(second))
    rolling.targets = made
    return made


def test_a_target_that_refuses_leaves_every_tag_as_it_was(rolling: RollbackBench) -> None:
    _, second = fragile(rolling)
    second.refuse = {"latest": DENIED}
    result = rolling.roll_back()
    assert (result.status, result.code, result.exit) == (
        "failed",
        "auth.registry-denied",
        Exit.AUTH,
    )
    assert "no tag is moved" in result.message
    assert names(rolling) == AS_IT_WAS
    second.refuse = {}
    assert rolling.roll_back().status == "done"
    assert names(rolling) == BACK


def test_an_answer_that_is_lost_is_undone_where_the_tag_moved_all_the_same(
    rolling: RollbackBench,
) -> None:
    _, second = fragile(rolling)
    second.lose = {"latest": OUTAGE}
    result = rolling.roll_back()
    assert (result.status, result.exit) == ("failed", Exit.OUTSIDE)
    assert names(rolling) == AS_IT_WAS


def test_what_was_undone_does_not_count_as_left(rolling: RollbackBench) -> None:
    _, second = fragile(rolling)
    second.refuse = {"latest": DENIED}
    rolling.roll_back()
    for target in rolling.bench.targets:
        assert departure_from(target, rolling.digests["1.4.2"], "1.4.2", "latest") is None
    second.refuse = {}
    rolling.release("1.4.3")
    result = rolling.roll_back()
    assert result.to
    assert result.to.version == "1.4.2"


def test_a_target_that_goes_down_in_the_middle_is_named_and_the_command_finishes_later(
    rolling: RollbackBench,
) -> None:
    first, second = fragile(rolling)
    first.down_after = "latest"
    second.refuse = {"latest": DENIED}
    result = rolling.roll_back()
    assert (result.status, result.exit) == (RollbackStatus.PARTLY, Exit.OUTSIDE)
    assert "oci:a:latest" in result.message
    assert "--target" in result.hint
    first.down, first.down_after = None, ""
    second.refuse = {}
    assert rolling.names("latest") == ["1.4.1", "1.4.2"]
    # What was moved is told for what it is, and the rest follows.
    again = rolling.roll_back()
    assert again.status == "done"
    assert again.rollback == result.rollback
    steps = {(one.target, tag.tag): tag.action for one in again.targets for tag in one.tags}
    assert steps["oci:a", "latest"] == "keep"
    expect_done(rolling)


def test_a_target_that_is_down_at_the_start_stops_everything_and_may_be_left_out(
    rolling: RollbackBench,
) -> None:
    first, second = fragile(rolling)
    second.down = OUTAGE
    with pytest.raises(RegistryError, match="503"):
        rolling.roll_back()
    second.down = None
    assert names(rolling) == AS_IT_WAS
    second.down = OUTAGE
    rolling.targets = (first,)
    assert rolling.roll_back().status == "done"
    assert rolling.names("latest") == ["1.4.1", "1.4.2"]


def test_a_tag_that_somebody_moves_meanwhile_is_not_taken_from_them(
    rolling: RollbackBench,
) -> None:
    rolling.release("1.4.3")
    for target in rolling.bench.targets:
        target.put_tag("latest", target.read_manifest(rolling.digests["1.4.2"]))
    plan = rolling.plan(replace(WISH, to="1.4.1", tags=("latest",)))
    second = rolling.bench.targets[1]
    second.put_tag("latest", second.read_manifest(rolling.digests["1.4.3"]))
    result = carry(rolling, plan)
    assert (result.status, result.code, result.exit) == (
        "failed",
        "image.digest-mismatch",
        Exit.EVIDENCE,
    )
    assert "moved by somebody else during the rollback" in result.message
    assert "find out who" in result.hint
    assert rolling.names("latest") == ["1.4.2", "1.4.3"]


def carry(rolling: RollbackBench, plan: Any) -> RollbackResult:
    from shipseal.release.rollback.run import carry_out  # noqa: PLC0415 - named once

    return carry_out(rolling.setup(), WISH, plan)


def test_records_that_cannot_be_stored_leave_it_unfinished_and_the_command_finishes_it(
    rolling: RollbackBench,
) -> None:
    first, second = fragile(rolling)
    tags = first.put_tag

    def put_tag(tag: str, manifest: RawManifest) -> None:
        tags(tag, manifest)
        second.moved = True

    first.put_tag = put_tag  # type: ignore[method-assign]
    second.refuse_records = DENIED
    result = rolling.roll_back()
    assert (result.status, result.exit, result.code) == (
        RollbackStatus.UNRECORDED,
        Exit.OUTSIDE,
        "auth.registry-denied",
    )
    assert "a run of the release that they left would undo it" in result.message
    assert names(rolling) == BACK
    second.refuse_records = None
    again = rolling.roll_back()
    assert (again.status, again.rollback) == ("done", result.rollback)
    expect_done(rolling)


def test_nothing_moves_where_the_first_record_cannot_be_stored(rolling: RollbackBench) -> None:
    _, second = fragile(rolling)
    second.moved = True
    second.refuse_records = DENIED
    result = rolling.roll_back()
    assert (result.status, result.exit) == ("failed", Exit.AUTH)
    assert names(rolling) == AS_IT_WAS


def test_an_interrupt_says_what_has_moved_and_the_command_goes_on(
    rolling: RollbackBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = fragile(rolling)

    def interrupted(tag: str, manifest: RawManifest) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(second, "put_tag", interrupted)
    result = rolling.roll_back()
    assert (result.status, result.exit) == ("interrupted", Exit.INTERRUPTED)
    assert f"{first.name}:1.4" in result.message
    monkeypatch.undo()
    assert rolling.roll_back().rollback == result.rollback
    expect_done(rolling)


def test_an_old_one_that_was_cut_short_does_not_take_tags_back_from_what_came_later(
    rolling: RollbackBench, dying: type[DeadJournal]
) -> None:
    dying.cut_at, dying.before = 3, False
    with pytest.raises(KilledError):
        rolling.roll_back()
    dying.dead, dying.cut_at = False, -1
    rolling.release("1.4.3", "1.4.4")
    result = rolling.roll_back()
    assert result.to
    assert result.to.version == "1.4.3"
    assert [one.status for one in known_rollbacks(rolling.state)] == ["superseded", "done"]


def test_another_wish_than_that_of_the_one_that_was_cut_short_is_a_rollback_of_its_own(
    rolling: RollbackBench, dying: type[DeadJournal]
) -> None:
    dying.cut_at, dying.before = 3, False
    with pytest.raises(KilledError):
        rolling.roll_back()
    dying.dead, dying.cut_at = False, -1
    result = rolling.roll_back(replace(WISH, to="1.4.1", tags=("latest",)))
    assert result.status == "done"
    assert len(list(known_rollbacks(rolling.state))) == 2
    assert rolling.names("latest") == ["1.4.1", "1.4.1"]


def test_the_bad_release_that_was_itself_half_way_is_rolled_back_and_then_ends_without_its_tags(
    rolling: RollbackBench,
) -> None:
    first = rolling.bench.targets[0]
    for target in rolling.bench.targets:
        target.put_tag("latest", target.read_manifest(rolling.digests["1.4.1"]))
    first.put_tag("latest", first.read_manifest(rolling.digests["1.4.2"]))
    assert rolling.roll_back().status == "done"
    assert names(rolling) == BACK
    rolling.again("1.4.2")
    rolling.bench.fresh_runner()
    assert rolling.bench.run().status == Status.DONE
    assert rolling.names("latest")[0] == "1.4.1"


def test_a_rollback_whose_journal_cannot_be_read_is_said_and_holds_nothing_up(
    rolling: RollbackBench, dying: type[DeadJournal]
) -> None:
    dying.cut_at, dying.before = 3, False
    with pytest.raises(KilledError):
        rolling.roll_back()
    dying.dead, dying.cut_at = False, -1
    [broken] = rolling.state.rollbacks()
    journal = rolling.state.rollback(broken) / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"v":', '"v":9', 1))
    told: list[str] = []
    assert not list(known_rollbacks(rolling.state, told.append))
    assert [text.partition(":")[0] for text in told] == [f"rollback {broken} is left out"]
    assert rolling.roll_back().status == "done"
    assert names(rolling) == BACK
