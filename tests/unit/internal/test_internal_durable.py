"""Files are whole or not there, and a full disk has a name."""

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipseal._internal.durable import disk_errors, locked_folder, write_atomic
from shipseal.errors import Code, ShipsealError


def test_a_file_is_written_with_its_folders_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_atomic(path, [b"one ", b"two"], mode=0o600)
    assert path.read_bytes() == b"one two"
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def chunks() -> Iterator[bytes]:
        yield b"half of the n"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, chunks())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_as_one() -> None:
    full = Path("/dev/full")
    with (
        pytest.raises(ShipsealError, match="/dev/full: no space left") as caught,
        disk_errors(full),
    ):
        full.write_bytes(b"x")
    assert caught.value.code is Code.DISK_FULL
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "no space left"), (errno.EDQUOT, "quota"), (errno.EFBIG, "ulimit -f")],
)
def test_each_way_to_have_no_room_is_told_with_what_is_needed(
    tmp_path: Path, number: int, told: str
) -> None:
    path = tmp_path / "not" / "there"
    with (
        pytest.raises(ShipsealError, match=told) as caught,
        disk_errors(path, needed=123456789),
    ):
        raise OSError(number, "no")
    assert caught.value.code is Code.DISK_FULL
    assert "123456789 bytes are needed" in caught.value.message
    assert "are free" in caught.value.message
    assert caught.value.context == {"path": str(path), "needed": "123456789"}


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ELOOP])
def test_what_may_not_be_written_is_a_matter_of_configuration(number: int) -> None:
    with pytest.raises(ShipsealError, match="cannot be written") as caught, disk_errors(Path("x")):
        raise OSError(number, "no")
    assert caught.value.code is Code.CONFIG_INVALID


def test_a_file_where_a_folder_should_be_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ShipsealError, match="cannot be written") as caught:
        write_atomic(tmp_path / "file" / "x", b"")
    assert caught.value.code is Code.CONFIG_INVALID


@pytest.mark.parametrize("path", ["/proc/nowhere/file", f"/proc/{'x' * 300}/file"])
def test_a_path_that_cannot_be_is_a_matter_of_configuration(path: str) -> None:
    with pytest.raises(ShipsealError, match="cannot be written") as caught:
        write_atomic(Path(path), b"")
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.context["path"] == str(Path(path))


def test_a_folder_where_a_file_should_be_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ShipsealError, match="cannot be written") as caught:
        write_atomic(tmp_path / "folder", b"")
    assert caught.value.code is Code.CONFIG_INVALID
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@pytest.mark.parametrize("number", [errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT])
def test_a_fault_of_no_disk_stays_what_it_is(number: int) -> None:
    with pytest.raises(OSError, match="no"), disk_errors(Path("x")):
        raise OSError(number, "no")


def test_a_locked_folder_is_changed_by_one_at_a_time(tmp_path: Path) -> None:
    folder, order = tmp_path / "made" / "here", ["first"]
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with locked_folder(folder):
            order.append("second")

    with locked_folder(folder):
        other = threading.Thread(target=second)
        other.start()
        assert begun.wait(5)
        other.join(0.1)
        assert other.is_alive()
        order.append("first again")
    other.join(5)
    assert order == ["first", "first again", "second"]


def test_a_lock_ends_with_a_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), locked_folder(tmp_path):
        raise KeyboardInterrupt
    with locked_folder(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_folder_that_cannot_be_made_cannot_be_locked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ShipsealError, match="cannot be written") as caught,
        locked_folder(tmp_path / "file" / "in"),
    ):
        pytest.fail("it was locked")
    assert caught.value.code is Code.CONFIG_INVALID
