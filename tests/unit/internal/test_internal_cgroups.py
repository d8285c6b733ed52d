"""Control groups of both versions: the tightest limit from a process's own group up to the root holds."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from shipseal._internal.capacity import this_machine
from shipseal._internal.cgroups import GroupLimits, group_limits

GIB = 1 << 30
V1_MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""
V1_GROUPS = "4:memory:/jobs/one\n3:cpu,cpuacct:/jobs/one\n1:name=systemd:/jobs\n0::/\n"
V2_MOUNTS = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def machine(root: Path, files: Mapping[str, str]) -> Path:
    """Write the files that the kernel would show."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def v1(root: Path, **files: str) -> Path:
    own = {
        "proc/self/mountinfo": V1_MOUNTS,
        "proc/self/cgroup": V1_GROUPS,
        "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_period_us": "100000\n",
    }
    return machine(root, own | {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def v2(root: Path, **files: str) -> Path:
    own = {"proc/self/mountinfo": V2_MOUNTS, "proc/self/cgroup": "0::/jobs/one\n"}
    return machine(root, own | {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def test_a_group_without_limits_limits_nothing(tmp_path: Path) -> None:
    assert group_limits(v1(tmp_path / "1")) == GroupLimits()
    empty = {"jobs/one/memory.max": "max\n", "jobs/one/cpu.max": "max 100000\n"}
    assert group_limits(v2(tmp_path / "2", **empty)) == GroupLimits()
    assert group_limits(tmp_path / "nothing") == GroupLimits()


def test_version_1_tells_memory_and_processors(tmp_path: Path) -> None:
    found = group_limits(
        v1(
            tmp_path,
            **{
                "memory/jobs/one/memory.limit_in_bytes": f"{2 * GIB}\n",
                "memory/jobs/one/memory.usage_in_bytes": f"{GIB}\n",
                "memory/jobs/one/memory.stat": f"inactive_file 5\ntotal_inactive_file {GIB // 2}\n",
                "cpu,cpuacct/jobs/one/cpu.cfs_quota_us": "150000\n",
            },
        )
    )
    # Half of what is in use are files that the kernel can drop at once.
    assert found == GroupLimits(cpus=1.5, memory=2 * GIB, free=GIB + GIB // 2)


def test_version_2_tells_memory_and_processors(tmp_path: Path) -> None:
    found = group_limits(
        v2(
            tmp_path,
            **{
                "jobs/one/memory.max": f"{2 * GIB}\n",
                "jobs/one/memory.current": f"{GIB}\n",
                "jobs/one/memory.stat": "anon 7\ninactive_file 0\n",
                "jobs/one/cpu.max": "200000 100000\n",
            },
        )
    )
    assert found == GroupLimits(cpus=2.0, memory=2 * GIB, free=GIB)


def test_a_group_above_is_tighter(tmp_path: Path) -> None:
    found = group_limits(
        v2(
            tmp_path,
            **{
                "jobs/one/memory.max": f"{8 * GIB}\n",
                "jobs/memory.high": f"{GIB}\n",
                "jobs/one/cpu.max": "800000 100000\n",
                "jobs/cpu.max": "100000 100000\n",
            },
        )
    )
    assert found == GroupLimits(cpus=1.0, memory=GIB, free=GIB)


@pytest.mark.parametrize("path", ["/docker/abc", "/docker/abc/inner", "/somewhere/else", "/../up"])
def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path, path: str) -> None:
    found = group_limits(
        machine(
            tmp_path,
            {
                "proc/self/mountinfo": "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
                "proc/self/cgroup": f"4:memory:{path}\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}\n",
            },
        )
    )
    assert found.memory == GIB


@pytest.mark.parametrize("garbage", ["", "x y\n", "-5\n", "max\n", "12 13 14\n", "\xff\n", "1e9\n"])
def test_what_cannot_be_read_limits_nothing(tmp_path: Path, garbage: str) -> None:
    names = ("memory.max", "memory.high", "memory.limit_in_bytes", "cpu.max", "cpu.cfs_quota_us")
    root = v2(tmp_path, **{f"jobs/one/{name}": garbage for name in names})
    assert group_limits(root) == GroupLimits()


def test_a_machine_is_as_large_as_the_tightest_says(tmp_path: Path) -> None:
    root = v2(tmp_path, **{"jobs/one/memory.max": f"{GIB}\n", "jobs/one/cpu.max": "10000 100000\n"})
    (root / "proc/meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable: {8 << 20} kB\n")
    found = this_machine(root)
    assert (found.cores, found.memory) == (1, GIB)
    assert found.memory_from == "what is free below the control group's limit"
    assert found.cores_from in (
        "the control group's quota of 0.1 processors",
        "the processors that this process may run on",
    )


def test_a_machine_without_groups_is_what_the_kernel_says(tmp_path: Path) -> None:
    root = machine(tmp_path, {"proc/meminfo": "MemAvailable: 4096 kB\n"})
    found = this_machine(root)
    assert (found.memory, found.memory_from) == (4 << 20, "what the kernel calls available")
    assert found.cores >= 1


def test_a_kernel_that_tells_nothing_leaves_half_of_the_memory(tmp_path: Path) -> None:
    found = this_machine(tmp_path)
    assert found.memory > 0
    assert found.memory_from == "half of the machine's memory"


def test_this_very_machine_can_be_read() -> None:
    found = this_machine()
    assert found.cores >= 1
    assert found.memory > 0
