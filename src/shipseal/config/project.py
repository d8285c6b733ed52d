"""What kind of project a repository holds, as its own manifest says: Go, Rust, Python or Node."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from shipseal._internal.limits import CONFIG_FILE, read_limited
from shipseal.errors import Code, ShipsealError

# Semantic versions (semver.org, without build metadata, which no tag can have): the default tags need their parts.
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SCRIPT = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
_MAX_VERSION = 64

Document = Mapping[str, object]


class ProjectKind(StrEnum):
    """What a project is written in; ``other`` when no manifest says it."""

    GO = "go"
    RUST = "rust"
    PYTHON = "python"
    NODE = "node"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Project:
    """What a manifest says. Texts are empty where it says nothing that can be used.

    Attributes:
        kind: which language.
        name: of the program.
        version: a semantic version, without ``v``.
        start: Go: the package to build; Python: ``module:function``; Node: the file to start; else empty.
        builds: whether there is a build step to run (Node: a ``build`` script).
    """

    kind: ProjectKind = ProjectKind.OTHER
    name: str = ""
    version: str = ""
    start: str = ""
    builds: bool = False


def project_in(folder: Path, *, tag: str) -> Project:
    """Return what ``folder`` holds, by the first manifest of go.mod, Cargo.toml, pyproject.toml, package.json.

    Args:
        folder: of the repository.
        tag: git's newest version tag; its version counts where the manifest states none.
    """
    found = next((found for read in _READERS if (found := read(folder))), Project())
    version = usable_version(found.version) or usable_version(tag)
    return Project(found.kind, _matching(_NAME, found.name), version, found.start, found.builds)


def usable_version(text: str) -> str:
    """Return ``text`` without its ``v`` when it is a semantic version that can be a tag, else nothing."""
    text = text.removeprefix("v")
    return text if len(text) <= _MAX_VERSION and _VERSION.fullmatch(text) else ""


def _go(folder: Path) -> Project | None:
    text = _read(folder / "go.mod")
    if text is None:
        return None
    module = re.search(r"^module[ \t]+\"?([^\s\"]+)", text, re.MULTILINE)
    path = re.sub(r"/v\d+$", "", module[1]) if module else ""
    name = path.rpartition("/")[2]
    programs = sorted(place.parent.name for place in folder.glob("cmd/*/main.go"))
    if (folder / "main.go").exists() or not programs:
        return Project(ProjectKind.GO, name, start=".")
    chosen = name if name in programs else programs[0]
    usable = _matching(_NAME, chosen)
    return Project(ProjectKind.GO, usable, start=f"./cmd/{usable}" if usable else ".")


def _rust(folder: Path) -> Project | None:
    manifest = _toml(folder / "Cargo.toml")
    if manifest is None:
        return None
    package, shared = _table(manifest, "package"), _table(manifest, "workspace", "package")
    programs = manifest.get("bin")
    first = programs[0] if isinstance(programs, list) and programs else {}
    name = _text(first, "name") or _text(package, "name")
    version = _text(package, "version") or _text(shared, "version")
    return Project(ProjectKind.RUST, name, version)


def _python(folder: Path) -> Project | None:
    manifest = _toml(folder / "pyproject.toml")
    if manifest is None:
        return None
    project, poetry = _table(manifest, "project"), _table(manifest, "tool", "poetry")
    # Without these the file holds settings of tools only, as in repositories of other languages.
    if not (project or poetry or "build-system" in manifest):
        return None
    scripts = [*_table(project, "scripts").values(), *_table(poetry, "scripts").values()]
    start = next((text for text in scripts if isinstance(text, str)), "")
    name = _text(project, "name") or _text(poetry, "name")
    version = _text(project, "version") or _text(poetry, "version")
    return Project(ProjectKind.PYTHON, name, version, _matching(_SCRIPT, start))


def _node(folder: Path) -> Project | None:
    text = _read(folder / "package.json")
    if text is None:
        return None
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = {}
    manifest = read if isinstance(read, dict) else {}
    scripts = _table(manifest, "scripts")
    started = re.match(r"node (\S+)$", _text(scripts, "start"))
    builds = bool(_text(scripts, "build"))
    usual = "dist/index.js" if builds else "index.js"
    start = started[1] if started else _text(manifest, "main") or usual
    name = _text(manifest, "name").rpartition("/")[2]
    return Project(
        ProjectKind.NODE, name, _text(manifest, "version"), _inside(start) or usual, builds
    )


_READERS: tuple[Callable[[Path], Project | None], ...] = (_go, _rust, _python, _node)


def _inside(file: str) -> str:
    """Return a relative path in normal form; nothing when it leaves the folder or needs quotes."""
    path = str(PurePosixPath(file))
    return "" if ".." in path.split("/") else _matching(_FILE, path)


def _matching(form: "re.Pattern[str]", text: str) -> str:
    return text if form.fullmatch(text) else ""


def _table(value: Document, *names: str) -> Document:
    for name in names:
        found = value.get(name)
        value = found if isinstance(found, dict) else {}
    return value


def _text(value: object, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def _toml(path: Path) -> Document | None:
    """Return the document; an empty one when it cannot be read as TOML, None when there is no file."""
    text = _read(path)
    try:
        return None if text is None else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _read(path: Path) -> str | None:
    """Return the text of a manifest; None when there is none, nothing when it cannot be read."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream:
            data = read_limited(stream, CONFIG_FILE, what=str(path), code=Code.CONFIG_INVALID)
    except (OSError, ShipsealError):
        return ""
    return data.decode("utf-8", "replace")
