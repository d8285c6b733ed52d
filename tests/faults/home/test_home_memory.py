"""Memory that runs out, really: the kernel at a control group's limit, and ``ulimit -v`` for Syft and for us."""

import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.home_rows import MEMORY
from tests.support.missing import UNAVOIDABLE
from tests.support.tools import ROOT, need

MIB = 1 << 20
_GROUPS = Path("/sys/fs/cgroup/memory")
pytestmark = pytest.mark.faults

# Releases twice: with what the arguments say, then without.
_PROGRAM = """
import json, resource, sys
from pathlib import Path
from tests.support.disk_scenes import project_in

fault, limit, group = sys.argv[1:4]
with project_in(Path("project").absolute()) as project:
    undisturbed = project.undisturbed()
    import shutil
    shutil.rmtree(project.folder / "cache", ignore_errors=True)
    project.fault("syft-fault", fault)
    if group:
        Path(group, "cgroup.procs").write_text("0")
    if int(limit):
        most = resource.getrlimit(resource.RLIMIT_AS)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + int(limit), most[1]))
    told = project.ship()
    if int(limit):
        resource.setrlimit(resource.RLIMIT_AS, most)
    tags = [project.tags("a"), project.tags("b")]
    last = project.last_line()
    project.mend()
    again = project.resume()
    print(json.dumps({"value": told.value, "exit": told.exit, "err": told.err, "tags": tags, "last": last,
                      "again": again.exit, "same": project.public() == undisturbed}))
"""


@contextlib.contextmanager
def memory_group(limit: int) -> Iterator[Path]:
    """Give a control group (version 1) whose processes may use ``limit`` bytes in all."""
    try:
        (line,) = (
            line
            for line in Path("/proc/self/cgroup").read_text().splitlines()
            if line.split(":")[1] == "memory"
        )
        group = _GROUPS / line.split(":")[2].lstrip("/") / f"test-{uuid.uuid4().hex[:8]}"
        group.mkdir()
    except (OSError, ValueError):
        pytest.skip(f"{UNAVOIDABLE}there is no memory controller (version 1) that may be used")
    try:
        (group / "memory.limit_in_bytes").write_text(str(limit))
        with contextlib.suppress(OSError):
            (group / "memory.memsw.limit_in_bytes").write_text(str(limit))
        yield group
    finally:
        group.rmdir()


def ran(cwd: Path, fault: str, *, limit: int = 0, group: Path | None = None) -> dict[str, Any]:
    """Run the program and return what it saw."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    words = [sys.executable, "-c", _PROGRAM, fault, str(limit), str(group or "")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=cwd, env=env, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def judge(key: str, seen: dict[str, Any], *named: str) -> None:
    row = MEMORY[key]
    value = seen["value"]
    assert (value["status"], value["code"], seen["exit"]) == (row.outcome, row.code, row.exit), seen
    told = f"{value['message']} {value['hint']}"
    assert all(name in told for name in named), told
    assert "memory" in value["hint"]
    assert seen["last"]["code"] == row.code
    assert (seen["tags"], seen["again"], seen["same"]) == ([{}, {}], 0, True), seen


def test_the_kernel_kills_a_tool_at_the_limit_of_its_group(tmp_path: Path) -> None:
    with memory_group(400 * MIB) as group:
        seen = ran(tmp_path, "tail /dev/zero; exit $?", group=group)
    judge("group", seen, "by the kernel, because memory ran out", f"{400 * MIB} bytes")
    assert seen["err"].count("trying again") >= 2


def test_real_syft_that_gets_no_memory(tmp_path: Path) -> None:
    seen = ran(tmp_path, f'ulimit -v 500000; exec {need("syft")} "$@"')
    judge("real-syft", seen, "syft failed with status 2", "memory")


def test_shipseal_that_gets_no_memory(tmp_path: Path) -> None:
    seen = ran(tmp_path, 'head -c 300000000 /dev/zero > "$SPDX"; exit 0', limit=250 * MIB)
    judge("python", seen, "shipseal ran out of memory")


def test_every_row_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [key for key in MEMORY if f'"{key}"' not in source] == []
