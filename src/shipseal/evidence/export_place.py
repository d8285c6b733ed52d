"""Where an export is put, whole or not at all, and how it is opened again."""

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shipseal._internal.durable import disk_errors, fsync_names, make_folders
from shipseal._internal.leftovers import scratch_folder
from shipseal._internal.limits import MANIFEST, MIB, Limit, read_file, read_limited
from shipseal.errors import Code, ConfigError, ImageError
from shipseal.evidence.export_record import RECORD, ROOT, ExportRecord, parse_record
from shipseal.oci.archive import open_archive
from shipseal.oci.digest import digest_of
from shipseal.oci.layout import OciLayout

TAR = ".tar"
_LATEST = 2**34
"""Seconds since 1970 that every file system and calendar can hold: until the year 2514."""
_DOCUMENT = Limit("file of an export", 16 * MIB, "its record lists some hundred pieces at most")


class Fill(Protocol):
    """Writes an export into an empty folder."""

    def __call__(self, folder: Path) -> ExportRecord:
        """Write it, and return what it holds."""


@dataclass(frozen=True, slots=True)
class OpenedExport:
    """An export that can be read.

    Attributes:
        text: as it was named.
        layout: manifests and evidence.
        record: what it says of itself.
        root: the file with the trusted root that it carries; None when it carries none.
    """

    text: str
    layout: OciLayout
    record: ExportRecord
    root: Path | None


def check_place(path: Path, *, force: bool) -> None:
    """Refuse to write over what is no export, or without being told so.

    Raises:
        ConfigError: something else stands there; an earlier export, and ``force`` is not given; another archive's name.
    """
    if path.suffix in (".tgz", ".gz", ".zst", ".zip"):
        raise ConfigError(
            f"{path}: an export is a folder, or a plain .tar",
            hint="write NAME.tar, and compress that",
            context={"path": str(path)},
        )
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not _is_export(path):
        raise ConfigError(
            f"{path}: exists, and is no earlier export",
            hint="name an empty or a new place; nothing else is ever replaced",
            context={"path": str(path)},
        )
    if not force:
        raise ConfigError(
            f"{path}: an earlier export is there",
            hint="--force replaces it",
            context={"path": str(path)},
        )


def place_export(path: Path, fill: Fill, *, force: bool) -> ExportRecord:
    """Let ``fill`` write an export, and put it at ``path`` when it is whole: a folder, or a tar where that ends so.

    Raises:
        ConfigError: see :func:`check_place`.
        ShipsealError: what ``fill`` raised; the disk.
    """
    check_place(path, force=force)
    path = path.absolute()
    with disk_errors(path):
        make_folders(path.parent)
        with scratch_folder("export", path.parent) as scratch:
            made = scratch / "new"
            made.mkdir()
            record = fill(made)
            _remove_locks(made)
            if path.suffix == TAR and not path.is_dir():
                _write_tar(made, scratch / f"new{TAR}")
                (scratch / f"new{TAR}").replace(path)
            else:
                _swap(made, path, scratch / "old")
            fsync_names(path)
    return record


@contextmanager
def opened_export(path: Path) -> Iterator[OpenedExport]:
    """Open an export, which may be a folder or a tar; everything in it is held against its digest when it is read.

    Raises:
        ConfigError: there is none.
        ImageError: ``image.format-unsupported``, ``image.digest-mismatch``: it is damaged.
    """
    if path.is_dir():
        yield _opened(path, path)
        return
    if not path.is_file():
        raise _no_export(path, "there is no such folder or file")
    # A plain tar holds no more than it is long: nothing that is packed fills the disk.
    with _tar_errors(path), tarfile.open(path, "r:"):
        pass
    with disk_errors(path), scratch_folder("exported") as scratch:
        folder = scratch / "export"
        with _export_errors(path):
            open_archive(path, folder)
        _unpack(path, folder)
        yield _opened(path, folder)


def _opened(path: Path, folder: Path) -> OpenedExport:
    record_file = folder / RECORD
    if not record_file.is_file():
        raise _no_export(path, f"there is no {RECORD} in it")
    raw = read_file(record_file, _DOCUMENT, code=Code.FORMAT_UNSUPPORTED)
    record = parse_record(raw, what=f"{path}, {RECORD}")
    root = folder / ROOT
    if record.root is None or not root.is_file():
        return OpenedExport(str(path), OciLayout(folder), record, None)
    found = digest_of(read_file(root, MANIFEST, code=Code.FORMAT_UNSUPPORTED))
    if found != record.root.digest:
        raise ImageError(
            Code.DIGEST_MISMATCH,
            f"{path}, {ROOT}: expected {record.root.digest}, got {found}",
            hint="the export was damaged or changed: export the evidence again",
            context={"path": str(path)},
        )
    return OpenedExport(str(path), OciLayout(folder), record, root)


def _unpack(path: Path, folder: Path) -> None:
    """Take the two files that the layout does not need; no name in the archive decides where anything is written."""
    with _tar_errors(path), tarfile.open(path, "r:") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if name in (RECORD, ROOT) and member.isfile():
                stream = archive.extractfile(member)
                data = read_limited(stream, _DOCUMENT, what=f"{path}, {name}") if stream else b""
                target = folder / name
                target.write_bytes(data)
                if not 0 <= member.mtime < _LATEST:
                    raise _no_export(path, f"{name} is of no time that a calendar has")
                os.utime(target, (member.mtime, member.mtime))


@contextmanager
def _tar_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except tarfile.TarError as error:
        raise _no_export(path, f"it is no plain tar: {error}") from error


@contextmanager
def _export_errors(path: Path) -> Iterator[None]:
    """Say of an archive that is no whole layout what it should be: an export, and not an image."""
    try:
        yield
    except ImageError as error:
        raise ImageError(
            error.code,
            f"{path}: no whole export of evidence: {error.message.removeprefix(f'{path}: ')}",
            hint="it was cut short or changed on its way, or is none: fetch it, or export the evidence, again",
            context=error.context,
        ) from error


def _is_export(path: Path) -> bool:
    if path.is_dir():
        return (path / RECORD).is_file() and (path / "oci-layout").is_file()
    try:
        with tarfile.open(path, "r:") as archive:
            names = {name.removeprefix("./") for name in archive.getnames()}
            return {RECORD, "oci-layout"} <= names
    except (tarfile.TarError, OSError):
        return False


def _swap(made: Path, path: Path, old: Path) -> None:
    if path.exists():
        path.rename(old)
    try:
        made.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise


def _write_tar(folder: Path, path: Path) -> None:
    """Write a tar that is the same for the same content: sorted, without owners; times are those of content alone."""
    with path.open("wb") as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for file in sorted(one for one in folder.rglob("*") if one.is_file()):
                member = tarfile.TarInfo(str(file.relative_to(folder)))
                member.size = file.stat().st_size
                member.mtime = int(file.stat().st_mtime) if member.name == ROOT else 0
                member.mode = 0o644
                with file.open("rb") as content:
                    archive.addfile(member, content)
        stream.flush()
        os.fsync(stream.fileno())


def _remove_locks(folder: Path) -> None:
    for lock in folder.rglob(".lock"):
        lock.unlink()


def _no_export(path: Path, problem: str) -> ConfigError:
    return ConfigError(
        f"{path}: no export of evidence: {problem}",
        hint="make one with `shipseal evidence export REF DIR`; an image in a layout is named oci:DIR, without --from",
        context={"path": str(path)},
    )
