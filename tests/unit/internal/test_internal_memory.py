"""Whether the kernel ended a process for want of memory, read from files as kernels and containers have them."""

from pathlib import Path

import pytest

from shipseal._internal.memory import KillCounts

V1 = {
    "proc/self/cgroup": "9:name=systemd:/\n4:memory:/job/7\n0::/\n",
    "proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
}
V2 = {
    "proc/self/cgroup": "0::/job/7\n",
    "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("groups", "name", "text"),
    [
        (V1, "sys/fs/cgroup/memory/job/7/memory.oom_control", "under_oom 0\noom_kill {}\n"),
        (V1, "sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\noom_kill {}\n"),
        (V2, "sys/fs/cgroup/job/7/memory.events", "low 0\noom 9\noom_kill {}\noom_group_kill 0\n"),
        (V2, "sys/fs/cgroup/memory.events", "oom_kill {}\n"),
        ({}, "proc/vmstat", "pgfault 1\noom_kill {}\nfoo_oom_kill 5\n"),
    ],
)
def test_a_count_that_rises_says_so(
    tmp_path: Path, groups: dict[str, str], name: str, text: str
) -> None:
    write(tmp_path, groups | {name: text.format(3)})
    before = KillCounts.now(tmp_path)
    assert KillCounts.now(tmp_path).risen(before) is False
    write(tmp_path, {name: text.format(4)})
    assert KillCounts.now(tmp_path).risen(before) is True


@pytest.mark.parametrize("files", [{}, V1, {"proc/vmstat": "oom_kill many\n"}])
def test_where_nothing_counts_nobody_knows(tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path, files)
    assert KillCounts.now(tmp_path).risen(KillCounts.now(tmp_path)) is None


def test_this_machine_can_tell() -> None:
    assert KillCounts.now().counts
