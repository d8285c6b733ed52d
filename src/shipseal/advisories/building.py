"""Make a compiled database file out of what was gathered."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from shipseal._internal.durable import disk_errors, fsync_folder, make_folders
from shipseal._internal.leftovers import open_part, scratch_folder, sweep_parts
from shipseal.advisories.compiled import CompiledDatabase, open_database
from shipseal.advisories.compiler import write_database
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.sources import gather
from shipseal.advisories.store import file_name
from shipseal.errors import Code, ScanError


def build_into(gathered: Gathered, folder: Path) -> Path:
    """Write ``gathered`` into ``folder`` under its content-addressed name, whole or not at all.

    Raises:
        ShipsealError: ``resource.disk-full``, or the folder cannot be written.
    """
    with building(folder) as part:
        digest = write_database(gathered, part)
        target = folder / file_name(digest)
        part.replace(target)
        fsync_folder(folder)
    return target


@contextlib.contextmanager
def building(folder: Path) -> Iterator[Path]:
    """Give an empty file in ``folder`` to build a database in; what is not renamed in the end is removed.

    Raises:
        ShipsealError: ``resource.disk-full``, or the folder cannot be written.
    """
    with disk_errors(folder):
        make_folders(folder)
        sweep_parts(folder)
        descriptor, part = open_part(folder, "database")
        try:
            os.fchmod(descriptor, 0o644)
            yield part
        finally:
            part.unlink(missing_ok=True)
            os.close(descriptor)


def open_temporary(gathered: Gathered, *, origin: str) -> CompiledDatabase:
    """Build a database that nobody keeps, and open it: its file has no name any more.

    Raises:
        ShipsealError: ``resource.disk-full``.
    """
    with scratch_folder("advisories") as folder:
        return open_database(build_into(gathered, folder), origin=origin)


def read_folder(path: Path) -> Gathered:
    """Return what the file or folder ``path`` holds.

    Raises:
        ScanError: ``scan.db-unavailable``: it holds nothing, or something malformed.
    """
    gathered = Gathered()
    gather(path, gathered)
    if gathered.is_empty():
        raise ScanError(
            Code.DB_UNAVAILABLE,
            f"advisory database {path}: holds no advisory",
            hint="name the file or folder that the OSV records are in",
            context={"path": str(path)},
        )
    return gathered
