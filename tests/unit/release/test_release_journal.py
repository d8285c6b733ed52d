"""The journal survives crashes and power cuts, and says nothing secret."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal._internal.redact import register_secret
from shipseal.errors import Code, ReleaseError
from shipseal.release.journal import Damage, Journal, damage_of, read_journal
from shipseal.release.lock import ReleaseLock
from tests.support.clocks import StoppedClock


def written(path: Path, count: int = 3) -> Journal:
    journal = Journal(path, StoppedClock())
    for number in range(count):
        journal.append("note", number=number)
    return journal


def test_a_line_is_plain_json_with_schema_number_and_time(tmp_path: Path) -> None:
    written(tmp_path / "journal.jsonl", 1)
    line = json.loads((tmp_path / "journal.jsonl").read_text())
    assert line == {
        "v": 1,
        "seq": 0,
        "at": "2026-01-02T03:04:05Z",
        "kind": "note",
        "data": {"number": 0},
    }


def test_a_hole_with_lines_behind_it_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, 5)
    lines = path.read_bytes().splitlines(keepends=True)
    assert damage_of(path) is None
    for left in (b"".join(lines[:4]), b"".join(lines)[:-9], b"".join(lines[:4]) + b"\0" * 60):
        path.write_bytes(left)
        assert damage_of(path) is None, left
    for hole in (b"", b"garbage{\n", b"\0" * len(lines[2]), lines[2].replace(b'"v"', b'"w"')):
        path.write_bytes(b"".join([*lines[:2], hole, *lines[3:]]))
        assert damage_of(path) == Damage(line=3, lost=2 if b"\n" in hole else 1), hole


@given(st.integers(0, 400), st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_whatever_a_crash_leaves_the_whole_lines_before_it_are_read(cut: int, junk: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        written(path, 4)
        whole = path.read_bytes()
        path.write_bytes(whole[:cut] + junk)
        lines = whole.splitlines(keepends=True)
        kept = 0
        while sum(map(len, lines[: kept + 1])) <= min(cut, len(whole)) and kept < len(lines):
            kept += 1
        events = read_journal(path)
        assert [event.data["number"] for event in events][:kept] == list(range(kept))
        again = Journal(path, StoppedClock())
        again.append("note", number=99)
        assert read_journal(path)[-1].data["number"] == 99
        assert len(read_journal(path)) == len(events) + 1


@pytest.mark.parametrize(
    "at", ["", "yesterday", "2026-01-02T03:04:05", "0001-01-01T00:00:00+01:00"]
)
def test_a_line_whose_time_is_none_is_damaged(tmp_path: Path, at: str) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, 3)
    lines = path.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace("2026-01-02T03:04:05Z", at)
    path.write_text("".join(lines))
    assert [event.data["number"] for event in read_journal(path)] == [0]


def test_a_block_of_zeros_at_the_end_is_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    with path.open("ab") as stream:
        stream.write(b"\0" * 4096)
    assert len(read_journal(path)) == 3
    Journal(path, StoppedClock()).append("note", number=3)
    assert [event.seq for event in read_journal(path)] == [0, 1, 2, 3]
    assert (tmp_path / "journal.damaged").stat().st_size == 4096


def test_a_newer_journal_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"v":2,"seq":0,"at":"2026-01-02T03:04:05Z","kind":"note","data":{}}\n')
    with pytest.raises(
        ReleaseError, match="line 1: written in schema 2; this shipseal reads up to 1"
    ) as caught:
        read_journal(path)
    assert caught.value.code is Code.CONFIG_INVALID


def test_a_secret_in_an_error_never_reaches_the_journal(tmp_path: Path) -> None:
    register_secret("hunter2-hunter2")
    journal = Journal(tmp_path / "journal.jsonl", StoppedClock())
    journal.append(
        "note",
        text="login with hunter2-hunter2",
        nested=[{"url": "https://u:hunter2-hunter2@r.example/v2"}],
    )
    assert "hunter2" not in (tmp_path / "journal.jsonl").read_text()


_HOLDER = """
import sys, time
from pathlib import Path
from shipseal._internal.clock import SystemClock
from shipseal.release.lock import ReleaseLock
from tests.support.clocks import StoppedClock
ReleaseLock(Path(sys.argv[1])).acquire("other-release", SystemClock())
print("held", flush=True)
time.sleep(30)
"""


def test_the_second_release_of_a_version_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(
                ReleaseError, match=rf"process {holder.pid} on .*other-release"
            ) as caught:
                ReleaseLock(path).acquire("mine", StoppedClock())
            assert caught.value.code is Code.RELEASE_LOCKED
        finally:
            holder.kill()
            holder.wait(20)
    # A killed process leaves no stale lock.
    lock = ReleaseLock(path)
    lock.acquire("mine", StoppedClock())
    lock.free()
    assert lock.holder() is None
