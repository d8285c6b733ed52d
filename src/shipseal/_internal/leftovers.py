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

from shipseal._internal.clock import Clock

PART = ".part."
"""How the name of a file begins that is not finished."""
_SCRATCH = "shipseal-"
_LOCK = ".lock"
_own: set[Path] = set()


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


@contextlib.contextmanager
def scratch_folder(name: str, root: Path | None = None) -> Iterator[Path]:
    """Give a temporary folder of one's own, which is removed in the end; that of a killed process, by the next one.

    Args:
        name: what it is for.
        root: where it is made; None is the system's place for temporary files (``TMPDIR``).

    Raises:
        OSError: it cannot be made.
    """
    descriptor, folder = _make(root or Path(tempfile.gettempdir()), f"{_SCRATCH}{name}-")
    _own.add(folder)
    try:
        yield folder
    finally:
        _remove(folder)
        _own.discard(folder)
        os.close(descriptor)


def remove_own_scratch(clock: Clock, seconds: float = 1.0) -> None:
    """Remove what threads of this process still have in use: it ends now, and nobody waits for them.

    Args:
        clock: for waiting.
        seconds: how long it is tried, while a thread still writes.
    """
    deadline = clock.monotonic() + seconds
    while left := [folder for folder in tuple(_own) if folder.exists()]:
        for folder in left:
            _remove(folder)
        if clock.monotonic() > deadline:
            return
        # A thread that was writing a file may make the next one; what is gone now is looked at once more.
        clock.sleep(0.05)


def sweep_scratch(root: Path | None = None) -> int:
    """Remove the temporary folders of this user's dead processes in ``root`` and return how many."""
    removed = 0
    with contextlib.suppress(OSError):
        for folder in (root or Path(tempfile.gettempdir())).iterdir():
            if folder.name.startswith(_SCRATCH):
                removed += _remove_scratch(folder)
    return removed


def _make(root: Path, prefix: str) -> tuple[int, Path]:
    while True:
        folder = Path(tempfile.mkdtemp(dir=root, prefix=prefix))
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, folder
        # Somebody swept it in the moment before it was locked.
        os.close(descriptor)


def _remove_scratch(folder: Path) -> bool:
    """Remove a folder that is this user's own and has a lock that nobody holds."""
    with contextlib.suppress(OSError):
        state = folder.lstat()
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid():
            return False
        # A folder without a lock is being made, or is none of ours.
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
            if not folder.exists():
                return True
            # Something still writes there: the next sweep must know it again.
            (folder / _LOCK).touch(0o600)
        finally:
            os.close(descriptor)
    return False


def _remove(folder: Path) -> None:
    """Remove a folder with all in it, also what was made read-only."""
    for path, folders, _ in os.walk(folder):
        for inner in (Path(path, name) for name in folders):
            with contextlib.suppress(OSError):
                if not inner.is_symlink():
                    inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
