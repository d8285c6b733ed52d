"""Collecting on a machine with real releases: what is needed stays, whatever happens, and a kill loses nothing."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shipseal.errors import Code, ConfigError, RegistryError
from shipseal.oci import parse_digest
from shipseal.release.gc import collect as removing
from shipseal.release.gc.choose import GcLimits
from shipseal.release.gc.inventory import TRASH, read_release, take_inventory
from shipseal.release.gc.result import GcResult, collect
from shipseal.release.lock import ReleaseLock, StateUse
from shipseal.release.result import Status
from shipseal.release.session import Setup
from shipseal.sbom.cache import CachedRun, CacheKey, SbomCache
from tests.support.release_bench import CRITICAL, Bench
from tests.support.rollback_bench import RollbackBench

VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")
OLD = timedelta(days=40)
LIMITS = GcLimits(timedelta(days=30), None, 2)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> RollbackBench:
    made = RollbackBench(Bench(tmp_path_factory.mktemp("released")))
    made.release(*VERSIONS)
    return made


@pytest.fixture
def machine(released: RollbackBench, tmp_path: Path) -> RollbackBench:
    made = released.copied(tmp_path)
    made.bench.clock.elapsed += OLD.total_seconds()
    return made


def gc(machine: RollbackBench, limits: GcLimits = LIMITS, *, dry_run: bool = False) -> GcResult:
    folder = machine.bench.folder / "cache" / "sbom"
    return collect(machine.state, folder, limits, machine.bench.clock, dry_run=dry_run)


def there(machine: RollbackBench) -> list[str]:
    return [identifier.partition("-")[0] for identifier in machine.state.releases()]


def expect_whole(machine: RollbackBench) -> None:
    """Every release that is still known has every blob that it had."""
    for identifier in machine.state.releases():
        for digest in read_release(machine.state, identifier).blobs & _evidence(machine):
            assert machine.state.blobs.has_whole(parse_digest(digest)), (identifier, digest)


_ALL: dict[Path, frozenset[str]] = {}


def _evidence(machine: RollbackBench) -> frozenset[str]:
    """Return the blobs that there were when the test began: journals name images, too, which are not kept here."""
    return _ALL[machine.bench.folder]


@pytest.fixture(autouse=True)
def before(machine: RollbackBench) -> Iterator[None]:
    _ALL[machine.bench.folder] = frozenset(take_inventory(machine.state, Path("none")).blobs)
    yield
    _ALL.clear()


def test_old_releases_go_with_what_only_they_need(machine: RollbackBench) -> None:
    result = gc(machine)
    assert there(machine) == ["1.2.0", "1.3.0"]
    expect_whole(machine)
    assert [one.name.partition("-")[0] for one in result.removed if one.kind == "release"] == [
        "1.0.0",
        "1.1.0",
    ]
    assert result.freed > 0
    assert result.before.state - result.after.state == result.freed
    assert not (machine.state.root / TRASH).exists()
    found = take_inventory(machine.state, Path("none"))
    named = frozenset().union(*(one.blobs for one in found.releases))
    assert found.blobs.keys() <= named


def test_a_dry_run_says_the_same_and_removes_nothing(machine: RollbackBench) -> None:
    files = sorted(machine.state.root.rglob("*"))
    told = gc(machine, dry_run=True)
    assert sorted(machine.state.root.rglob("*")) == files
    result = gc(machine)
    assert (told.removed, told.kept) == (result.removed, result.kept)
    assert told.freed == result.freed


def test_what_was_released_is_released_again_and_rolled_back_as_if_nothing_had_gone(
    machine: RollbackBench,
) -> None:
    gc(machine)
    machine.again("1.0.0")
    signed = list(machine.bench.signer.signed)
    assert machine.bench.run().status == Status.DONE
    assert machine.bench.signer.signed == signed  # found at the targets again
    assert machine.roll_back().status == "done"
    assert machine.names("latest") == ["1.2.0", "1.2.0"]


def test_a_release_that_is_held_stays_whole_and_goes_on(
    machine: RollbackBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = RegistryError(Code.SERVICE_OUTAGE, "503", retryable=True)
    bench = machine.bench
    second = bench.targets[1]

    def fail(*_: object) -> None:
        raise outage

    monkeypatch.setattr(second, "put_tag", fail)
    machine.again("1.4.0")
    assert bench.run().status in (Status.PENDING, Status.PARTLY_PROMOTED)
    monkeypatch.undo()
    bench.clock.elapsed += OLD.total_seconds() * 10
    signed = list(bench.signer.signed)
    result = gc(machine, GcLimits(timedelta(0), 0, 2))
    assert result.over > 0
    assert "1.4.0" in there(machine)
    assert bench.run().status == Status.DONE
    assert bench.signer.signed == signed


def test_a_refused_release_goes_with_its_work(machine: RollbackBench) -> None:
    machine.bench.findings = (CRITICAL,)
    machine.again("1.4.0")
    assert machine.bench.run().status == Status.REFUSED
    identifier = machine.bench.release
    work = machine.state.release(identifier) / "work"
    work.mkdir()
    (work / "layer").write_bytes(b"x" * 1000)
    os.utime(work / "layer", (0, 0))
    os.utime(work, (0, 0))
    assert [one.kind for one in gc(machine).removed if one.kind == "work"] == ["work"]
    assert not work.exists()
    assert "1.4.0" in there(machine)
    machine.bench.clock.elapsed += OLD.total_seconds()
    gc(machine)
    assert "1.4.0" not in there(machine)


def test_folders_without_a_journal_and_rehearsals_go_after_a_day(machine: RollbackBench) -> None:
    lost = machine.state.root / "releases" / "lost-0000000000"
    attempt = machine.state.release(next(machine.state.releases())) / "attempt"
    for folder in (lost / "work", attempt):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x")
    result = gc(machine, GcLimits(timedelta(days=3000), None, 2))
    # The clock of the test is that of January 2026; what is new is from the future, and young.
    assert [one for one in result.removed if one.kind in ("leftover", "attempt")] == []
    for path in (lost, lost / "work", lost / "work" / "file", attempt, attempt / "file"):
        os.utime(path, (0, 0))
    result = gc(machine, GcLimits(timedelta(days=3000), None, 2))
    assert {one.kind for one in result.removed} >= {"leftover", "attempt"}
    assert not lost.exists()
    assert not attempt.exists()
    assert there(machine) == list(VERSIONS)


def test_beside_a_running_release_blobs_and_leftovers_wait(machine: RollbackBench) -> None:
    blobs = set(take_inventory(machine.state, Path("none")).blobs)
    with StateUse(machine.state.use).running():
        result = gc(machine)
    assert there(machine) == ["1.2.0", "1.3.0"]
    assert set(take_inventory(machine.state, Path("none")).blobs) == blobs
    assert result.remarks == ("a release is running: blobs and leftovers are collected next time",)
    assert gc(machine).freed > 0
    expect_whole(machine)


def test_a_release_really_says_that_it_runs(machine: RollbackBench) -> None:
    seen = []

    def look(setup: Setup) -> Setup:
        check = setup.parts.cataloguer.check

        def spy() -> None:
            with StateUse(machine.state.use).alone() as alone:
                seen.append(alone)
            check()

        setup.parts.cataloguer.check = spy  # type: ignore[method-assign]
        return setup

    machine.bench.adjust = look
    machine.again("1.4.0")
    assert machine.bench.run().status == Status.DONE
    assert seen == [False]
    with StateUse(machine.state.use).alone() as alone:
        assert alone


def test_a_release_that_begins_meanwhile_is_left_alone(machine: RollbackBench) -> None:
    lock = ReleaseLock(machine.state.lock("app", "1.0.0"))
    lock.acquire("other", machine.bench.clock)
    try:
        result = gc(machine)
    finally:
        lock.free()
    assert there(machine) == ["1.0.0", "1.2.0", "1.3.0"]
    assert "running" in next(one.why for one in result.kept if one.release.startswith("1.0.0"))
    expect_whole(machine)


def test_a_release_that_went_on_since_it_was_looked_at_is_not_removed(
    machine: RollbackBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = read_release
    identifier = next(machine.state.releases())

    def moved(state: Any, name: str) -> Any:
        if name == identifier:
            machine.again("1.0.0")
            monkeypatch.setattr(removing, "read_release", take)
            with (state.journal(name)).open("ab") as stream:
                events = len(state.journal(name).read_bytes().splitlines())
                at = "2026-05-01T00:00:00Z"
                line = f'{{"v":1,"seq":{events},"at":"{at}","kind":"note","data":{{}}}}\n'
                stream.write(line.encode())
        return take(state, name)

    monkeypatch.setattr(removing, "read_release", moved)
    result = gc(machine)
    assert there(machine) == ["1.0.0", "1.2.0", "1.3.0"]
    assert any("has gone on meanwhile" in remark for remark in result.remarks)
    expect_whole(machine)


class KilledError(BaseException):
    """The process is gone."""


@contextmanager
def killed_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """End the process before its n-th change of the disk."""
    count = [0]

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if count[0] == number:
                raise KilledError
            count[0] += 1
            return change(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", counted(Path.rename))
        patch.setattr(Path, "unlink", counted(Path.unlink))
        patch.setattr(os, "unlink", counted(os.unlink))
        patch.setattr(os, "rmdir", counted(os.rmdir))
        yield count


def test_a_kill_at_any_moment_loses_nothing_that_is_needed_and_the_next_one_finishes(
    machine: RollbackBench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    original = tmp_path / "original"
    shutil.copytree(machine.state.root, original)
    with killed_at(-1, monkeypatch) as count:
        gc(machine)
    end = sorted(path.relative_to(machine.state.root) for path in machine.state.root.rglob("*"))
    assert count[0] > 30
    for number in range(0, count[0], 7):
        shutil.rmtree(machine.state.root)
        shutil.copytree(original, machine.state.root)
        with killed_at(number, monkeypatch), pytest.raises(KilledError):
            gc(machine)
        assert {"1.2.0", "1.3.0"} <= set(there(machine))
        expect_whole(machine)
        gc(machine)
        found = sorted(
            path.relative_to(machine.state.root) for path in machine.state.root.rglob("*")
        )
        assert found == end, number


def test_the_cache_is_collected_by_age_and_by_size(machine: RollbackBench) -> None:
    cache = SbomCache(machine.bench.folder / "cache" / "sbom")
    keys = [CacheKey((parse_digest(f"sha256:{number:064x}"),), "syft 1", "") for number in range(3)]
    for number, key in enumerate(keys):
        cache.put(key, CachedRun(b"{}", os.urandom(10_000)))
        path = cache.folder / "runs" / f"{key.name}.sbom"
        moment = machine.bench.clock.now().timestamp() - (40 - 15 * number) * 86400
        os.utime(path, (moment, moment))
    result = gc(machine)
    assert [(one.kind, one.count) for one in result.removed if one.kind == "sbom"] == [("sbom", 1)]
    assert [cache.get(key) is not None for key in keys] == [False, True, True]
    # Reading has made both young, one after the other.
    for age, key in ((2, keys[2]), (1, keys[1])):
        moment = machine.bench.clock.now().timestamp() - age * 86400
        os.utime(cache.folder / "runs" / f"{key.name}.sbom", (moment, moment))
    now = result.after.state + result.after.cache
    small = gc(machine, GcLimits(timedelta(days=30), now - 5_000, 2))
    assert small.over == 0
    assert [cache.get(key) is not None for key in keys] == [False, True, False]


@pytest.mark.parametrize("name", ["releases", "rollbacks", "blobs", "blobs/sha256", TRASH])
def test_nothing_goes_behind_a_folder_that_is_a_link(
    machine: RollbackBench, tmp_path: Path, name: str
) -> None:
    place = machine.state.root / name
    place.mkdir(parents=True, exist_ok=True)
    outside = place.rename(tmp_path / "outside")
    (outside / "precious").mkdir()
    (outside / "precious" / "file").write_bytes(b"gold")
    os.utime(outside / "precious" / "file", (0, 0))
    os.utime(outside / "precious", (0, 0))
    place.symlink_to(outside)
    kept = sorted(outside.rglob("*"))
    for dry_run in (True, False):
        with pytest.raises(ConfigError, match=f"{name} is a link to .*outside"):
            gc(machine, GcLimits(timedelta(0), 0, 2), dry_run=dry_run)
    assert sorted(outside.rglob("*")) == kept


def test_a_release_that_is_a_link_stays_with_all_that_lies_in_it(
    machine: RollbackBench, tmp_path: Path
) -> None:
    identifier = next(machine.state.releases())
    folder = machine.state.release(identifier)
    outside = folder.rename(tmp_path / "outside")
    folder.symlink_to(outside)
    elsewhere = machine.state.root / "releases" / "elsewhere"
    for lost in (outside / "attempt", outside / "work", tmp_path / "precious"):
        lost.mkdir()
        (lost / "file").write_bytes(b"gold")
        os.utime(lost / "file", (0, 0))
        os.utime(lost, (0, 0))
    elsewhere.symlink_to(tmp_path / "precious")
    result = gc(machine, GcLimits(timedelta(0), 0, 2))
    assert [one.why for one in result.kept if one.release == identifier] == [
        "its folder is a link, and lies elsewhere"
    ]
    assert elsewhere.is_symlink()
    for lost in (outside / "attempt", outside / "work", tmp_path / "precious"):
        assert (lost / "file").read_bytes() == b"gold"
    expect_whole(machine)


def test_a_folder_of_the_cache_that_is_a_link_is_no_part_of_it(
    machine: RollbackBench, tmp_path: Path
) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "file").write_bytes(b"gold")
    os.utime(outside / "file", (0, 0))
    cache = machine.bench.folder / "cache" / "sbom"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "linked").symlink_to(outside)
    gc(machine, GcLimits(timedelta(0), 0, 2))
    assert (outside / "file").read_bytes() == b"gold"


@pytest.mark.parametrize("start", [b"", b'{"v":1,"seq":0,"at'])
def test_a_release_that_was_killed_at_its_first_line_goes_after_a_day(
    machine: RollbackBench, start: bytes
) -> None:
    torn = machine.state.root / "releases" / "torn-0000000000"
    torn.mkdir()
    (torn / "journal.jsonl").write_bytes(start)
    limits = GcLimits(timedelta(days=3000), None, 2)
    gc(machine, limits)
    assert torn.exists()
    for path in (torn / "journal.jsonl", torn):
        os.utime(path, (0, 0))
    assert [one.kind for one in gc(machine, limits).removed] == ["leftover"]
    assert not torn.exists()


def test_a_journal_whose_first_line_is_damaged_stays_with_what_it_names(
    machine: RollbackBench,
) -> None:
    identifier = next(machine.state.releases())
    journal = machine.state.journal(identifier)
    journal.write_bytes(b"x" + journal.read_bytes())
    result = gc(machine, GcLimits(timedelta(0), 0, 2))
    assert [one.status for one in result.kept if one.release == identifier] == ["unreadable"]
    expect_whole(machine)


def test_an_empty_machine_has_nothing_to_collect(tmp_path: Path) -> None:
    machine = RollbackBench(Bench(tmp_path / "empty"))
    result = gc(machine)
    assert (result.freed, result.removed, result.kept) == (0, (), ())
