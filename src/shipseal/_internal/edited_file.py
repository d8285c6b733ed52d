"""A file of somebody else's that is read, changed and written back, unless it has changed in between."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.durable import write_atomic
from shipseal._internal.limits import Limit, read_limited
from shipseal._internal.regular_file import open_file
from shipseal.errors import Code, ConfigError

_NEW_MODE = 0o644


@dataclass(frozen=True, slots=True)
class FileBefore:
    """A file as it was when it was read.

    Attributes:
        path: the file itself; a link is followed, so that it stays one.
        data: its content; empty when there was none.
        mode: its permissions; None when there was no file.
    """

    path: Path
    data: bytes
    mode: int | None

    @property
    def text(self) -> str:
        """The content as text; line ends stay what they are.

        Raises:
            ConfigError: it is not UTF-8; the line is named.
        """
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise ConfigError(
                f"{self.path}:{line}: not UTF-8: {error.reason}", hint="save the file as UTF-8"
            ) from error


def read_before(path: Path, limit: Limit) -> FileBefore:
    """Return a file as it is now; one that is not there has no content.

    Args:
        path: the file.
        limit: how much of it is read.

    Raises:
        ConfigError: it cannot be read, or is no regular file.
    """
    real = Path(os.path.realpath(path))
    try:
        with open_file(real) as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            data = read_limited(stream, limit, what=str(path), code=Code.CONFIG_INVALID)
    except FileNotFoundError:
        return FileBefore(real, b"", None)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror or error}",
            hint="name a file that you may read",
        ) from error
    return FileBefore(real, data, mode)


def write_after(before: FileBefore, text: str, limit: Limit) -> None:
    """Write the changed text, whole or not at all, with the permissions that the file had.

    Args:
        before: what was read; the file must still be that.
        text: the new content.
        limit: as it was read with.

    Raises:
        ConfigError: the file is not what it was: nothing is written.
        ShipsealError: the disk is full, or the folder cannot be written to.
    """
    now = read_before(before.path, limit)
    if (now.data, now.mode is None) != (before.data, before.mode is None):
        raise ConfigError(
            f"{before.path}: changed while it was edited; nothing was written",
            hint="try again: it is read anew",
        )
    mode = _NEW_MODE if now.mode is None else now.mode
    write_atomic(before.path, text.encode("utf-8"), mode=mode)
