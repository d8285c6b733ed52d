"""Packages from apt for any architecture, through a private root.

The sources, keys and proxies are those that the machine itself uses, so that no mirror is named here; everything else
(state, downloads, preferences, hooks) is private, and the machine's own packages stay as they are.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from scripts.realimage.programs import output

_INSTALL = re.compile(r"Inst (?P<name>\S+) \((?P<version>\S+) .*\[(?P<arch>\S+)\]\)")


def download(architecture: str, wanted: Iterable[str], folder: Path) -> list[Path]:
    """Return the packages that ``wanted`` (names and apt patterns) need on an empty system, sorted by file name.

    Args:
        architecture: Debian's name, such as ``arm64``.
        wanted: what apt-get's ``install`` takes.
        folder: private state and downloads of this architecture; kept for the next run.
    """
    apt = _Apt(architecture, folder)
    apt.run("update")
    plan = apt.run("install", "--simulate", *wanted)
    apt.run("install", "--download-only", *wanted)
    names = (
        f"{found['name']}_{found['version'].replace(':', '%3a')}_{found['arch']}.deb"
        for found in _INSTALL.finditer(plan)
    )
    return sorted(folder / "cache" / "archives" / name for name in names)


class _Apt:
    """apt-get on a private root."""

    def __init__(self, architecture: str, folder: Path) -> None:
        for part in ("state/lists/partial", "cache/archives/partial", "none"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        self._settings = folder / "apt.conf"
        self._settings.write_text(_apt_settings(architecture, folder.resolve()))

    def run(self, *words: str) -> str:
        env = {
            "APT_CONFIG": str(self._settings),
            "LC_ALL": "C",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        return output("apt-get", "--yes", "--quiet=2", *words, env=env).decode()


def _apt_settings(architecture: str, folder: Path) -> str:
    """Return an apt.conf: how to reach the mirrors is the machine's, everything else is private."""
    reach = [
        line
        for line in output("apt-config", "dump").decode().splitlines()
        if line.startswith("Acquire::") and "IndexTargets" not in line
    ]
    private = {
        "APT::Architecture": architecture,
        "APT::Architectures::": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::State": f"{folder}/state/",
        "Dir::State::status": f"{folder}/status",
        "Dir::Cache": f"{folder}/cache/",
        "Dir::Log": f"{folder}/none/",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": f"{folder}/none/",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": f"{folder}/none/",
    }
    lines = (*reach, *(f'{key} "{value}";' for key, value in private.items()))
    return "\n".join(lines) + "\n"
