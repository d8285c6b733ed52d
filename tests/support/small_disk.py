"""Disks of a few pages, real ones: a tmpfs in a mount namespace of its own, in which a scene of a test runs.

Run as ``python -m tests.support.small_disk SCENE ARGUMENTS``: whatever a scene returns is printed as JSON. The mounts
are gone with the process, however it ends.
"""

import contextlib
import gc
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shipseal._internal.limits import KIB
from tests.support.missing import UNAVOIDABLE
from tests.support.tools import ROOT

_PAGE = 4 * KIB


@dataclass(frozen=True)
class Room:
    """What a disk has room for.

    Attributes:
        pages: of 4 KiB; None for plenty.
        files: and folders, its own included; None for plenty.
    """

    pages: int | None = None
    files: int | None = None

    @property
    def options(self) -> str:
        """The options of the mount."""
        size = 64 * KIB * KIB if self.pages is None else self.pages * _PAGE
        return f"size={size},nr_inodes={self.files or 100_000}"


PLENTY = Room()


class Disk:
    """A mounted disk.

    Args:
        place: the folder that it is mounted on.
        room: how much there is.
    """

    def __init__(self, place: Path, room: Room) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        _do("mount", "-t", "tmpfs", "-o", room.options, "small", str(place))

    def resize(self, room: Room) -> None:
        """Give it other room; what is on it stays."""
        _do("mount", "-o", f"remount,{room.options}", str(self.place))

    def read_only(self, *, yes: bool) -> None:
        """Let nobody write to it, or let everybody again."""
        _do("mount", "-o", f"remount,{'ro' if yes else 'rw'}", str(self.place))

    def unmount(self) -> None:
        """Take it away with all that is on it."""
        unmount(self.place)


@contextlib.contextmanager
def disk(place: Path, room: Room = PLENTY) -> Iterator[Disk]:
    """Give a disk that is there for a while."""
    mounted = Disk(place, room)
    try:
        yield mounted
    finally:
        # A command ends with its process, and leaves the database that it has open to that; here it goes on.
        gc.collect()
        mounted.unmount()


def unmount(place: Path) -> None:
    """Take away what is mounted on a folder."""
    _do("umount", str(place))


def half_files(layout: Path) -> list[str]:
    """Return the blobs below ``layout`` that are not what their names promise."""
    return [
        str(path)
        for path in (layout / "blobs").rglob("*")
        if path.is_file()
        and not path.name.startswith(".")
        and hashlib.sha256(path.read_bytes()).hexdigest() != path.name
    ]


def play(scene: str, *words: str, cwd: Path) -> Any:
    """Run ``module:function`` with ``words`` where it may mount, and return what it returns.

    Skips the test on machines that let nobody mount.
    """
    # As root without a new user: in a user namespace some kernels forget the size of a tmpfs.
    flags = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    inside = ["unshare", *flags, "--propagation", "private"]
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], check=False).returncode:
        pytest.skip(f"{UNAVOIDABLE}nobody may mount here")
    words = (sys.executable, "-m", "tests.support.small_disk", scene, *words)
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "TMPDIR": str(cwd)}
    done = subprocess.run(
        [*inside, *words], capture_output=True, text=True, cwd=cwd, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _do(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def _main(scene: str, *words: str) -> None:
    module, _, name = scene.partition(":")
    sys.stdout.write(json.dumps(getattr(importlib.import_module(module), name)(*words)) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
