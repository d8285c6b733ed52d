"""What ends a release from outside, and what becomes of the tools that it had started."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipseal.errors import Exit
from shipseal.release.journal import read_journal
from tests.faults.crash.conftest import Prepared
from tests.faults.crash_rows import KILLS, SIGNALS
from tests.support.kills import KILLED, NEW, Scene, left_behind, processes_below
from tests.support.proofs import proves

# A Syft that unpacks for a minute, with a child that left its session.
_SLOW_SYFT = """#!/bin/sh
case "$1" in
version) echo '{"application":"syft","version":"9.9.9"}';;
*) echo unpacked > "$TMPDIR/layer"; setsid sleep 71 & sleep 72;;
esac
"""


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def scene(layouts: Prepared) -> Iterator[Scene]:
    """Yield a scene with a Syft that does not end."""
    scene = layouts.scene
    scene.reset()
    slow = scene.folder / "slow-syft"
    slow.write_text(_SLOW_SYFT)
    slow.chmod(0o755)
    scene.project.configure(sbom={"syft": str(slow)})
    yield scene
    scene.end()
    scene.project.configure()


def tools(scene: Scene) -> list[str]:
    """Return the processes of the slow Syft that run."""
    return [text for text in processes_below(scene.folder) if "sleep 7" in text]


def catalogues(scene: Scene) -> bool:
    """Return whether Syft is at work for both platforms, and the image is staged."""
    staged = [path.read_text().count('"target.staged"') for path in scene.journals()]
    return len(tools(scene)) == 4 and staged == [2]


def finish(scene: Scene, layouts: Prepared) -> None:
    """Let the release go on with the real Syft; the release is another one, because its configuration is."""
    scene.project.configure()
    last = scene.run()
    assert last.status == 0, last.out
    assert scene.outcome().tags == layouts.undisturbed.outcome.tags
    assert scene.outcome().evidence[0].kinds == layouts.undisturbed.outcome.evidence[0].kinds
    assert left_behind(scene) == []


@proves(KILLS["tools"])
def test_a_killed_release_takes_its_tools_with_it_and_the_next_run_its_files(
    scene: Scene, layouts: Prepared
) -> None:
    running = scene.start("--version", NEW)
    wait_until(lambda: catalogues(scene))
    assert len(list(scene.tmp.glob("shipseal-sbom-*"))) == 2
    running.kill()
    running.communicate()
    assert running.returncode == KILLED
    wait_until(lambda: not tools(scene), 10.0)
    assert list(scene.tmp.glob("shipseal-sbom-*/**/layer"))
    finish(scene, layouts)


@proves(*(SIGNALS[name] for name in ("SIGHUP", "SIGTERM", "SIGINT")))
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGHUP,
        pytest.param(signal.SIGTERM, marks=pytest.mark.faults),
        pytest.param(signal.SIGINT, marks=pytest.mark.faults),
    ],
)
def test_a_signal_interrupts_it_and_its_tools_are_gone(
    scene: Scene, layouts: Prepared, number: signal.Signals
) -> None:
    running = scene.start("--version", NEW)
    wait_until(lambda: catalogues(scene))
    running.send_signal(number)
    out, _ = running.communicate(timeout=20)
    row = SIGNALS[number.name]
    assert running.returncode == row.exit == Exit.INTERRUPTED, out
    assert "Traceback" not in out
    # What left its session is not in the group that shipseal ends, but it carries the mark.
    wait_until(lambda: not tools(scene), 10.0)
    last = read_journal(scene.journals()[0])[-1]
    assert (last.kind, last.data["status"]) == ("release.closed", row.outcome)
    assert last.data["message"] == "interrupted"
    finish(scene, layouts)


@proves(SIGNALS["nohup"])
@pytest.mark.faults
def test_what_was_started_with_nohup_goes_on(layouts: Prepared) -> None:
    scene = layouts.scene
    scene.reset()
    go_on = scene.folder / "go-on"
    go_on.unlink(missing_ok=True)
    running = scene.start("--version", NEW, entry=20, when="", wait=str(go_on), nohup=True)
    wait_until(lambda: any(path.read_text().count("\n") >= 20 for path in scene.journals()))
    running.send_signal(signal.SIGHUP)
    go_on.touch()
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 0, out
    assert scene.outcome() == layouts.undisturbed.outcome


_ON_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


@proves(SIGNALS["terminal"])
@pytest.mark.faults
def test_a_terminal_that_is_closed_interrupts_it(scene: Scene, layouts: Prepared) -> None:
    config = str(scene.project.folder / "shipseal.yaml")
    words = ["-m", "shipseal.cli.main", "release", "--version", NEW, "--config", config]
    master, terminal = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", _ON_TERMINAL, sys.executable, *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=scene.environment() | {"TERM": "xterm"},
        start_new_session=True,
    )
    os.close(terminal)
    try:
        wait_until(lambda: _drained(master) and catalogues(scene))
        os.close(master)
        assert running.wait(20) == Exit.INTERRUPTED
    finally:
        running.kill()
        running.wait()
    wait_until(lambda: not tools(scene), 10.0)
    last = read_journal(scene.journals()[0])[-1]
    assert (last.kind, last.data["message"]) == ("release.closed", "interrupted")
    finish(scene, layouts)


def _drained(master: int) -> bool:
    """Read what the terminal shows, so that nobody waits for room in it."""
    os.set_blocking(master, False)
    with contextlib.suppress(BlockingIOError):
        os.read(master, 1 << 16)
    return True


@proves(KILLS["machine"])
@pytest.mark.faults
def test_a_power_cut_of_the_whole_machine_leaves_its_files_to_the_next_run(
    scene: Scene, layouts: Prepared
) -> None:
    running = scene.start("--version", NEW)
    wait_until(lambda: catalogues(scene))
    # Everything at once, the keeper too: the group and all sessions below it, as a machine that stops.
    pids = [int(text.partition(":")[0]) for text in processes_below(scene.folder)]
    keepers = [
        path for path in Path("/proc").glob("[0-9]*/cmdline") if _is_keeper_of(path, running.pid)
    ]
    for pid in [*(int(path.parent.name) for path in keepers), running.pid, *pids]:
        os.kill(pid, signal.SIGKILL)
    running.communicate()
    wait_until(lambda: not tools(scene), 10.0)
    assert list(scene.tmp.glob("shipseal-sbom-*"))
    finish(scene, layouts)


def _is_keeper_of(cmdline: Path, parent: int) -> bool:
    try:
        status = (cmdline.parent / "status").read_text()
        return f"PPid:\t{parent}\n" in status and b"keeper_program" in cmdline.read_bytes()
    except OSError:
        return False
