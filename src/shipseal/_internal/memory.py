"""Who sent a SIGKILL: the kernel, because memory ran out, or somebody else. The exit status is the same for both.

The kernel counts the processes that it ends for want of memory: for the control group (v2 ``memory.events``, v1
``memory.oom_control``: ``oom_kill``; kernel documentation, cgroup-v2 and cgroup-v1/memory) and for the whole machine
(``/proc/vmstat``: ``oom_kill``). A count that has risen while a tool ran says that it was the kernel.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.cgroups import numbers_in, own_groups

_GROUP_FILES = ("memory.oom_control", "memory.events")


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
        files = [group / name for group in own_groups(root, "memory") for name in _GROUP_FILES]
        found = {path: numbers_in(path).get("oom_kill") for path in (*files, root / "proc/vmstat")}
        return cls({path: count for path, count in found.items() if count is not None})

    def risen(self, before: "KillCounts") -> bool | None:
        """Return whether any count is higher than ``before``; None when nothing counts here."""
        both = self.counts.keys() & before.counts.keys()
        if not both:
            return None
        return any(self.counts[path] > before.counts[path] for path in both)
