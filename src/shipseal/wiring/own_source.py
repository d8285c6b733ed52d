"""Where this very shipseal comes from, so that a CI system can take the same: installers write it down.

Source: the Python Packaging User Guide, "Recording the Direct URL Origin of installed distributions" (PEP 610).
"""

import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shipseal import __version__
from shipseal.build.git import git_facts, normal_remote
from shipseal.errors import ShipsealError

HOME = "https://github.com/shipseal/shipseal"
"""Taken where nothing says where the source is published; a commit that it does not have cannot be taken from it."""


@dataclass(frozen=True, slots=True)
class OwnSource:
    """Where the source is.

    Attributes:
        url: of the repository.
        commit: of it; empty when nobody knows.
        version: of shipseal.
        sure: whether the address is known, and not :data:`HOME`.
    """

    url: str
    commit: str
    version: str
    sure: bool


def own_source() -> OwnSource:
    """Return what the installation says of itself."""
    told = _direct_url()
    url, commit = str(told.get("url", "")), ""
    vcs = told.get("vcs_info")
    if isinstance(vcs, dict):
        url, commit = normal_remote(url), str(vcs.get("commit_id", ""))
    elif url.startswith("file:"):
        url, commit = _of_folder(Path(unquote(urlsplit(url).path)))
    else:
        url = ""
    return OwnSource(url or HOME, commit, __version__, bool(url))


def _of_folder(folder: Path) -> tuple[str, str]:
    try:
        facts = git_facts(folder)
    except (ShipsealError, OSError):
        return "", ""
    return facts.remote, facts.commit


def _direct_url() -> dict[str, object]:
    try:
        text = distribution("shipseal").read_text("direct_url.json")
        told = json.loads(text or "{}")
    except (PackageNotFoundError, OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
