"""Whether the kernel ended a process for want of memory, read from files as kernels and containers have them."""

from pathlib import Path

import pytest

from shipseal._internal.memory import KillCounts, memory_limit

V1 = "9:name=systemd:/\n4:memory:/job/7\n0::/\n"
V2 = "0::/job/7\n"


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
        ("", "proc/vmstat", "pgfault 1\noom_kill {}\nfoo_oom_kill 5\n"),
    ],
)
def test_a_count_that_rises_says_so(tmp_path: Path, groups: str, name: str, text: str) -> None:
    write(tmp_path, {"proc/self/cgroup": groups, name: text.format(3)})
    before = KillCounts.now(tmp_path)
    assert KillCounts.now(tmp_path).risen(before) is False
    write(tmp_path, {name: text.format(4)})
    assert KillCounts.now(tmp_path).risen(before) is True


@pytest.mark.parametrize(
    "files", [{}, {"proc/self/cgroup": V1}, {"proc/vmstat": "oom_kill many\n"}]
)
def test_where_nothing_counts_nobody_knows(tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path, files)
    assert KillCounts.now(tmp_path).risen(KillCounts.now(tmp_path)) is None


def test_this_machine_can_tell() -> None:
    assert KillCounts.now().counts


@pytest.mark.parametrize(
    ("groups", "name", "text", "limit"),
    [
        (V1, "sys/fs/cgroup/memory/job/7/memory.limit_in_bytes", "1048576\n", 1048576),
        (V1, "sys/fs/cgroup/memory/job/7/memory.limit_in_bytes", "9223372036854771712\n", None),
        (V2, "sys/fs/cgroup/job/7/memory.max", "2097152\n", 2097152),
        (V2, "sys/fs/cgroup/job/7/memory.max", "max\n", None),
        ("", "nothing", "", None),
    ],
)
def test_the_limit_of_the_group_is_read(
    tmp_path: Path, groups: str, name: str, text: str, limit: int | None
) -> None:
    write(tmp_path, {"proc/self/cgroup": groups, name: text})
    assert memory_limit(tmp_path) == limit
