"""Build with docker buildx, or with a buildx binary that stands alone.

What buildx writes is an OCI layout in the release's own folder. Nothing goes into a docker daemon, nothing is pushed.
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shipseal._internal.process import ToolResult, find_tool, run_tool, tool_environment
from shipseal._internal.redact import register_secret
from shipseal.build.buildx_command import (
    BuildxOptions,
    build_command,
    config_labels,
    manifest_digests,
    read_metadata,
)
from shipseal.build.failures import build_failure
from shipseal.build.interface import Builder
from shipseal.build.materials import BASE_IMAGE, builder, image_reference
from shipseal.build.values import BuildRequest, Material, RawBuild
from shipseal.errors import Code, ImageError, ToolError
from shipseal.oci import Digest
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root

INSTALL = "install docker with its buildx plugin, or a buildx binary, or use another builder in shipseal.yaml"
DRIVER_HINT = (
    "see `docker buildx ls`: the docker driver writes no OCI layouts and no second platform; "
    "`docker buildx create --driver docker-container --use` makes a builder that does"
)
_ASKING = 60.0
_VERSION = re.compile(r"\bv?(\d+\.\d+\.\d+\S*)")
# What buildx itself reads beside what every tool inherits.
_SETTINGS = (
    "BUILDX_CONFIG", "BUILDX_BUILDER", "BUILDKIT_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH",
)  # fmt: skip
# GitHub's cache service (type=gha) takes its address and token from these; nothing else needs them.
_GITHUB_CACHE = (
    "ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_SERVICE_V2", "ACTIONS_RUNTIME_TOKEN",
    "GITHUB_REPOSITORY",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Bases:
    """What is known of base images; labels are None when they are not known."""

    labels: tuple[Mapping[str, str], ...] | None = None
    digests: frozenset[Digest] = frozenset()


class BuildxBuilder(Builder):
    """Builds a Containerfile with BuildKit.

    Args:
        options: how.
        environ: where settings of buildx are looked up; default this process's environment.
    """

    name = "buildx"

    def __init__(self, options: BuildxOptions, environ: Mapping[str, str] | None = None) -> None:
        self._options = options
        self._environ = os.environ if environ is None else environ

    def _build(self, request: BuildRequest) -> RawBuild:
        """Make the image; see :meth:`Builder.build` for what is raised, and ``config.invalid`` for wrong options."""
        work = request.work.resolve()
        folder, metadata = work / "image", work / "buildx-metadata.json"
        words, handed = build_command(self._options, request, folder, metadata)
        command = find_buildx(self._options.program)
        env = tool_environment(self._settings() | handed)
        version = self._version(command, env)
        # A layout from a build that was interrupted is not mixed with this one.
        shutil.rmtree(folder, ignore_errors=True)
        work.mkdir(parents=True, exist_ok=True)
        _checked(run_tool([*command, *words], timeout=request.timeout, env=env, cwd=request.folder))
        told = read_metadata(metadata)
        layout = OciLayout(folder)
        root = layout_root(layout).digest
        if root != told.digest:
            raise ImageError(
                Code.DIGEST_MISMATCH,
                f"buildx says that it made {told.digest}, but its layout holds {root}",
                hint="another build wrote to the same folder: run the release again",
                context={"expected": told.digest, "got": root},
            )
        bases = [one for one in told.materials or () if one.name == BASE_IMAGE]
        known = _Bases() if told.materials is None else self._bases(command, bases, env)
        return RawBuild(
            layout=layout,
            root=root,
            materials=(*(told.materials or ()), builder("buildx", version, Path(command[0]))),
            builder=f"buildx {version}",
            base_labels=known.labels,
            base_digests=known.digests,
        )

    def _settings(self) -> dict[str, str]:
        caches = (*self._options.cache_from, *self._options.cache_to)
        names = [*_SETTINGS, *(_GITHUB_CACHE if any("type=gha" in one for one in caches) else ())]
        register_secret(self._environ.get("ACTIONS_RUNTIME_TOKEN", ""))
        return {name: self._environ[name] for name in names if name in self._environ}

    def _version(self, command: Sequence[str], env: Mapping[str, str]) -> str:
        result = _checked(run_tool([*command, "version"], timeout=_ASKING, env=env))
        found = _VERSION.search(result.stdout.decode("utf-8", "replace"))
        return found[1] if found else "unknown"

    def _bases(
        self, command: Sequence[str], bases: Sequence[Material], env: Mapping[str, str]
    ) -> _Bases:
        """Return what the registries say of the base images; nothing is known when one of them does not answer."""
        chosen = [f"--builder={self._options.builder}"] if self._options.builder else []
        labels: list[Mapping[str, str]] = []
        digests: set[Digest] = set()
        for base in bases:
            asked = ["imagetools", "inspect", *chosen, "--format={{json .}}", image_reference(base)]
            result = run_tool([*command, *asked], timeout=_ASKING, env=env)
            if result.status:
                return _Bases()
            document = msgspec.json.decode(result.stdout)
            labels += config_labels(document.get("image"))
            digests |= manifest_digests(document.get("manifest"))
        return _Bases(tuple(labels), frozenset(digests))


def find_buildx(program: str = "") -> list[str]:
    """Return how buildx is started: as docker's plugin or by itself.

    Args:
        program: a path, or a name on PATH; empty leaves the choice.

    Raises:
        ToolError: ``tool.missing``.
    """
    if program:
        found = find_tool(program, hint=INSTALL)
        return [str(found), "buildx"] if found.name == "docker" else [str(found)]
    docker, alone = shutil.which("docker"), shutil.which("buildx")
    if docker and run_tool([docker, "buildx", "version"], timeout=_ASKING).status == 0:
        return [docker, "buildx"]
    if alone:
        return [alone]
    raise ToolError(
        Code.TOOL_MISSING,
        f"{'docker is there, but it has no buildx plugin' if docker else 'docker: no such program'}, "
        "and there is no buildx on PATH",
        hint=INSTALL,
        context={"tool": "buildx"},
    )


def _checked(result: ToolResult) -> ToolResult:
    if result.status:
        raise build_failure("buildx", result, hint=DRIVER_HINT)
    return result
