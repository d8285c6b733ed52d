"""Opening a file of a layout that somebody else may have made: a pipe there would be waited for without end."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from shipseal.errors import Code, ImageError


def open_regular(path: Path) -> BinaryIO:
    """Open ``path`` for reading; the caller closes it.

    Raises:
        ImageError: ``image.format-unsupported`` for a pipe, a device or anything else that is no file.
        OSError: it cannot be opened, or is a folder.
    """
    # Without O_NONBLOCK opening a pipe waits for a writer; for a file it means nothing.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    raise ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"{path}: not a regular file",
        hint="a layout holds plain files only: build or copy the image again",
        context={"path": str(path)},
    )
