"""What a dead process left is removed, and what a living one is using is not."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipseal._internal.durable import write_atomic
from shipseal._internal.leftovers import (
    PART,
    open_part,
    scratch_folder,
    sweep_parts,
    sweep_scratch,
)
from shipseal.evidence.folder_store import FolderStore
from shipseal.oci import RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.layout import OciLayout
from shipseal.sbom.cache import CachedRun, CacheKey, SbomCache
from shipseal.sbom.facts import FactFolder
from tests.support.missing import missing

_HOLD = """
import sys, time
from pathlib import Path
from shipseal._internal.leftovers import open_part, scratch_folder
folder = Path(sys.argv[1])
descriptor, path = open_part(folder, "index.json")
with scratch_folder("sbom", folder) as work:
    (work / "layer").mkdir()
    (work / "layer" / "file").write_text("unpacked")
    (work / "layer").chmod(0o500)
    print(path, work, flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def holder(folder: Path) -> Iterator["tuple[subprocess.Popen[str], Path, Path]"]:
    """Run a process that has an unfinished file and a temporary folder in ``folder``."""
    argv = [sys.executable, "-c", _HOLD, str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            part, scratch = map(Path, process.stdout.readline().split())
            yield process, part, scratch
        finally:
            process.kill()


def test_what_is_in_use_stays_and_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, part, scratch):
        assert (sweep_parts(tmp_path), sweep_scratch(tmp_path)) == (0, 0)
        assert part.exists()
        assert (scratch / "layer" / "file").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (sweep_parts(tmp_path), sweep_scratch(tmp_path)) == (1, 1)
    assert list(tmp_path.iterdir()) == []


def test_only_unfinished_files_of_ours_are_swept(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{}")
    (tmp_path / ".part").write_text("somebody's")
    (tmp_path / f"{PART}folder").mkdir()
    (tmp_path / "elsewhere").write_text("stays")
    (tmp_path / f"{PART}link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / f"{PART}pipe")
    (tmp_path / f"{PART}index.json.abc").write_text("half")
    before = set(tmp_path.iterdir())
    assert sweep_parts(tmp_path) == 1
    assert before - set(tmp_path.iterdir()) == {tmp_path / f"{PART}index.json.abc"}


def test_only_temporary_folders_of_ours_are_swept(tmp_path: Path) -> None:
    (tmp_path / "shipseal-without-lock").mkdir()
    (tmp_path / "other-abc").mkdir()
    (tmp_path / "other-abc" / ".lock").touch()
    (tmp_path / "shipseal-file").touch()
    (tmp_path / "shipseal-link").symlink_to(tmp_path / "other-abc")
    before = set(tmp_path.iterdir())
    assert sweep_scratch(tmp_path) == 0
    assert set(tmp_path.iterdir()) == before


def test_the_folder_of_another_user_is_not_touched(tmp_path: Path) -> None:
    if os.getuid() != 0:
        missing("cannot run here: only root may give a folder away")
    foreign = tmp_path / "shipseal-sbom-abc"
    foreign.mkdir()
    (foreign / ".lock").touch()
    os.chown(foreign, 12345, -1)
    assert sweep_scratch(tmp_path) == 0
    assert foreign.exists()


def test_absent_folders_have_no_leftovers(tmp_path: Path) -> None:
    assert (sweep_parts(tmp_path / "no"), sweep_scratch(tmp_path / "no")) == (0, 0)


def test_temporary_folders_lie_where_temporary_files_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder("sbom") as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        assert sweep_scratch() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_and_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    done = threading.Event()

    def sweep() -> None:
        while not done.is_set():
            sweep_parts(tmp_path)
            sweep_scratch(tmp_path)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for number in range(150):
            write_atomic(tmp_path / str(number), b"content")
            with scratch_folder("sbom", tmp_path) as folder:
                (folder / "file").write_text("content")
                assert (folder / "file").read_text() == "content"
    finally:
        done.set()
        sweeper.join()
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"content"}
    assert len(list(tmp_path.iterdir())) == 150


def test_a_blob_that_is_being_written_is_not_swept_by_another(tmp_path: Path) -> None:
    store, other = BlobStore(tmp_path), BlobStore(tmp_path)

    def chunks() -> Iterator[bytes]:
        yield b"one"
        assert other.sweep() == 0
        yield b"two"

    digest, size = store.put_new(chunks())
    assert (other.read(digest), size) == (b"onetwo", 6)


def _cached(folder: Path) -> Path:
    SbomCache(folder).put(CacheKey((), "syft 1", ""), CachedRun(b"{}", b"{}"))
    return folder / "runs"


def _remembered(folder: Path) -> Path:
    FactFolder(folder).put("fact", b"known")
    return folder


def _stored(folder: Path) -> Path:
    subject = RawManifest.of(b"{}", mt.OCI_INDEX)
    # Another one each time: what is there already is not written.
    bundle = b"{}" if not folder.exists() else b"[]"
    FolderStore(folder).put(subject, bundle, predicate_type="x")
    return folder


def _laid_out(folder: Path) -> Path:
    OciLayout(folder).create()
    return folder


@pytest.mark.parametrize("write", [_cached, _remembered, _stored, _laid_out])
def test_whoever_writes_into_a_folder_sweeps_it(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    folder = write(tmp_path / "folder")
    left = folder / f"{PART}index.json.abc"
    left.write_text("half")
    write(tmp_path / "folder")
    assert not left.exists()


def test_an_unfinished_file_is_named_after_what_it_will_be(tmp_path: Path) -> None:
    descriptor, path = open_part(tmp_path, "journal.jsonl")
    os.close(descriptor)
    assert path.name.startswith(f"{PART}journal.jsonl.")
