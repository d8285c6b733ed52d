"""Files that are either whole and on disk, or not there."""

import contextlib
import errno
import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from shipseal.errors import Code, ShipsealError

# What a path or its disk answers: all of it lies in what somebody configured. Not every OSError is about a file, a
# broken connection is one too, so they are named.
_NOT_WRITABLE = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ETXTBSY, errno.EBUSY),
        # A file stands where a folder should be, or the other way round, or something else does.
        *(errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY, errno.ENXIO, errno.ENODEV),
        # The name cannot be used: too long, a loop, a folder that cannot be made (as below /proc), a strange character.
        *(errno.ENAMETOOLONG, errno.ELOOP, errno.ENOENT, errno.EINVAL, errno.EILSEQ, errno.EXDEV),
        # The file system cannot do it, or fails.
        *(errno.EIO, errno.EFBIG, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.ESTALE),
        *(errno.ENOLCK, errno.EMFILE, errno.ENFILE),
    }
)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a disk says into a :class:`ShipsealError` that names ``path``.

    Raises:
        ShipsealError: ``resource.disk-full`` when there is no room, ``config.invalid`` when the path cannot be used.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ShipsealError(
                Code.DISK_FULL,
                f"{path}: no space left on the device",
                hint="free some space and run the same command again",
                context={"path": str(path)},
                retryable=True,
            ) from error
        if error.errno in _NOT_WRITABLE:
            raise ShipsealError(
                Code.CONFIG_INVALID,
                f"{path}: cannot be written: {error.strerror}",
                hint="make the path one that can be written, or set SHIPSEAL_STATE or SHIPSEAL_CACHE to one that is",
                context={"path": str(path)},
            ) from error
        raise


def fsync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable (a rename is not, before its folder is)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, data: bytes | Iterable[bytes], *, mode: int = 0o644) -> None:
    """Write ``data`` to ``path`` so that a reader, or a crash, sees the old file or the new one, never half.

    Raises:
        ShipsealError: see :func:`disk_errors`.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                for chunk in (data,) if isinstance(data, bytes) else data:
                    stream.write(chunk)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            temporary.replace(path)
            fsync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Let one process at a time change ``folder``, which is made; the lock is the file ``.lock`` in it.

    Threads exclude one another too. The lock ends with the process, however that ends.

    Raises:
        ShipsealError: see :func:`disk_errors`.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
