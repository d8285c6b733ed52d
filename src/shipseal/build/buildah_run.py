"""The buildah program on a private storage, within the time that the whole build has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shipseal._internal.limits import TOOL_STDERR, read_file
from shipseal._internal.process import ToolResult, run_tool, tool_environment
from shipseal.build.failures import build_failure
from shipseal.build.values import BuildRequest
from shipseal.errors import Code, ToolError
from shipseal.oci import Digest, digest_of

_VERSION = re.compile(r"\d+(?:\.\d+)+\S*")


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in buildah's storage.

    Attributes:
        manifest: digest of the platform's manifest; ``buildah images`` tells that of the index, where there is one.
        labels: of its configuration.
    """

    manifest: Digest
    labels: Mapping[str, str]


class Buildah:
    """Runs buildah.

    Every method raises what :func:`~shipseal.build.failures.build_failure` finds, and ``tool.crashed`` when the build's
    time is used up.

    Args:
        program: its path.
        request: names the folder for storage and temporary files, and the time in seconds.
        driver: storage driver.
        handed: variables that hold the build's secrets.
    """

    def __init__(
        self,
        program: Path,
        request: BuildRequest,
        driver: str,
        handed: Mapping[str, str],
    ) -> None:
        self._program = program
        self._driver = driver
        self._work = request.work.resolve()
        self._left = request.timeout
        self._pushed = 0
        temporary = self._work / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        self._env = tool_environment({**handed, "TMPDIR": str(temporary)})

    def version(self) -> str:
        """Return what the program says its version is."""
        found = _VERSION.search(self._run("--version").stdout.decode("utf-8", "replace"))
        return found[0] if found else "unknown"

    def build(self, arguments: list[str], platform: str) -> str:
        """Return the id of the image for ``platform``; empty means this machine's."""
        ids = self._work / "image-id"
        chosen = [f"--platform={platform}"] if platform else []
        self._stored("build", f"--iidfile={ids}", *chosen, *arguments)
        return read_file(ids, TOOL_STDERR).decode().strip()

    def push(self, image: str, form: str) -> Path:
        """Return a folder that holds ``image`` as the ``dir:`` transport writes it, layers compressed."""
        self._pushed += 1
        folder = self._work / f"pushed-{self._pushed}"
        self._stored("push", "--quiet", f"--format={form}", image, f"dir:{folder}")
        return folder

    def images(self) -> list[dict[str, object]]:
        """Return what ``buildah images`` says of everything in the storage."""
        found = msgspec.json.decode(self._stored("images", "--all", "--json", "--no-trunc").stdout)
        return [entry for entry in found or [] if isinstance(entry, dict)]

    def inspect(self, image: str) -> StoredImage:
        """Return what is known of an image in the storage."""
        document = msgspec.json.decode(self._stored("inspect", "--type=image", image).stdout)
        labels = document["OCIv1"].get("config", {}).get("Labels") or {}
        return StoredImage(
            manifest=digest_of(document["Manifest"].encode()),
            labels={str(key): str(text) for key, text in labels.items()},
        )

    def forget(self) -> None:
        """Let buildah empty its storage: every layer lies there unpacked. What stays does no harm."""
        self._run(*self._storage(), "rmi", "--all", "--force")

    def _stored(self, *words: str) -> ToolResult:
        result = self._run(*self._storage(), *words)
        if result.status:
            raise build_failure("buildah", result)
        return result

    def _storage(self) -> tuple[str, ...]:
        root, run = self._work / "storage", self._work / "run"
        return (
            f"--storage-driver={self._driver}",
            f"--root={root}",
            f"--runroot={run}",
        )

    def _run(self, *words: str) -> ToolResult:
        if self._left <= 0:
            raise ToolError(
                Code.TOOL_CRASHED,
                "buildah: the build's time is used up",
                hint="raise timeouts.build in shipseal.yaml",
                retryable=True,
            )
        argv = (str(self._program), *words)
        result = run_tool(argv, timeout=self._left, env=self._env, cwd=self._work)
        self._left -= result.seconds
        return result
