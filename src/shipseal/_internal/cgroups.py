"""What this process's control groups allow: a share of the processors, and memory.

Both versions are read (kernel documentation: admin-guide/cgroup-v2, cgroup-v1/memory, scheduler/sched-bwc), because
machines with both are common, and a container often sees its own group mounted as the root of all. A limit of any
group above counts as well: the tightest one holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.limits import MIB, Limit, read_file
from shipseal.errors import ShipsealError

_KERNEL_FILE = Limit(
    "kernel status file", 4 * MIB, "mount tables of container hosts have thousands of lines"
)
# Version 1 says "no limit" with the largest number of pages that there can be.
_UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """What the control groups leave to this process and its children.

    Attributes:
        cpus: processors' worth of time; None when that is not limited.
        memory: bytes that may be used in all; None when that is not limited.
        free: bytes of these that are not in use yet; files that the kernel can drop at once count as free.
    """

    cpus: float | None = None
    memory: int | None = None
    free: int | None = None


def group_limits(root: Path = Path("/")) -> GroupLimits:
    """Return the limits of this process's control groups; what cannot be read limits nothing.

    Args:
        root: where ``proc`` and ``sys`` lie.
    """
    memories = [pair for group in _groups(root, "memory") if (pair := _memory(group))]
    cpus = [quota for group in _groups(root, "cpu") if (quota := _cpus(group)) is not None]
    memory, free = min(memories, key=lambda pair: pair[1], default=(None, None))
    return GroupLimits(min(cpus, default=None), memory, free)


@dataclass(frozen=True, slots=True)
class _Mount:
    """A mounted hierarchy: version 2, or version 1 with its controllers."""

    root: str
    point: str
    unified: bool
    controllers: frozenset[str]


def own_groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folder of this process's group in every hierarchy with ``controller``.

    Args:
        root: where ``proc`` and ``sys`` lie.
        controller: ``memory``, ``cpu``.
    """
    for folder, _ in _own(root, controller):
        yield folder


def numbers_in(path: Path) -> Mapping[str, int]:
    """Return what a file of the kernel with a name and a number in each line says; what cannot be read says nothing."""
    found = (line.partition(" ") for line in _lines(path))
    return {name: number for name, _, text in found if (number := _whole(text)) is not None}


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folder of this process's group and those above it, in every hierarchy with ``controller``."""
    for folder, top in _own(root, controller):
        yield from _upwards(folder, top)


def _own(root: Path, controller: str) -> Iterator[tuple[Path, Path]]:
    """Yield the folder of this process's group and that of all groups, of every hierarchy with ``controller``.

    In a container the group's own folder may be mounted as that of all, and then its path leads nowhere.
    """
    paths = dict(_own_paths(root))
    for mount in _mounts(root):
        if not mount.unified and controller not in mount.controllers:
            continue
        own = paths.get("" if mount.unified else controller)
        if own is not None:
            top = root / mount.point.lstrip("/")
            folder = top / _below(own, mount.root)
            yield folder if folder.is_dir() else top, top


def _own_paths(root: Path) -> Iterator[tuple[str, str]]:
    """Yield controller (empty for version 2) and path of this process's groups (man 7 cgroups)."""
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for name in controllers.split(","):
            yield name, path


def _mounts(root: Path) -> Iterator[_Mount]:
    """Yield where control groups are mounted (man 5 proc_pid_mountinfo)."""
    for line in _lines(root / "proc/self/mountinfo"):
        place, found, kind = line.partition(" - ")
        fields, words = place.split(), kind.split()
        if found and len(fields) > 4 and len(words) > 2 and words[0] in ("cgroup", "cgroup2"):
            names = frozenset(words[2].split(","))
            yield _Mount(fields[3], fields[4], words[0] == "cgroup2", names)


def _below(path: str, mounted: str) -> str:
    """Return ``path`` relative to the group that is mounted; of a group that is not below it nothing is seen."""
    if mounted == "/":
        inside = path
    elif path == mounted or path.startswith(f"{mounted}/"):
        inside = path[len(mounted) :]
    else:
        inside = ""
    return "" if ".." in inside.split("/") else inside.lstrip("/")


def _upwards(folder: Path, top: Path) -> Iterator[Path]:
    yield folder
    while folder != top and top in folder.parents:
        folder = folder.parent
        yield folder


def _memory(group: Path) -> tuple[int, int] | None:
    """Return limit and what is free of it; None without a limit."""
    names = ("memory.max", "memory.high", "memory.limit_in_bytes")
    limits = [found for name in names if (found := _number(group / name)) is not None]
    limit = min(limits, default=_UNLIMITED)
    if limit >= _UNLIMITED:
        return None
    used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes") or 0
    stated = numbers_in(group / "memory.stat")
    cold = stated.get("total_inactive_file", stated.get("inactive_file", 0))
    return limit, max(0, limit - max(0, used - cold))


def _cpus(group: Path) -> float | None:
    """Return the processors' worth of time; None when it is not limited."""
    words = next(_lines(group / "cpu.max"), "").split()
    if len(words) != 2:
        quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    else:
        quota, period = _whole(words[0]), _whole(words[1])
    return quota / period if quota and period else None


def _number(path: Path) -> int | None:
    return _whole(next(iter(_lines(path)), ""))


def _whole(text: str) -> int | None:
    """Return a number of at least zero; None for ``max``, ``-1`` and anything else."""
    return int(text) if text.isascii() and text.isdigit() else None


def _lines(path: Path) -> Iterator[str]:
    try:
        text = read_file(path, _KERNEL_FILE).decode("utf-8", "replace")
    except (OSError, ShipsealError):
        return iter(())
    return iter(text.splitlines())
