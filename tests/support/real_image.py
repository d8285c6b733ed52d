"""A real image for tests: Debian, Python and npm packages, made by ``scripts/real_image.py`` and kept between runs."""

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import ROOT, need

_HOME = ROOT / "build" / "real-image"
_SECONDS = 240.0


def real_image(*, planted: str = "") -> Path:
    """Return the OCI layout of the small real image; nobody may write to it.

    Fails the test when the packages cannot be fetched. Several workers wait for each other.

    Args:
        planted: one more Python package, as ``name==version``.
    """
    for program in ("apt-get", "dpkg-deb", "npm"):
        need(program)
    words = ["--small", *(["--planted", planted] if planted else [])]
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / ".making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Path(json.loads(_make(*words))["layout"])


def _make(*words: str) -> str:
    argv = [sys.executable, str(ROOT / "scripts" / "real_image.py"), *words]
    try:
        done = subprocess.run(
            argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        pytest.fail(_told(f"it did not end within {_SECONDS:.0f} s"), pytrace=False)
    if done.returncode:
        pytest.fail(_told(done.stderr.strip()[-1500:]), pytrace=False)
    return done.stdout


def _told(reason: str) -> str:
    return (
        "the real image could not be made: the package registries that apt, pip and npm of this machine are "
        f"configured for must be reachable once, its packages are kept in {_HOME}\n{reason}"
    )
