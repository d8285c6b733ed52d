"""The file of ignores in the work tree: read whole, written whole, and only over what was read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.edited_file import read_before, write_after
from shipseal._internal.limits import IGNORES_FILE

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
