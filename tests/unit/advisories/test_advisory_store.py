"""Where databases are kept: replaced whole, the last good one kept and used, one change at a time."""

import errno
import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.advisories import file_check
from shipseal.advisories.compiler import write_database
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.interface import PackageQuery
from shipseal.advisories.place import KEPT, CacheFolders, open_place
from shipseal.advisories.store import CURRENT, Store, is_store
from shipseal.advisories.stored import FORMAT
from shipseal.advisories.updating import import_files
from shipseal.errors import Code, ScanError, ShipsealError
from tests.support.advisory_databases import as_format, built, record
from tests.support.small_disk import Room, disk, play
from tests.support.tools import ROOT

QUIET = SilentReporter()


def hits(store: Store, version: str = "0.5") -> list[str]:
    opened = store.open()
    try:
        return [hit.id for hit in opened.match(PackageQuery("PyPI", "sample", version)).hits]
    finally:
        opened.close()


def put(store: Store, folder: Path, *records: dict[str, Any], fresh: bool = False) -> str:
    """Import records and return the digest of what is used now."""
    folder.mkdir(exist_ok=True)
    source = folder / "records.json"
    source.write_text(json.dumps(records))
    return import_files(store, [source], QUIET, fresh=fresh).digest


@pytest.fixture(params=["folder", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store.folder(tmp_path / "store")
    return Store(tmp_path / "some.db")


def files(store: Store) -> list[Path]:
    """Return the database in use, then the one before it."""
    return [path for path in store.candidates() if path.is_file()]


def test_nothing_is_there_at_first(store: Store) -> None:
    with pytest.raises(ScanError) as caught:
        store.open()
    assert caught.value.code is Code.DB_UNAVAILABLE
    assert "shipseal db update" in caught.value.hint


def test_what_is_imported_is_added_and_begins_anew_when_asked(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path / "in", record(1))
    put(store, tmp_path / "in", record(2))
    assert hits(store) == ["X-1", "X-2"]
    put(store, tmp_path / "in", record(3), fresh=True)
    assert hits(store) == ["X-3"]


def test_the_one_before_is_kept_and_no_third(store: Store, tmp_path: Path) -> None:
    digests = [put(store, tmp_path / "in", record(n), fresh=True) for n in (1, 2, 3)]
    kept = [file_check.check_file(path).digest for path in files(store)]
    assert kept == [digests[2], digests[1]]
    beside = {path.name for path in (tmp_path / "store").glob("*.advisories")}
    assert len(beside) in (0, 2)


def test_importing_the_same_again_changes_nothing_and_loses_nothing(
    store: Store, tmp_path: Path
) -> None:
    first = put(store, tmp_path / "in", record(1), fresh=True)
    put(store, tmp_path / "in", record(2), fresh=True)
    again = put(store, tmp_path / "in", record(2), fresh=True)
    assert [file_check.check_file(path).digest for path in files(store)] == [again, first]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "is cut off"),
        (lambda path: path.write_bytes(b""), "is no compiled advisory database"),
        (lambda path: as_format(path, FORMAT + 1), "has format 2"),
        (lambda path: path.unlink(), "cannot be read"),
    ],
)
def test_the_last_good_one_is_used_and_said(
    store: Store, tmp_path: Path, spoil: Any, words: str
) -> None:
    good = put(store, tmp_path / "in", record(1), fresh=True)
    put(store, tmp_path / "in", record(2), fresh=True)
    spoil(files(store)[0])
    opened = store.open()
    assert opened.digest == good
    assert words in opened.notes[0]
    assert "the last good one is used" in opened.notes[0]
    assert is_store(store.path)


def test_a_change_after_that_keeps_the_good_one_not_the_damaged_one(
    store: Store, tmp_path: Path
) -> None:
    good = put(store, tmp_path / "in", record(1), fresh=True)
    put(store, tmp_path / "in", record(2), fresh=True)
    files(store)[0].write_bytes(b"damaged")
    put(store, tmp_path / "in", record(3), fresh=True)
    assert hits(store) == ["X-3"]
    assert file_check.check_file(files(store)[1]).digest == good


def test_a_damaged_one_alone_stops_an_addition_and_not_a_new_beginning(
    store: Store, tmp_path: Path
) -> None:
    put(store, tmp_path / "in", record(1))
    files(store)[0].write_bytes(files(store)[0].read_bytes()[:-1])
    with pytest.raises(ScanError, match="is cut off") as caught:
        put(store, tmp_path / "in", record(2))
    assert "--fresh" in caught.value.hint
    put(store, tmp_path / "in", record(2), fresh=True)
    assert hits(store) == ["X-2"]


def test_a_source_that_cannot_be_read_changes_nothing(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path / "in", record(1))
    bad = tmp_path / "bad.json"
    bad.write_text('{"id": 7}')
    with pytest.raises(ScanError, match="not in OSV form"):
        import_files(store, [bad], QUIET, fresh=False)
    assert hits(store) == ["X-1"]
    assert not list(tmp_path.rglob(".part.*"))


def test_nothing_at_all_is_no_database(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="there is no advisory"):
        put(store, tmp_path / "in")
    assert files(store) == []


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"current": 1}', b'{"current": "../../elsewhere"}', b"\xff"]
)
def test_a_list_that_cannot_be_read_is_done_without(tmp_path: Path, content: bytes) -> None:
    store = Store.folder(tmp_path / "store")
    put(store, tmp_path / "in", record(1))
    (store.path / CURRENT).write_bytes(content)
    assert hits(store) == ["X-1"]


