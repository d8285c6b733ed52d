"""What shipseal started ends with it, however it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipseal._internal.keeper import KEEPER, NAME
from shipseal._internal.keeper_program import end_all, marked

_RUN = """
import sys
from pathlib import Path
from shipseal._internal.keeper import KEEPER
from shipseal._internal.process import run_tool
Path(sys.argv[1], "mark").write_text(KEEPER.mark)
run_tool(["/bin/sh", "-c", sys.argv[2]], timeout=60, cwd=Path(sys.argv[1]))
Path(sys.argv[1], "keeper").write_text(str(KEEPER.pid))
"""
# A tool that starts two processes, of which one leaves its session, and says so; then it waits.
_FAMILY = "setsid sleep 61 & sleep 62 & touch started; sleep 63"


@contextlib.contextmanager
def running(folder: Path, script: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a tool under a keeper in a process of its own."""
    argv = [sys.executable, "-c", _RUN, str(folder), script]
    with subprocess.Popen(argv) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def mark_of(folder: Path) -> str:
    return f"{NAME}={(folder / 'mark').read_text()}"


def keepers(mark: str) -> list[str]:
    """Return the keepers of one process: the mark is what they are told, not what they carry."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdecimal() and mark.encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_process_leaves_nothing_running(tmp_path: Path, how: signal.Signals) -> None:
    with running(tmp_path, _FAMILY) as process:
        wait_until((tmp_path / "started").exists)
        mark = mark_of(tmp_path)
        wait_until(lambda: len(list(marked(mark))) == 4)
        assert len(keepers(mark)) == 1
        process.send_signal(how)
        process.wait()
    wait_until(lambda: not list(marked(mark)))
    wait_until(lambda: not keepers(mark))


def test_a_kill_while_a_tool_is_being_started_leaves_nothing_either(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / "mark").unlink(missing_ok=True)
        with running(tmp_path, "exec sleep 64") as process:
            wait_until((tmp_path / "mark").exists)
            time.sleep(0.004 * number)
            process.kill()
            process.wait()
        mark = mark_of(tmp_path)
        wait_until(lambda mark=mark: not keepers(mark) and not list(marked(mark)))  # type: ignore[misc]


def test_tools_are_asked_to_end_before_they_are_made_to(tmp_path: Path) -> None:
    # Its standard error leads nowhere any more, and this shell would complain there about its child.
    script = (
        "trap '' PIPE; trap 'echo cleaned > cleaned; exit' TERM; touch started; "
        "while :; do sleep 0.05; done"
    )
    with running(tmp_path, script) as process:
        wait_until((tmp_path / "started").exists)
        process.kill()
    wait_until((tmp_path / "cleaned").exists)


def test_a_tool_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    script = "trap '' TERM; touch started; while :; do sleep 0.05; done"
    with running(tmp_path, script) as process:
        wait_until((tmp_path / "started").exists)
        mark = mark_of(tmp_path)
        process.kill()
    wait_until(lambda: not list(marked(mark)))


def test_who_ends_by_itself_leaves_what_it_meant_to_leave(tmp_path: Path) -> None:
    service = "setsid sh -c 'touch started; exec sleep 65' > /dev/null 2>&1 &"
    with running(tmp_path, f"{service} until [ -e started ]; do sleep 0.01; done") as process:
        assert process.wait() == 0
    mark = mark_of(tmp_path)
    left = list(marked(mark))
    try:
        assert len(left) == 1
        assert not keepers(mark)
    finally:
        end_all(mark)
    assert list(marked(mark)) == []


def test_a_keeper_that_somebody_ended_is_replaced() -> None:
    assert KEEPER.watch() == {NAME: KEEPER.mark}
    first = KEEPER.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: KEEPER.watch() and KEEPER.pid != first)
    KEEPER.dismiss()
    assert KEEPER.pid is None


def test_a_keeper_ignores_what_is_sent_to_everybody() -> None:
    KEEPER.watch()
    pid = KEEPER.pid
    assert pid is not None
    # The interpreter needs a moment until it ignores them.
    wait_until(lambda: b"keeper_program" in Path(f"/proc/{pid}/cmdline").read_bytes())
    wait_until(lambda: _ignores(pid, signal.SIGTERM))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    time.sleep(0.1)
    KEEPER.watch()
    assert KEEPER.pid == pid


def _ignores(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn"))
    return bool(int(ignored, 16) >> (number - 1) & 1)
