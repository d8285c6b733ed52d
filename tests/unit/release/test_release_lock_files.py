"""Locks on file systems that have none."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from shipseal.errors import Code, ShipsealError
from shipseal.release.lock import ReleaseLock
from tests.support.clocks import StoppedClock


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_locks_is_told_apart_from_a_lock_that_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ShipsealError, match=r"1\.lock: cannot be written") as caught:
        ReleaseLock(tmp_path / "1.lock").acquire("mine", StoppedClock())
    assert caught.value.code is Code.CONFIG_INVALID
    assert "SHIPSEAL_STATE" in caught.value.hint
    assert len(list(Path("/proc/self/fd").iterdir())) == opened


def test_whoever_looks_needs_no_right_to_write_and_is_no_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = ReleaseLock(tmp_path / "1.lock")
    lock.acquire("mine", StoppedClock())
    really = os.open

    def read_only(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return really(path, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    holder = ReleaseLock(lock.path).holder()
    assert holder is not None
    assert holder.release == "mine"
    lock.free()
    other = os.open(lock.path, os.O_RDONLY)
    try:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert ReleaseLock(lock.path).holder() is None
    finally:
        os.close(other)


@pytest.mark.parametrize(
    ("holder", "told"),
    [
        ("1.0.0-0123456789", "another release of this version is running"),
        ("rollback", "a rollback of this image is running"),
        ("gc", "a collection of this release is running"),
    ],
)
def test_who_holds_a_lock_is_named_for_what_it_does(tmp_path: Path, holder: str, told: str) -> None:
    lock = ReleaseLock(tmp_path / "1.lock")
    lock.acquire(holder, StoppedClock())
    with pytest.raises(ShipsealError, match=told):
        ReleaseLock(lock.path).acquire("other", StoppedClock())
    lock.free()
