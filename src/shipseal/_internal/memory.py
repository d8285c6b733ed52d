"""Who sent a SIGKILL: the kernel, because memory ran out, or somebody else. The exit status is the same for both.

The kernel counts the processes that it ends for want of memory: for the control group (v2 ``memory.events``, v1
``memory.oom_control``: ``oom_kill``; kernel documentation, cgroup-v2 and cgroup-v1/memory) and for the whole machine
(``/proc/vmstat``: ``oom_kill``). A count that has risen while a tool ran says that it was the kernel.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.limits import KIB, Limit, read_file
from shipseal.errors import ShipsealError

_STATUS_FILE = Limit("kernel status file", 256 * KIB, "the kernel writes a few hundred short lines")
_OOM_KILL = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)
_NO_LIMIT = 1 << 60


@dataclass(frozen=True, slots=True)
class KillCounts:
    """How often the kernel has ended a process for want of memory.

    Attributes:
        counts: by the file that says so; empty where nothing does.
    """

    counts: Mapping[Path, int]

    @classmethod
    def now(cls, root: Path = Path("/")) -> "KillCounts":
        """Return today's counts of this process's control group and of the machine.

        Args:
            root: where ``proc`` and ``sys`` lie.
        """
        files = [*_group_files(root, "memory.oom_control", "memory.events"), root / "proc/vmstat"]
        found = {path: _count(path) for path in files}
        return cls({path: count for path, count in found.items() if count is not None})

    def risen(self, before: "KillCounts") -> bool | None:
        """Return whether any count is higher than ``before``; None when nothing counts here."""
        both = self.counts.keys() & before.counts.keys()
        if not both:
            return None
        return any(self.counts[path] > before.counts[path] for path in both)


def memory_limit(root: Path = Path("/")) -> int | None:
    """Return the bytes that this process's control group may use; None when there is no limit, or none is known."""
    for path in _group_files(root, "memory.limit_in_bytes", "memory.max"):
        text = _read(path).strip()
        if text.isdigit() and int(text) < _NO_LIMIT:
            return int(text)
    return None


def _group_files(root: Path, v1: str, v2: str) -> Iterator[Path]:
    """Yield where the control group of this process keeps its files.

    In a container the group's own folder is mounted as the root of all, and its path leads nowhere.
    """
    mount = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").decode("utf-8", "replace").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if "memory" in controllers.split(","):
            base, name = mount / "memory", v1
        elif not controllers:
            base, name = mount, v2
        else:
            continue
        own = base / group.lstrip("/") / name
        yield own if own.exists() else base / name


def _count(path: Path) -> int | None:
    found = _OOM_KILL.search(_read(path))
    return int(found[1]) if found else None


def _read(path: Path) -> bytes:
    try:
        return read_file(path, _STATUS_FILE)
    except (OSError, ShipsealError):
        return b""
