"""Open whatever stands at a path: a compiled database, a store, or OSV files, which are compiled once.

What was compiled lies in the user's cache under a name that the content of the files gives, so that copies share it.
"""

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from shipseal import __version__
from shipseal._internal.regular_file import open_file
from shipseal.advisories.compiled import CompiledDatabase, open_database
from shipseal.advisories.file_check import SETTLED_NS, sha256_of
from shipseal.advisories.store import SUFFIX, Store, is_store
from shipseal.advisories.stored import FORMAT
from shipseal.errors import Code, ScanError, ShipsealError

KEPT = 8
_MOST = 4096


class CacheFolders(msgspec.Struct, frozen=True):
    """Where this program keeps what it can make again.

    Attributes:
        stamps: which databases were checked.
        compiled: databases made of files.
    """

    stamps: Path
    compiled: Path

    @classmethod
    def below(cls, folder: Path) -> "CacheFolders":
        """Return the folders below that of the cache."""
        return cls(folder / "advisory-stamps", folder / "advisories-compiled")


def open_place(path: Path, cache: CacheFolders) -> CompiledDatabase:
    """Open the advisories at ``path``.

    Args:
        path: a compiled database, a store, or a file or folder of OSV records.
        cache: where is kept what was compiled and checked.

    Raises:
        ScanError: ``scan.db-unavailable``: there is nothing, or it is malformed, damaged or of a newer format.
        ShipsealError: ``resource.disk-full``.
    """
    if is_store(path):
        return Store(path, stamps=cache.stamps).open()
    from shipseal.advisories.building import (  # noqa: PLC0415 - reading sources is slow to import
        build_into,
        open_temporary,
        read_folder,
    )

    origin = path.as_posix()
    compiled = Compiled.of(path, cache.compiled)
    known = compiled.find()
    if known is not None:
        with contextlib.suppress(ScanError):  # what is damaged there is made again
            return open_database(known, origin=origin, stamps=cache.stamps)
    gathered = read_folder(path)
    try:
        built = build_into(gathered, cache.compiled)
    except ShipsealError as error:
        if error.code not in (Code.CONFIG_INVALID, Code.DISK_FULL):
            raise
        # No cache can be written here, or it has no room: what is kept for the next run must not end this one.
        return open_temporary(gathered, origin=origin)
    compiled.remember(built)
    return open_database(built, origin=origin, stamps=cache.stamps)


class Compiled:
    """Which database was made of some files: found by their times at once, else by their content.

    Args:
        path: the file or folder that was named.
        files: all files of it.
        folder: where databases lie that were made so.
    """

    def __init__(self, path: Path, files: tuple[Path, ...], folder: Path) -> None:
        self._files, self._folder = files, folder
        self._name = path.name or path.absolute().name
        times, self._newest = _times(path, files)
        self._by_times = folder / f"files-{self._key(times)}.json"

    @classmethod
    def of(cls, path: Path, folder: Path) -> "Compiled":
        """Return what is known of ``path``.

        Raises:
            ScanError: ``scan.db-unavailable``: there is no advisory file.
        """
        from shipseal.advisories.advisory_files import advisory_files  # noqa: PLC0415

        return cls(path, tuple(advisory_files(path)), folder)

    def find(self) -> Path | None:
        """Return the database; None when it has to be made."""
        found = self._read(self._by_times, settled=True)
        if found is None and self._folder.is_dir():
            found = self._read(self._by_content())
            if found is not None:
                self._write(self._by_times, found)
        if found is not None:
            with contextlib.suppress(OSError):
                os.utime(found)
        return found

    def remember(self, database: Path) -> None:
        """Remember what was made, and remove what has not been used for longest."""
        for name in (self._by_times, self._by_content()):
            self._write(name, database)
        self._prune(database)

    def _by_content(self) -> Path:
        digest = hashlib.sha256()
        for path in self._files:
            digest.update(f"{path.name}\n".encode())
            with contextlib.suppress(OSError), open_file(path) as stream:
                digest.update(sha256_of(stream).encode())
        return self._folder / f"content-{self._key(digest.hexdigest())}.json"

    def _key(self, text: str) -> str:
        whole = f"{FORMAT}\n{__version__}\n{self._name}\n{text}"
        return hashlib.sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()[:40]

    def _read(self, path: Path, *, settled: bool = False) -> Path | None:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            with open_file(path) as stream:
                made = os.fstat(stream.fileno()).st_mtime_ns
                name = stream.read(_MOST).decode()
            # Times of files move in steps: what was younger than this may have changed without their showing it.
            if settled and made - self._newest <= SETTLED_NS:
                return None
            found = self._folder / Path(name.strip()).name
            if found.name.endswith(SUFFIX) and found.is_file():
                return found
        return None

    def _write(self, path: Path, database: Path) -> None:
        # Who cannot remember finds it by content, or makes it again.
        with contextlib.suppress(OSError):
            part = path.with_name(f"{path.name}.{os.getpid()}")
            part.write_text(database.name)
            part.replace(path)

    def _prune(self, keep: Path) -> None:
        with contextlib.suppress(OSError):
            found = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
            for path in found[:-KEPT]:
                if path != keep:
                    path.unlink(missing_ok=True)
            for path in self._folder.glob("*.json"):
                if self._read(path) is None:
                    path.unlink(missing_ok=True)


def _times(path: Path, files: tuple[Path, ...]) -> tuple[str, int]:
    """Return what tells whether the files are the same ones, unchanged, and the newest of their times."""
    lines, newest = [str(path.absolute())], 0
    for one in files:
        with contextlib.suppress(OSError):
            found = one.stat()
            times = (found.st_mtime_ns, found.st_ctime_ns)
            lines.append(f"{one} {found.st_dev} {found.st_ino} {found.st_size} {times}")
            newest = max(newest, *times)
    return "\n".join(lines), newest
