"""The workflows of a repository and what they use from it, read from the disk."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.limits import MIB, Limit, read_file
from shipseal.errors import Code, ConfigError
from shipseal.workflows.composite import actions_within, local_actions
from shipseal.workflows.model import Source
from shipseal.workflows.reading import read_workflow

WORKFLOWS = Path(".github") / "workflows"
_FILE = Limit("workflow", MIB, "people write it; the largest public ones are below 200 KiB")
_MAX_ACTIONS = 200


@dataclass(frozen=True, slots=True)
class WorkflowFiles:
    """What was read.

    Attributes:
        sources: the workflows.
        actions: actions of the repository that they use, by folder.
        settings: ``grype`` and ``trivy``: whether a file of theirs makes them fail by itself.
    """

    sources: Sequence[Source]
    actions: Mapping[str, Source]
    settings: Mapping[str, bool]


def workflow_files(named: Sequence[Path]) -> WorkflowFiles:
    """Return the named workflows, or all of this repository's.

    Args:
        named: files; empty for ``.github/workflows``.

    Raises:
        ConfigError: a file cannot be read, or there is none.
    """
    paths = list(dict.fromkeys(named)) or _all()
    sources = [Source(_shown(path), _read(path)) for path in paths]
    root = _root(paths[0])
    actions = _actions(root, sources)
    settings = {
        "grype": _sets(
            root, (".grype.yaml", ".grype/config.yaml"), r"^fail-on-severity:\s*['\"]?\w"
        ),
        "trivy": _sets(root, ("trivy.yaml",), r"^exit-code:\s*[1-9]"),
    }
    return WorkflowFiles(sources, actions, settings)


def _all() -> list[Path]:
    found = sorted(path for path in WORKFLOWS.glob("*.y*ml") if path.suffix in (".yml", ".yaml"))
    if not found:
        raise ConfigError(
            f"{WORKFLOWS}: there are no workflows",
            hint="name a file, or begin in the folder of the repository",
        )
    return found


def _shown(path: Path) -> str:
    """Return a path as it is seen from here, so that a patch can be applied here."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _read(path: Path) -> bytes:
    try:
        return read_file(path, _FILE, code=Code.CONFIG_INVALID)
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror or error}",
            hint="name a workflow that can be read",
            context={"path": str(path)},
        ) from error


def _root(path: Path) -> Path:
    """Return the folder of the repository that a workflow is in: the one that holds ``.github``, else its own."""
    for parent in path.parents:
        if parent.name == ".github":
            return parent.parent
    return path.parent


def _actions(root: Path, sources: Sequence[Source]) -> Mapping[str, Source]:
    found: dict[str, Source] = {}
    waiting = sorted(
        {folder for source in sources for folder in local_actions(read_workflow(source))}
    )
    while waiting and len(found) < _MAX_ACTIONS:
        folder = waiting.pop()
        source = None if folder in found or folder.startswith("..") else _action(root, folder)
        if source is not None:
            found[folder] = source
            waiting += sorted(actions_within(source))
    return found


def _action(root: Path, folder: str) -> Source | None:
    for name in ("action.yml", "action.yaml"):
        path = root / folder / name
        if path.is_file():
            return Source(_shown(path), _read(path))
    return None


def _sets(root: Path, names: Sequence[str], pattern: str) -> bool:
    for name in names:
        path = root / name
        if path.is_file() and re.search(
            pattern, _read(path).decode(errors="replace"), re.MULTILINE
        ):
            return True
    return False
