"""The file of ignores in the work tree: read whole, written whole, and only over what was read."""

import os
import shlex
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.edited_file import read_before, write_after
from shipseal._internal.limits import IGNORES_FILE
from shipseal.errors import ConfigError

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

Edit = Callable[[str], str]
"""Returns the text with a change; raises when it cannot be made."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as it was read.

    Attributes:
        path: of it, links resolved: a link stays a link.
        text: its content; empty when it is not there.
    """

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "LocalFile":
        """Return the file at ``path``; one that is not there is empty.

        Raises:
            ConfigError: it cannot be read, is too long, or is no UTF-8.
        """
        before = read_before(path, IGNORES_FILE)
        return cls(before.path, before.text)

    def check_writable(self) -> None:
        """Refuse a file that cannot be written, before anything is made elsewhere.

        Raises:
            ConfigError: it is protected from writing, or its folder is.
        """
        there = self.path.exists()
        protected = there and not self.path.stat().st_mode & _WRITE
        folder = next(one for one in self.path.parents if one.exists())
        if protected or not os.access(folder, os.W_OK):
            what = self.path if protected else folder
            raise ConfigError(
                f"{what}: is protected from writing; nothing was changed",
                hint=f"chmod u+w {shlex.quote(str(what))}, then run the same command again",
            )

    def write(self, edit: Edit) -> bool:
        """Make a change on disk and return whether there was one.

        What somebody else wrote since it was read is kept: the change is made to that.

        Raises:
            ConfigError: the change cannot be made to what is there now, or that changes this very moment; the file was
                not touched.
            ShipsealError: the disk refuses.
        """
        before = read_before(self.path, IGNORES_FILE)
        after = edit(before.text)
        if after == before.text:
            return False
        write_after(before, after, IGNORES_FILE)
        return True
