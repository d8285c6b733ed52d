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
