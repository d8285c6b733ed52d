"""Python and npm packages for an image: installed by pip and npm themselves, all versions pinned, nothing compiled.

Only wheels that run on any machine and npm packages without their scripts and optional (native) parts are taken, so
that one tree serves every architecture. The registries are those that pip and npm are configured for on this machine.
"""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from scripts.realimage.programs import output
from shipseal.oci.layer import Kind, LayerEntry, with_folders

_MIB = 1024 * 1024
_ANY_MACHINE = (
    "--no-deps", "--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none",
    "--python-version=3.11",
)  # fmt: skip


def install_python(pins: Iterable[str], folder: Path) -> None:
    """Install the wheels that ``pins`` (``name==version``) name into ``folder``."""
    _clear(folder)
    output(
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-compile", *_ANY_MACHINE, f"--target={folder}", *pins,
    )  # fmt: skip
    # Launchers name the interpreter of this machine.
    shutil.rmtree(folder / "bin", ignore_errors=True)


def install_node(manifest: Path, folder: Path) -> Path:
    """Install what the lock file beside ``manifest`` lists; return the ``node_modules`` in ``folder``."""
    _clear(folder)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(manifest.parent / name, folder / name)
    output(
        "npm", "ci", "--ignore-scripts", "--omit=optional", "--legacy-peer-deps", "--no-audit",
        "--no-fund", "--loglevel=error", cwd=folder,
    )  # fmt: skip
    # npm's own note of where it fetched from names this machine's registry.
    (folder / "node_modules" / ".package-lock.json").unlink(missing_ok=True)
    return folder / "node_modules"


def entries_of(folder: Path, prefix: str, *, mtime: int) -> list[LayerEntry]:
    """Return everything below ``folder`` as entries of a layer below ``prefix``, owned by root, equally dated."""
    found = (_entry(path, f"{prefix}/{path.relative_to(folder)}", mtime) for path in _walk(folder))
    return with_folders(found, mtime=mtime)


def node_packages(folder: Path) -> int:
    """Return how many packages ``node_modules`` holds, nested ones included."""
    return sum(_is_package(path.parent) for path in folder.rglob("package.json"))


def _is_package(folder: Path) -> bool:
    above = folder.parent
    return above.name == "node_modules" or (
        above.name.startswith("@") and above.parent.name == "node_modules"
    )


def _walk(folder: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        yield from (Path(current) / name for name in sorted([*folders, *files]))


def _entry(path: Path, name: str, mtime: int) -> LayerEntry:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return LayerEntry(name, Kind.SYMLINK, 0o777, mtime=mtime, link=str(path.readlink()))
    if stat.S_ISDIR(found.st_mode):
        return LayerEntry(name, Kind.FOLDER, 0o755, mtime=mtime)
    mode = 0o755 if found.st_mode & stat.S_IXUSR else 0o644
    return LayerEntry(
        name, Kind.FILE, mode, mtime=mtime, size=found.st_size, open=lambda: _chunks(path)
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_MIB):
            yield chunk


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
