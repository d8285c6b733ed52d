"""Opening a file that somebody else may have put there: a pipe in its place would be waited for without end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotRegularFileError(OSError):
    """Something stands there that is no file: a pipe, a device, a socket."""


def open_file(path: Path) -> BinaryIO:
    """Open ``path`` for reading; the caller closes it. It is never waited for.

    Raises:
        NotRegularFileError: it is neither a file nor a folder.
        OSError: it cannot be opened, or is a folder.
    """
    # Without O_NONBLOCK opening a pipe waits for a writer; for a file it means nothing.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            what = _KINDS.get(stat.S_IFMT(mode), "something else")
            raise NotRegularFileError(errno.EINVAL, f"it is {what}, not a file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
