"""Two releases of one version at once: on one machine, on two, and with a lock that a dead one left."""

import fcntl
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from shipseal.errors import Exit
from shipseal.release.folders import StateFolder
from shipseal.release.lock import Holder
from tests.faults.crash.conftest import Prepared
from tests.faults.crash_rows import LOCKS
from tests.support.kills import KILLED, NEW, Scene, left_behind
from tests.support.proofs import proves

HOST = socket.gethostname()


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def lock_of(scene: Scene) -> Path:
    return StateFolder(scene.home).lock("app", NEW)


@pytest.fixture
def scene(layouts: Prepared) -> Scene:
    layouts.scene.reset()
    return layouts.scene


@pytest.fixture
def held(scene: Scene) -> Iterator["subprocess.Popen[str]"]:
    """Yield a release that runs, and waits in the middle."""
    go_on = scene.folder / "go-on"
    go_on.unlink(missing_ok=True)
    first = scene.start("--version", NEW, entry=20, when="", wait=str(go_on))
    try:
        wait_until(lambda: any(path.read_text().count("\n") >= 20 for path in scene.journals()))
        yield first
    finally:
        first.kill()
        first.communicate()


@proves(LOCKS["held"])
def test_a_second_process_is_told_who_holds_the_lock_and_what_to_do(
    scene: Scene, held: "subprocess.Popen[str]", layouts: Prepared
) -> None:
    second = scene.run()
    assert second.status == LOCKS["held"].exit
    told = rf"{LOCKS['held'].code}: .*process {held.pid} on {re.escape(HOST)} since \d{{4}}-\S+Z"
    assert re.search(told, second.out), second.out
    assert "hint: wait for it, or end that process; its release can be resumed" in second.out
    (scene.folder / "go-on").touch()
    out, _ = held.communicate(timeout=60)
    assert held.returncode == 0, out
    assert scene.outcome() == layouts.undisturbed.outcome
    assert left_behind(scene) == []


@proves(LOCKS["killed"])
def test_the_lock_of_a_killed_process_is_free_at_once(
    scene: Scene, held: "subprocess.Popen[str]", layouts: Prepared
) -> None:
    assert msgspec.json.decode(lock_of(scene).read_bytes(), type=Holder).pid == held.pid
    held.kill()
    held.wait()
    assert held.returncode == KILLED
    assert scene.run(resume=True).status == 0
    assert scene.outcome().tags == layouts.undisturbed.outcome.tags
    assert lock_of(scene).read_bytes() == b""


@proves(LOCKS["stale"])
@pytest.mark.parametrize(
    "holder",
    [
        Holder(2**22 - 1, HOST, "2026-01-01T00:00:00Z", "1.1.0-dead"),
        Holder(os.getpid(), HOST, "2026-01-01T00:00:00Z", "1.1.0-reused"),
        Holder(1, "another-host", "2026-01-01T00:00:00Z", "1.1.0-elsewhere"),
        None,
    ],
    ids=["dead-process", "number-of-another-process", "dead-host", "torn"],
)
def test_what_stands_in_a_lock_file_holds_nobody(scene: Scene, holder: Holder | None) -> None:
    path = lock_of(scene)
    path.parent.mkdir(parents=True)
    path.write_bytes(msgspec.json.encode(holder) if holder else b'{"pid":12')
    ran = scene.run()
    assert ran.status == LOCKS["stale"].exit, ran.out
    assert path.read_bytes() == b""


@proves(LOCKS["other-host"])
def test_a_lock_that_another_host_holds_names_it(scene: Scene) -> None:
    path = lock_of(scene)
    path.parent.mkdir(parents=True)
    other = Holder(4711, "builder-7", "2026-05-01T10:00:00Z", "1.1.0-theirs")
    path.write_bytes(msgspec.json.encode(other))
    # On a shared file system the server keeps the lock; a descriptor of this process stands for the other host's.
    with path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        ran = scene.run()
    assert ran.status == LOCKS["other-host"].exit
    assert f"error {LOCKS['other-host'].code}:" in ran.out
    assert "process 4711 on builder-7 since 2026-05-01T10:00:00Z" in ran.out
    assert not scene.journals()


def test_tools_of_a_dead_release_do_not_hold_its_lock(
    scene: Scene, held: "subprocess.Popen[str]"
) -> None:
    argv = [sys.executable, "-c", _LIST_OPEN, str(lock_of(scene))]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    assert told == [str(held.pid)]


_LIST_OPEN = """
import os, sys
for name in filter(str.isdecimal, os.listdir("/proc")):
    try:
        if any(os.readlink(f"/proc/{name}/fd/{fd}") == sys.argv[1] for fd in os.listdir(f"/proc/{name}/fd")):
            print(name)
    except OSError:
        pass
"""


@proves(LOCKS["two-machines"])
@pytest.mark.faults
@pytest.mark.parametrize("place", [0, 1], ids=["layouts", "registries"])
def test_two_machines_at_once_come_to_one_end(
    places: tuple[Prepared, Prepared], place: int
) -> None:
    found = places[place]
    scene = found.scene
    scene.reset()
    machines = []
    for number in range(2):
        scene.state = number
        machines.append(scene.start("--version", NEW))
    outs = [machine.communicate(timeout=60)[0] for machine in machines]
    for machine, out in zip(machines, outs, strict=True):
        # Who sees a tag that the other one moved in this very moment says so, and may be repeated.
        assert machine.returncode in (0, Exit.OUTSIDE, Exit.EVIDENCE), out
    for number in range(2):
        scene.state = number
        last = scene.run()
        assert last.status == 0, last.out
    assert list(scene.outcome().tags) == list(found.undisturbed.outcome.tags)
    kinds = [set(each.kinds) for each in scene.outcome().evidence]
    assert kinds == [set(each.kinds) for each in found.undisturbed.outcome.evidence]
    assert left_behind(scene) == []
