"""A control group of version 1 with little memory, for real: what runs in it is ended when it takes more."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_MOUNT = Path("/sys/fs/cgroup/memory")


@dataclass(frozen=True)
class MemoryGroup:
    """A group that was made for a test.

    Attributes:
        folder: where the kernel shows it.
    """

    folder: Path

    def run(
        self, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, timeout: float
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program in the group."""
        # The shell joins the group and becomes the program; nothing of the program runs outside.
        words = ["/bin/sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh"]
        return subprocess.run(
            [*words, *map(str, argv)],
            env=dict(env),
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def number(self, name: str) -> int:
        """Return what one of the group's files says."""
        return int((self.folder / name).read_text())

    @property
    def killed(self) -> int:
        """How many processes the kernel ended for want of memory."""
        for line in (self.folder / "memory.oom_control").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
        raise AssertionError("this kernel does not count what it kills")


@contextlib.contextmanager
def memory_group(limit: int) -> Iterator[MemoryGroup]:
    """Make a group that may use ``limit`` bytes; skip where that cannot be done."""
    folder = _own() / f"shipseal-test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(limit))
    except OSError as error:
        with contextlib.suppress(OSError):
            folder.rmdir()
        pytest.skip(f"no control group of version 1 can be made here: {error}")
    try:
        yield MemoryGroup(folder)
    finally:
        for _ in range(100):
            # The kernel lets go of a group a moment after its last process.
            with contextlib.suppress(OSError):
                folder.rmdir()
                break
            time.sleep(0.05)


def _own() -> Path:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            found = _MOUNT / path.lstrip("/")
            return found if found.is_dir() else _MOUNT
    pytest.skip("memory is not controlled by control groups of version 1 here")
