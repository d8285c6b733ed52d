"""Files that are either whole and on disk, or not there."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from shipseal._internal.leftovers import open_part
from shipseal._internal.machine_faults import disk_error


@contextlib.contextmanager
def disk_errors(path: Path, *, needed: int | None = None) -> Iterator[None]:
    """Turn what a disk says into a :class:`ShipsealError` that names ``path``.

    Args:
        path: what is written.
        needed: bytes that are to be written, where that is known.

    Raises:
        ShipsealError: ``resource.disk-full`` when there is no room, ``config.invalid`` when the path cannot be used.
    """
    try:
        yield
    except OSError as error:
        found = disk_error(error, path, needed=needed)
        if found is None:
            raise
        raise found from error


def fsync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable (a rename is not, before its folder is)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Make ``folder``, and those above it that are missing, durably: with a folder's name goes all that lies in it.

    Raises:
        OSError: one of them cannot be made.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        fsync_names(one)


def fsync_names(path: Path) -> None:
    """Make the name of ``path`` durable, as far as its folder lets anybody who may write there."""
    with contextlib.suppress(PermissionError):
        fsync_folder(path.parent)


def write_atomic(
    path: Path, data: bytes | Iterable[bytes], *, mode: int = 0o644, size: int | None = None
) -> None:
    """Write ``data`` to ``path`` so that a reader, or a crash, sees the old file or the new one, never half.

    Args:
        path: the file.
        data: its content.
        mode: its permissions.
        size: bytes of ``data`` where that is known and ``data`` cannot say it; for messages.

    Raises:
        ShipsealError: see :func:`disk_errors`.
    """
    with disk_errors(path, needed=len(data) if isinstance(data, bytes) else size):
        make_folders(path.parent)
        descriptor, temporary = open_part(path.parent, path.name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                for chunk in (data,) if isinstance(data, bytes) else data:
                    stream.write(chunk)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
                # While it is open nobody takes it for what a dead process left.
                temporary.replace(path)
            fsync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_output(path: Path, data: bytes | Iterable[bytes], *, size: int | None = None) -> None:
    """Write ``data`` where a person asked for it: a file as :func:`write_atomic` does, anything else as it is there.

    A pipe or a device (``/dev/stdout``, a shell's ``>(…)``) is written into, because a rename would put a file in its
    place; through a link, what it names is replaced and not the link.

    Args:
        path: where to.
        data: what.
        size: as in :func:`write_atomic`.

    Raises:
        ShipsealError: see :func:`disk_errors`.
    """
    if path.is_dir() or path.is_file() or not path.exists():
        write_atomic(path.resolve() if path.is_symlink() else path, data, size=size)
        return
    with disk_errors(path), path.open("wb") as stream:
        for chunk in (data,) if isinstance(data, bytes) else data:
            stream.write(chunk)


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Let one process at a time change ``folder``, which is made; the lock is the file ``.lock`` in it.

    Threads exclude one another too. The lock ends with the process, however that ends.

    Raises:
        ShipsealError: see :func:`disk_errors`.
    """
    with locked_by(folder / ".lock"):
        yield


@contextlib.contextmanager
def locked_by(path: Path, *, told: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock that the file ``path`` is; it and its folder are made, and stay.

    Args:
        path: the file.
        told: hears, once, that somebody else holds it and is waited for.

    Raises:
        ShipsealError: see :func:`disk_errors`.
    """
    with disk_errors(path):
        make_folders(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if told is not None:
                told()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
