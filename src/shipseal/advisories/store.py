"""Where a database is kept so that it can be replaced while others read it: a folder, or a single file.

A folder holds databases under their content-addressed names, and ``current.json``, which names the one in use and the
one before it. A single file has the one before it beside it, as ``NAME.previous``. Either is changed by one process at
a time, and by renaming alone: a reader, or a crash, sees the old one or the new one. One that turns out damaged, or of
a format that this program cannot read, is passed over for the one before it, which is said.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from shipseal._internal.durable import (
    disk_errors,
    fsync_names,
    locked_by,
    make_folders,
    write_atomic,
)
from shipseal._internal.limits import KIB
from shipseal._internal.progress import Reporter
from shipseal._internal.regular_file import open_file
from shipseal.advisories.compiled import CompiledDatabase, open_database
from shipseal.advisories.file_check import Checked, check_file, is_database, unavailable
from shipseal.errors import ScanError

SUFFIX = ".advisories"
CURRENT = "current.json"
_PREVIOUS = ".previous"
_MOST = 64 * KIB
_NOTHING = "run `shipseal db update`, or import advisories with `shipseal db import`"


class _Names(msgspec.Struct, omit_defaults=True):
    """What ``current.json`` says."""

    current: str
    previous: str = ""


class Choice(msgspec.Struct, frozen=True):
    """The database that is to be opened.

    Attributes:
        path: its file.
        note: why it is not the newest one; empty when it is.
    """

    path: Path
    note: str = ""


class Store:
    """A folder or a file that holds a database, or will.

    Args:
        path: a folder that is one already or whose name ends so; anything else is a file.
        stamps: see :func:`shipseal.advisories.file_check.check_file`.
    """

    def __init__(self, path: Path, *, stamps: Path | None = None) -> None:
        self.path = path
        self._stamps = stamps
        self.is_folder = path.is_dir()

    @classmethod
    def folder(cls, path: Path, *, stamps: Path | None = None) -> "Store":
        """Return the store in a folder, which may yet have to be made."""
        store = cls(path, stamps=stamps)
        if path.exists() and not path.is_dir():
            return store
        store.is_folder = True
        return store

    def open(self, *, origin: str = "") -> CompiledDatabase:
        """Open the database, or the one before it where it is of no use, with a note.

        Raises:
            ScanError: ``scan.db-unavailable``: there is none that can be used.
        """
        choice = self.choose()
        name = origin or self.path.as_posix()
        return open_database(choice.path, origin=name, stamps=self._stamps, note=choice.note)

    def is_empty_file(self) -> bool:
        """Return whether there is a file without a byte, such as one of ``mktemp``, and no database before it."""
        before = self._previous()
        plain = not self.is_folder and self.path.is_file() and not before.exists()
        return plain and self.path.stat().st_size == 0

    def choose(self) -> Choice:
        """Return the file to open.

        Raises:
            ScanError: ``scan.db-unavailable``: there is none that can be used.
        """
        problem: ScanError | None = None
        for path in self.candidates():
            try:
                check_file(path, stamps=self._stamps)
            except ScanError as error:
                problem = problem or error
                continue
            if problem is None:
                return Choice(path)
            return Choice(path, f"{problem.message}; the last good one is used: {path.name}")
        if problem is not None:
            raise problem
        raise unavailable(self.path, "there is none", hint=_NOTHING)

    def candidates(self) -> Iterator[Path]:
        """Yield the files that may be opened, the best first."""
        if not self.is_folder:
            yield self.path
            if (previous := self._previous()).is_file():
                yield previous
            return
        names = self._names()
        listed = [self.path / name for name in (names.current, names.previous) if name]
        yield from listed
        # Without a list, or when neither of it is of use, whatever is there may be.
        rest = [path for path in self.path.glob(f"*{SUFFIX}") if path not in listed]
        yield from sorted(rest, key=_modified, reverse=True)

    @contextlib.contextmanager
    def locked(self, reporter: Reporter | None = None) -> Iterator[None]:
        """Let one process at a time change what is here.

        Args:
            reporter: hears when another one is waited for.

        Raises:
            ShipsealError: ``resource.disk-full``, or the folder cannot be written.
        """
        beside = self.path.absolute().with_name(f".{self.path.name}.lock")
        lock = self.path / ".lock" if self.is_folder else beside

        def told() -> None:
            if reporter is not None:
                reporter.note(f"another one changes {self.path}: it is waited for")

        with locked_by(lock, told=told):
            yield

    def install(self, built: Path) -> Checked:
        """Make ``built``, a whole database on the same disk, the one that is used; hold :meth:`locked` meanwhile.

        The one that was used so far, if it is of any use, becomes the one before.

        Raises:
            ScanError: ``scan.db-unavailable``: ``built`` is no database that can be read.
            ShipsealError: the folder cannot be written.
        """
        checked = check_file(built)
        good = self._last_good()
        with disk_errors(self.path):
            if self.is_folder:
                self._install_in_folder(built, checked, good)
            else:
                self._install_as_file(built, checked, good)
        return checked

    def parts_folder(self) -> Path:
        """Return the folder in which a new database is built, on the same disk."""
        folder = self.path if self.is_folder else self.path.absolute().parent
        with disk_errors(folder):
            make_folders(folder)
        return folder

    def _install_in_folder(self, built: Path, checked: Checked, good: Path | None) -> None:
        name = file_name(checked.digest)
        built.replace(self.path / name)
        before = good.name if good is not None and good.name != name else self._names().previous
        previous = before if (self.path / before).is_file() and before != name else ""
        write_atomic(self.path / CURRENT, msgspec.json.encode(_Names(name, previous)) + b"\n")
        for path in self.path.glob(f"*{SUFFIX}"):
            if path.name not in (name, previous):
                path.unlink(missing_ok=True)

    def _install_as_file(self, built: Path, checked: Checked, good: Path | None) -> None:
        if good == self.path and check_file(good, stamps=self._stamps).digest != checked.digest:
            # A second name first, then the new file over the first: at no moment is there none.
            link = built.with_name(f"{built.name}{_PREVIOUS}")
            link.unlink(missing_ok=True)
            os.link(self.path, link)
            link.replace(self._previous())
        built.replace(self.path)
        fsync_names(self.path.absolute())

    def _last_good(self) -> Path | None:
        try:
            return self.choose().path
        except ScanError:
            return None

    def _previous(self) -> Path:
        return self.path.with_name(f"{self.path.name}{_PREVIOUS}")

    def _names(self) -> _Names:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            with open_file(self.path / CURRENT) as stream:
                names = msgspec.json.decode(stream.read(_MOST), type=_Names)
            # A name, never a path: nothing outside the folder is opened.
            if all(Path(name).name == name for name in (names.current, names.previous)):
                return names
        return _Names("")


def file_name(digest: str) -> str:
    """Return the content-addressed name of a database."""
    return f"{digest.replace(':', '-')}{SUFFIX}"


def is_store(path: Path) -> bool:
    """Return whether ``path`` is a store, or a compiled database by itself."""
    if path.is_dir():
        return (path / CURRENT).is_file() or any(path.glob(f"*{SUFFIX}"))
    # A damaged file may have nothing left that tells what it was; the one before it does.
    previous = path.with_name(f"{path.name}{_PREVIOUS}")
    return is_database(path) or path.name.endswith(SUFFIX) or is_database(previous)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
