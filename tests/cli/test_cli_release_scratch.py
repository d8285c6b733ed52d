"""A release that is told to end takes its temporary folders along."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from shipseal._internal.clock import SystemClock
from shipseal._internal.leftovers import remove_own_scratch, scratch_folder
from shipseal.errors import Exit
from tests.support.fake_syft import FakeSyft
from tests.support.release_project import PASSWORD, Project


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_tools_run_leaves_no_temporary_folder(
    tmp_path: Path, number: signal.Signals
) -> None:
    project = Project(tmp_path / "project")
    syft = FakeSyft(tmp_path / "tool", "sleep 60")
    project.configure(sbom={"syft": str(syft.path)})
    project.build()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    # Whoever runs the tests with nohup lets them ignore it, and that is inherited.
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    running = subprocess.Popen(
        [sys.executable, "-m", "shipseal.cli.main", "release", "--version", "1.0.0"],
        cwd=project.folder,
        env={
            **os.environ,
            "TMPDIR": str(scratch),
            "SHIPSEAL_CACHE": str(tmp_path / "cache"),
            "SHIPSEAL_KEY_PASSWORD": PASSWORD,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    signal.signal(signal.SIGHUP, inherited)
    try:
        deadline = time.monotonic() + 20
        while not list(scratch.glob("shipseal-sbom-*/syft")):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.3)
        running.send_signal(number)
        out, _ = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == Exit.INTERRUPTED, out
    assert list(scratch.glob("shipseal-*")) == []


def test_what_another_thread_has_in_use_is_removed_when_the_process_ends(tmp_path: Path) -> None:
    made, end = threading.Event(), threading.Event()
    written: list[Path] = []

    def work() -> None:
        with scratch_folder("sbom", tmp_path) as folder:
            (folder / "layer").write_bytes(b"x")
            written.append(folder)
            made.set()
            end.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert made.wait(10)
        assert written[0].exists()
        remove_own_scratch(SystemClock())
        assert list(tmp_path.iterdir()) == []
    finally:
        end.set()
        thread.join()
