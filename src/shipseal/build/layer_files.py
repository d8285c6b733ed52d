"""Files on this machine as entries of a layer, normalised: what the builder's machine adds is left out.

Times are the build's epoch, modes are 0755 or 0644, owners are what the options say. Links inside a folder stay links
and are never followed. The one source that an option names may itself be a link, as long as it stays in the
configuration's folder.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from shipseal._internal.limits import MIB
from shipseal.build.layer_options import LayerFile
from shipseal.errors import ConfigError
from shipseal.oci.layer import WHITEOUT, Kind, LayerEntry
from shipseal.oci.tar_stream import clean_path

_FOLDER_MODE = 0o755
_LINK_MODE = 0o777


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """An entry, and where its content is.

    Attributes:
        entry: as it will stand in the layer.
        source: the file, folder or link on this machine; None for a folder that is made up.
    """

    entry: LayerEntry
    source: Path | None = None

    def moved(self, path: str) -> "SourceEntry":
        """Return it at another path of the layer."""
        return SourceEntry(replace(self.entry, path=path), self.source)


def source_entries(file: LayerFile, folder: Path, epoch: int) -> Iterator[SourceEntry]:
    """Return everything that ``file`` puts into a layer; parents of its destination are not among it.

    Args:
        file: what to copy.
        folder: where a relative source starts.
        epoch: seconds; the time of every entry.

    Raises:
        ConfigError: ``config.invalid``: no such file, one that cannot be read or is no file, folder or link, a name
            that a layer cannot have, or a source that a link leads to, outside ``folder``.
    """
    source = folder / file.source
    _stay_inside(source, folder, file)
    try:
        info = source.stat()
    except OSError as error:
        raise _unusable(file.source, error.strerror or "cannot be read") from error
    destination = clean_path(file.destination)
    if stat.S_ISDIR(info.st_mode):
        return _tree(source, destination, file, epoch)
    if file.destination.endswith("/"):
        destination = f"{destination}/{file.source.name}".removeprefix("/")
    if not destination:
        raise _unusable(file.source, "a file cannot take the place of the root folder")
    return iter((_entry(source, info, destination, file, epoch),))


def _tree(source: Path, path: str, file: LayerFile, epoch: int) -> Iterator[SourceEntry]:
    """Return a folder and all that is in it; the order does not matter, a layer is sorted."""
    waiting = [(source, path)]
    while waiting:
        folder, path = waiting.pop()
        if path:
            entry = LayerEntry(path, Kind.FOLDER, _FOLDER_MODE, file.uid, file.gid, epoch)
            yield SourceEntry(entry, folder)
        for child, info in _children(folder):
            _check_name(child)
            inside = f"{path}/{child.name}" if path else child.name
            if stat.S_ISDIR(info.st_mode):
                waiting.append((child, inside))
            else:
                yield _entry(child, info, inside, file, epoch)


def _entry(
    source: Path, info: os.stat_result, path: str, file: LayerFile, epoch: int
) -> SourceEntry:
    entry = LayerEntry(path, Kind.FILE, 0, file.uid, file.gid, epoch)
    if stat.S_ISLNK(info.st_mode):
        link = os.fspath(source.readlink())
        return SourceEntry(replace(entry, kind=Kind.SYMLINK, mode=_LINK_MODE, link=link), source)
    if not stat.S_ISREG(info.st_mode):
        raise _unusable(source, "only files, folders and links go into a layer")
    mode = file.mode
    if mode is None:
        mode = 0o755 if info.st_mode & 0o111 else 0o644
    content = partial(_content, source)
    return SourceEntry(replace(entry, mode=mode, size=info.st_size, open=content), source)


def _children(folder: Path) -> list[tuple[Path, os.stat_result]]:
    try:
        with os.scandir(folder) as found:
            return [(Path(child.path), child.stat(follow_symlinks=False)) for child in found]
    except OSError as error:
        raise _unusable(folder, error.strerror or "cannot be read") from error


def _content(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(MIB):
                yield chunk
    except OSError as error:
        raise _unusable(path, error.strerror or "cannot be read") from error


def _stay_inside(source: Path, folder: Path, file: LayerFile) -> None:
    """Refuse a source that a link leads outside: what lies there is no part of the sources."""
    root = Path(os.path.realpath(folder))
    real = Path(os.path.realpath(source))
    if file.source.is_absolute():
        # Folders of the system may be links themselves (/tmp, /home): only the last part is the author's.
        plain = Path(os.path.realpath(source.parent)) / source.name
    else:
        plain = Path(os.path.normpath(root / file.source))
    if real != plain and not real.is_relative_to(root):
        raise _unusable(file.source, f"a link leads to {real}, outside {root}")


def _check_name(child: Path) -> None:
    if child.name.startswith(WHITEOUT):
        raise _unusable(child, f"names that begin with {WHITEOUT} remove files in a layer")
    try:
        child.name.encode()
    except UnicodeEncodeError as error:
        raise _unusable(child, "its name is not UTF-8") from error


def _unusable(path: Path, problem: str) -> ConfigError:
    shown = os.fspath(path).encode("utf-8", "backslashreplace").decode()
    return ConfigError(
        f"layers: {shown}: {problem}",
        hint="build it first, or correct `files:` of the layer in shipseal.yaml",
        context={"path": shown},
    )
