"""Opening a file of a layout that somebody else may have made."""

from pathlib import Path
from typing import BinaryIO

from shipseal._internal.regular_file import NotRegularFileError, open_file
from shipseal.errors import Code, ImageError


def open_regular(path: Path) -> BinaryIO:
    """Open ``path`` for reading; the caller closes it.

    Raises:
        ImageError: ``image.format-unsupported`` for a pipe, a device or anything else that is no file.
        OSError: it cannot be opened, or is a folder.
    """
    try:
        return open_file(path)
    except NotRegularFileError as error:
        raise ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"{path}: not a regular file",
            hint="a layout holds plain files only: build or copy the image again",
            context={"path": str(path)},
        ) from error
