"""What is on disk after a power cut, by the letter: what was the subject of an ``fsync``, and nothing else.

Built from what :mod:`tests.support.killed` records. A file is what it was at its last ``fsync``; a name is what its
folder said at the folder's last ``fsync``. What was there before the recording began is on disk.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Recording:
    """What one run made durable, in order.

    Attributes:
        folder: where the contents are kept.
        events: ``folder``, ``file`` and, before it is written, each ``line`` of the journal.
    """

    folder: Path
    events: Sequence[Mapping[str, Any]]

    @classmethod
    def load(cls, folder: Path) -> "Recording":
        """Read what was recorded in ``folder``."""
        lines = (folder / "fsyncs.jsonl").read_text().splitlines()
        return cls(folder, [json.loads(line) for line in lines])

    def lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each line of the journal, and how many events came before it."""
        for number, event in enumerate(self.events):
            if event["event"] == "line":
                yield number, json.loads(event["text"])


class Disk:
    """What is on disk.

    Args:
        root: everything is below it; it exists, and what is in it now is on disk.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders: dict[int, dict[str, int]] = {}
        self._files: dict[int, bytes] = {}
        self._scan(root)
        self._applied = 0

    def _scan(self, folder: Path) -> None:
        entries = list(os.scandir(folder))
        self._folders[folder.stat().st_ino] = {entry.name: entry.inode() for entry in entries}
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                self._scan(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                self._files[entry.inode()] = Path(entry.path).read_bytes()

    def advance(self, recording: Recording, count: int) -> None:
        """Let the first ``count`` events have happened; the count never falls."""
        for event in recording.events[self._applied : count]:
            if event["event"] == "folder":
                self._folders[event["inode"]] = event["names"]
                for inode in event["folders"]:
                    # A name that is on disk is that of an empty folder at least.
                    self._folders.setdefault(inode, {})
            elif event["event"] == "file":
                self._files[event["inode"]] = (recording.folder / event["kept"]).read_bytes()
        self._applied = count

    def read(self, path: Path) -> bytes | None:
        """Return a file as it is on disk; None when it is not, or one of its folders is not."""
        inode = self.root.stat().st_ino
        for name in path.relative_to(self.root).parts:
            found = self._folders.get(inode, {}).get(name)
            if found is None:
                return None
            inode = found
        return self._files.get(inode)

    def write(self, below: Path) -> None:
        """Make ``below``, a folder below the root, what it is on disk."""
        shutil.rmtree(below, ignore_errors=True)
        inode = self.root.stat().st_ino
        for name in below.relative_to(self.root).parts:
            inode = self._folders.get(inode, {}).get(name, 0)
        if inode:
            self._write(inode, below)

    def _write(self, inode: int, path: Path) -> None:
        if inode not in self._folders:
            # A name without content: the file's data was not on disk yet.
            path.write_bytes(self._files.get(inode, b""))
            return
        path.mkdir(parents=True, exist_ok=True)
        for name, child in self._folders[inode].items():
            self._write(child, path / name)
