"""What a repository holds that a configuration can be made from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from shipseal.config.project import Project, project_in
from shipseal.errors import ShipsealError
from shipseal.oci import Reference

_DOCKERFILES = ("Dockerfile", "Containerfile")
_OUTPUTS = ("dist", "out", "bin", "target/release", "build/install", "public")
# What `shipseal key generate` and cosign call it.
KEY = "cosign.key"
# Folders of other tools, in which nothing is that a person would release.
_SKIPPED = frozenset({"node_modules", "vendor", "venv", "__pycache__", "testdata", "tests"})
_REGISTRIES = {"github.com": "ghcr.io", "gitlab.com": "registry.gitlab.com"}
_MAX_FOLDERS = 400
_MAX_NAME = 128


@dataclass(frozen=True, slots=True)
class Repository:
    """What was found. Paths are relative to the folder and begin with ``./``; empty when there is none.

    Attributes:
        name: a legal image name.
        source: URL of the sources.
        target: where images of this project usually go.
        dockerfile: a Dockerfile or Containerfile.
        layout: an OCI layout.
        output: a folder with built files.
        key: a private key for signing.
        project: what the manifest of its language says.
    """

    name: str
    source: str
    target: str
    dockerfile: str
    layout: str
    output: str
    key: str
    project: Project = field(default=Project())


def look(folder: Path, *, remote: str, tag: str = "") -> Repository:
    """Return what is in ``folder``.

    Args:
        folder: where the configuration will be.
        remote: URL of git's remote as ``https://host/path``; empty when there is none.
        tag: git's newest version tag; empty when there is none.
    """
    places = list(_folders(folder))
    return Repository(
        name=_name(remote, folder),
        source=remote,
        target=_target(remote),
        dockerfile=_first(folder, (place / name for place in places for name in _DOCKERFILES)),
        layout=_first(folder, (place for place in places if _is_layout(place))),
        output=_first(folder, (folder / name for name in _OUTPUTS if (folder / name).is_dir())),
        key=_first(folder, iter([folder / KEY])),
        project=project_in(folder, tag=tag),
    )


def _folders(folder: Path) -> Iterator[Path]:
    """Yield ``folder``, what is in it, and what is in that, nearest first; a bounded number."""
    level, count = [folder], 0
    for depth in range(3):
        following: list[Path] = []
        for place in level:
            count += 1
            if count > _MAX_FOLDERS:
                return
            yield place
            if depth < 2 and not _is_layout(place):
                following += _children(place)
        level = following


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if _is_of_interest(child))
    except OSError:
        return []


def _is_of_interest(child: Path) -> bool:
    hidden = child.name.startswith(".") or child.name in _SKIPPED or not child.name.isprintable()
    return not hidden and child.is_dir() and not child.is_symlink()


def _is_layout(folder: Path) -> bool:
    return (folder / "oci-layout").is_file() and (folder / "index.json").is_file()


def _first(folder: Path, places: Iterator[Path]) -> str:
    found = next((place for place in places if place.exists()), None)
    if found is None:
        return ""
    return f"./{found.relative_to(folder).as_posix()}" if found != folder else "."


def _name(remote: str, folder: Path) -> str:
    last = remote.rstrip("/").rpartition("/")[2] if remote else folder.resolve().name
    words = re.findall(r"[a-z0-9]+(?:[._][a-z0-9]+)*", last.lower())
    return "-".join(words)[:_MAX_NAME].rstrip("-._") or "app"


def _target(remote: str) -> str:
    """Return the registry that a forge keeps for the repository; empty when it has none that is known."""
    parts = urlsplit(remote)
    host = _REGISTRIES.get(parts.hostname or "")
    if host is None:
        return ""
    try:
        return Reference.parse(f"{host}/{parts.path.strip('/').lower()}").name
    except ShipsealError:
        return ""
