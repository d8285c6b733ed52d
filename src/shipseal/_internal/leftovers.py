"""What a killed process leaves behind, half-written files and temporary folders, and how the next one removes it.

Whoever writes holds a lock on what is not finished yet, and a lock ends with its process. So what can be locked was
left by a process that is dead, here or on another machine that shares the folder; what cannot be locked is in use.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shipseal.errors import ShipsealError

PART = ".part."
"""How the name of a file begins that is not finished."""
_LOCK = ".lock"


def open_part(folder: Path, name: str) -> tuple[int, Path]:
    """Make a file for what will be called ``name``, and return its descriptor and path.

    It is locked until the descriptor is closed: rename it before that.

    Raises:
        OSError: it cannot be made.
    """
    while True:
        descriptor, path = tempfile.mkstemp(dir=folder, prefix=f"{PART}{name[:40]}.")
        # Where a file system has no locks there is no sweeping either.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(path)
        # Somebody swept it in the moment before it was locked.
        os.close(descriptor)


def sweep_parts(folder: Path) -> int:
    """Remove the unfinished files of dead processes in ``folder`` and return how many; an absent folder has none."""
    removed = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for path in [entry.path for entry in entries if entry.name.startswith(PART)]:
            removed += _remove_part(path)
    return removed


def _remove_part(path: str) -> bool:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.unlink(path)  # noqa: PTH108 - as it was listed
                return True
        finally:
            os.close(descriptor)
    return False


class Scratch:
    """A place for temporary folders, which the next process clears of what a killed one left.

    Args:
        root: where they are made; it is made with the first. None is the system's own place, which nobody sweeps.
    """

    def __init__(self, root: Path | None) -> None:
        self.root = root

    @contextlib.contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """Give a folder of one's own, which is removed in the end.

        Where :attr:`root` cannot be written, it is one of the system's own place for temporary files.

        Raises:
            OSError: there is no place to make one.
        """
        descriptor, path = self._make(f"{name}-")
        try:
            yield path
        finally:
            _remove(path)
            if descriptor is not None:
                os.close(descriptor)

    def sweep(self) -> int:
        """Remove the folders of dead processes and return how many."""
        if self.root is None or not self.root.is_dir():
            return 0
        removed = 0
        with contextlib.suppress(OSError, ShipsealError), _alone(self.root):
            for path in [one for one in self.root.iterdir() if one.is_dir() and _is_dead(one)]:
                _remove(path)
                removed += not path.exists()
        return removed

    def _make(self, prefix: str) -> tuple[int | None, Path]:
        if self.root is not None:
            # From the making of a folder to its lock nobody sweeps.
            with contextlib.suppress(OSError, ShipsealError), _alone(self.root):
                path = Path(tempfile.mkdtemp(dir=self.root, prefix=prefix))
                descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                return descriptor, path
        return None, Path(tempfile.mkdtemp(prefix=f"shipseal-{prefix}"))


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_dead(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(folder: Path) -> None:
    """Remove a folder with all in it, also what was made read-only."""
    for path, folders, _ in os.walk(folder):
        for inner in (Path(path, name) for name in folders):
            with contextlib.suppress(OSError):
                if not inner.is_symlink():
                    inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
