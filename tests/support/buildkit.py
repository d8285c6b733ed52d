"""A real BuildKit daemon on a socket of its own, and a buildx builder that uses it."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.missing import UNAVOIDABLE
from tests.support.tools import need

BUILDER = "shipseal-test"
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class BuildKit:
    """A daemon that runs.

    Attributes:
        buildx: the program.
        environment: what buildx needs to find the builder :data:`BUILDER`.
        log: what the daemon prints.
    """

    buildx: Path
    environment: dict[str, str]
    log: Path


@contextlib.contextmanager
def buildkit() -> Iterator[BuildKit]:
    """Run a daemon; skips where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip(f"{UNAVOIDABLE}BuildKit with an OCI worker needs root")
    daemon, buildx = need("buildkitd"), need("buildx")
    runtime = need("runc")
    # Not pytest's folder: the path of a socket has 108 bytes at most.
    with tempfile.TemporaryDirectory(prefix="bk-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        socket, log = folder / "s", folder / "log"
        argv = [
            str(daemon), f"--addr=unix://{socket}", f"--root={folder / 'root'}", "--containerd-worker=false",
            "--oci-worker=true", f"--oci-worker-binary={runtime}", "--oci-worker-snapshotter=native",
            "--oci-worker-net=host", "--oci-worker-gc=false",
        ]  # fmt: skip
        with log.open("wb") as output:
            process = subprocess.Popen(argv, stdout=output, stderr=output, start_new_session=True)
        try:
            _wait(process, socket, log)
            yield _builder(buildx, socket, folder, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def as_plugin(kit: BuildKit, folder: Path) -> tuple[Path, dict[str, str]]:
    """Return docker, with buildx as its plugin, and the environment in which it finds it."""
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip(f"{UNAVOIDABLE}docker is not on this machine")
    plugins = folder / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-buildx").symlink_to(kit.buildx)
    return Path(docker), kit.environment | {"DOCKER_CONFIG": str(folder)}


def _builder(buildx: Path, socket: Path, folder: Path, log: Path) -> BuildKit:
    environment = {"BUILDX_CONFIG": str(folder / "buildx"), "DOCKER_CONFIG": str(folder / "docker")}
    subprocess.run(
        [str(buildx), "create", f"--name={BUILDER}", "--driver=remote", f"unix://{socket}"],
        check=True,
        capture_output=True,
        env=os.environ | environment,
    )
    return BuildKit(buildx, environment, log)


def _wait(process: "subprocess.Popen[bytes]", socket: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if socket.exists() and b"running server on" in log.read_bytes():
            return
        time.sleep(0.02)
    raise RuntimeError(f"no BuildKit:\n{log.read_text('utf-8', 'replace')[-2000:]}")