def test_a_list_names_nothing_outside_its_folder(tmp_path: Path) -> None:
    elsewhere = built(tmp_path / "elsewhere", record(9))
    store = Store.folder(tmp_path / "store")
    put(store, tmp_path / "in", record(1))
    (store.path / CURRENT).write_text(json.dumps({"current": f"../elsewhere/{elsewhere.name}"}))
    assert hits(store) == ["X-1"]


_IMPORT = """
import sys
from pathlib import Path
from shipseal._internal.progress import SilentReporter
from shipseal.advisories.store import Store
from shipseal.advisories.updating import import_files
store = Store.folder(Path(sys.argv[1])) if sys.argv[2] == "folder" else Store(Path(sys.argv[1]))
for path in sys.argv[3:]:
    import_files(store, [Path(path)], SilentReporter(), fresh=False)
"""


def test_several_changes_at_once_all_count(store: Store, tmp_path: Path) -> None:
    paths = []
    for number in range(1, 7):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(record(number)))
    kind = "folder" if store.is_folder else "file"
    words = [sys.executable, "-c", _IMPORT, str(store.path), kind]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = [
        subprocess.Popen([*words, *map(str, paths[start::3])], env=env) for start in range(3)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert hits(store) == [f"X-{number}" for number in range(1, 7)]


def full_disk(kind: str) -> dict[str, Any]:
    """Import into a store that was good, on a disk without room for more."""
    folder = Path("disk").absolute()
    with disk(folder) as mounted:
        store = Store.folder(folder / "store") if kind == "folder" else Store(folder / "some.db")
        put(store, Path("in").absolute(), record(1))
        used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        mounted.resize(Room(pages=used // 4096 + 3))
        big = [record(number, summary=f"{number} " * 300) for number in range(2, 400)]
        try:
            put(store, Path("in").absolute(), *big)
        except ShipsealError as error:
            told = {"code": error.code, "message": error.message, "hint": error.hint}
        else:
            told = {"code": "none"}
        left = [path.name for path in folder.rglob(".part.*")]
        gc.collect()  # nothing of the disk may be open when it is taken away
        return told | {"hits": hits(store), "left": left}


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_full_disk_is_said_and_the_database_still_works(kind: str, tmp_path: Path) -> None:
    seen = play("tests.unit.advisories.test_advisory_store:full_disk", kind, cwd=tmp_path)
    assert seen["code"] == Code.DISK_FULL
    assert "no space left" in seen["message"]
    assert seen["hint"]
    assert (seen["hits"], seen["left"]) == (["X-1"], [])


def test_a_folder_of_records_is_compiled_once_and_again_when_it_changes(tmp_path: Path) -> None:
    source, cache = tmp_path / "osv", CacheFolders.below(tmp_path / "cache")
    source.mkdir()
    (source / "1.json").write_text(json.dumps(record(1)))
    first = open_place(source, cache)
    made = {path: path.stat().st_mtime_ns for path in cache.compiled.glob("*.advisories")}
    again = open_place(source, cache)
    assert again.digest == first.digest
    assert again.origin == source.as_posix()
    assert [path.stat().st_ino for path in made] == [
        path.stat().st_ino for path in cache.compiled.glob("*.advisories")
    ]
    (source / "1.json").write_text(json.dumps(record(2)))
    changed = open_place(source, cache).match(PackageQuery("PyPI", "sample", "0.5"))
    assert [hit.id for hit in changed.hits] == ["X-2"]


def test_copies_of_the_same_records_share_what_was_compiled(tmp_path: Path) -> None:
    cache = CacheFolders.below(tmp_path / "cache")
    for place in ("a", "b"):
        (tmp_path / place / "osv").mkdir(parents=True)
        (tmp_path / place / "osv" / "1.json").write_text(json.dumps(record(1)))
        open_place(tmp_path / place / "osv", cache)
    assert len(list(cache.compiled.glob("*.advisories"))) == 1


def test_what_is_damaged_in_the_cache_is_compiled_again(tmp_path: Path) -> None:
    cache, source = CacheFolders.below(tmp_path / "cache"), tmp_path / "one.json"
    source.write_text(json.dumps(record(1)))
    open_place(source, cache)
    (made,) = cache.compiled.glob("*.advisories")
    made.write_bytes(made.read_bytes()[:5000])
    assert open_place(source, cache).records == 1


def test_the_cache_of_what_was_compiled_does_not_grow_for_ever(tmp_path: Path) -> None:
    cache, source = CacheFolders.below(tmp_path / "cache"), tmp_path / "one.json"
    for number in range(1, KEPT + 4):
        source.write_text(json.dumps(record(number)))
        open_place(source, cache)
    assert len(list(cache.compiled.glob("*.advisories"))) <= KEPT


def test_without_a_cache_that_can_be_written_it_is_compiled_for_the_moment(tmp_path: Path) -> None:
    source = tmp_path / "one.json"
    source.write_text(json.dumps(record(1)))
    opened = open_place(source, CacheFolders.below(Path(os.devnull) / "nowhere"))
    assert [hit.id for hit in opened.match(PackageQuery("PyPI", "sample", "0.5")).hits] == ["X-1"]


def test_a_cache_without_room_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, cache = tmp_path / "one.json", CacheFolders.below(tmp_path / "cache")
    source.write_text(json.dumps(record(1)))

    def full(found: Gathered, path: Path) -> str:
        if path.parent == cache.compiled:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write_database(found, path)

    monkeypatch.setattr("shipseal.advisories.building.write_database", full)
    opened = open_place(source, cache)
    assert [hit.id for hit in opened.match(PackageQuery("PyPI", "sample", "0.5")).hits] == ["X-1"]
    assert list(cache.compiled.iterdir()) == []
