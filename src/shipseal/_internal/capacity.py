"""What this machine has for outside tools: cores and memory, and who says so."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.cgroups import GroupLimits, group_limits
from shipseal._internal.limits import MIB, Limit, read_file
from shipseal.errors import ShipsealError

_MEMINFO = Limit("/proc/meminfo", MIB, "the kernel writes some fifty short lines")


@dataclass(frozen=True, slots=True)
class Machine:
    """What may be used.

    Attributes:
        cores: processors that this process may run on, at least 1.
        cores_from: who says so.
        memory: bytes that are free.
        memory_from: who says so.
    """

    cores: int
    cores_from: str
    memory: int
    memory_from: str


def this_machine(root: Path = Path("/")) -> Machine:
    """Return what this process may use now: the tightest of what hardware, affinity and control groups say.

    Args:
        root: where ``proc`` and ``sys`` lie.
    """
    limits = group_limits(root)
    cores, cores_from = _cores(limits)
    memory, memory_from = _memory(root, limits)
    return Machine(cores, cores_from, memory, memory_from)


def _cores(limits: GroupLimits) -> tuple[int, str]:
    cores, said = _processors()
    # One and a half processors' worth of time is used best by two threads; Go rounds up, too.
    if limits.cpus is not None and math.ceil(limits.cpus) < cores:
        return max(
            1, math.ceil(limits.cpus)
        ), f"the control group's quota of {limits.cpus:g} processors"
    return cores, said


def _processors() -> tuple[int, str]:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)), "the processors that this process may run on"
    return os.cpu_count() or 1, "the machine's processors"


def _memory(root: Path, limits: GroupLimits) -> tuple[int, str]:
    free, said = _available(root)
    if limits.free is not None and limits.free < free:
        return limits.free, "what is free below the control group's limit"
    return free, said


def _available(root: Path) -> tuple[int, str]:
    try:
        text = read_file(root / "proc/meminfo", _MEMINFO).decode("ascii", "replace")
    except (OSError, ShipsealError):
        text = ""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["MemAvailable:"] and len(words) > 1 and words[1].isdigit():
            return int(words[1]) * 1024, "what the kernel calls available"
    # Without a kernel that tells, half of what is built in is as good a guess as any.
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf(
        "SC_PHYS_PAGES"
    ) // 2, "half of the machine's memory"
