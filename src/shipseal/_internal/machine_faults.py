"""What the machine says when it cannot go on: a full or unusable disk, no memory, no threads."""

import errno
import os
from pathlib import Path

from shipseal.errors import Code, ShipsealError, ToolError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
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
        *(errno.EIO, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.ESTALE),
        *(errno.ENOLCK, errno.EMFILE, errno.ENFILE),
    }
)
_NO_MEMORY = frozenset({errno.ENOMEM, errno.EAGAIN})
_MEMORY_HINT = "give the job more memory, or lower limits.parallel"


def disk_error(
    error: OSError, path: Path | str, *, needed: int | None = None
) -> ShipsealError | None:
    """Return what ``error`` says of ``path``; None when it is about no file.

    Args:
        error: of an operation on a file or folder.
        path: which one.
        needed: bytes that were to be written, where that is known.
    """
    if error.errno in _NO_ROOM:
        return _no_room(error, path, needed)
    if error.errno in _NOT_WRITABLE:
        return ShipsealError(
            Code.CONFIG_INVALID,
            f"{path}: cannot be written: {error.strerror}",
            hint="make the path one that can be written, or set SHIPSEAL_STATE or SHIPSEAL_CACHE to one that is",
            context={"path": str(path)},
        )
    return None


def machine_error(error: BaseException) -> ShipsealError | None:
    """Return what ``error`` says of this machine, wherever it came from; None for everything else, such as a defect."""
    if isinstance(error, MemoryError):
        return _no_memory("shipseal ran out of memory")
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return _no_memory("shipseal could start no further thread: there is no room for it")
    if not isinstance(error, OSError):
        return None
    if error.errno in _NO_MEMORY:
        return _no_memory(f"shipseal ran out of memory: {error.strerror}")
    if error.errno in _NO_ROOM or error.filename:
        return disk_error(error, error.filename or "output")
    return None


def _no_memory(message: str) -> ToolError:
    return ToolError(Code.OUT_OF_MEMORY, message, hint=_MEMORY_HINT, retryable=True)


def _no_room(error: OSError, path: Path | str, needed: int | None) -> ShipsealError:
    if error.errno == errno.EDQUOT:
        why = "the disk quota is used up"
    elif error.errno == errno.EFBIG:
        why = "no space left: no file may become that large here (ulimit -f, or the file system's own limit)"
    else:
        why = "no space left on the device"
    free, files = _left(Path(path))
    if files == 0:
        why += " for another file (inodes)"
    context = {"path": str(path)}
    if needed is not None:
        why += f": {needed} bytes are needed" + (f", {free} are free" if free is not None else "")
        context["needed"] = str(needed)
    return ShipsealError(
        Code.DISK_FULL,
        f"{path}: {why}",
        hint="free some space (shipseal release gc removes what old releases left) and run the same command again",
        context=context,
        retryable=True,
    )


def _left(path: Path) -> tuple[int | None, int | None]:
    """Return how many bytes and files there is room for at the nearest folder of ``path`` that exists."""
    for folder in (path, *path.parents):
        try:
            found = os.statvfs(folder)
        except OSError:
            continue
        return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None
    return None, None
