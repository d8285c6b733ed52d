"""Nothing that shipseal starts outlives it, not even when it is killed.

``SIGKILL``, the kernel when memory runs out, and a runner that takes a job away give no chance to clean up. So with
the first outside tool a keeper is started, a small process in a session of its own that holds a pipe to this one. When
the pipe ends without a farewell, it ends every process that carries this run's mark in its environment, and the groups
that those lead. The mark is inherited, so what left its group or session is found, too; and it is there from the first
moment of a tool, so no kill comes in between. (``PR_SET_PDEATHSIG`` would reach the tool itself but nothing that it
started, and must be set between fork and exec, where a process with threads may run next to nothing.)
"""

import atexit
import contextlib
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from shipseal._internal import keeper_program

NAME = "SHIPSEAL_STARTED_BY"
"""The variable that what is started carries."""
_FAREWELL_SECONDS = 2.0


class Keeper:
    """Starts the keeper when it is first needed, and again if somebody ended it."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def watch(self) -> Mapping[str, str]:
        """Make sure that the keeper runs, and return the variables by which it knows what to end.

        Where there is no ``/proc``, or no process can be started, there is no keeper: tools then end with an
        interrupt and with their deadline, as always, but not with a kill.
        """
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._farewell(self._process)
                self._process = None
            if self._process is None and _can_watch():
                with contextlib.suppress(OSError):
                    self._process = self._start()
        return {NAME: self.mark}

    @property
    def pid(self) -> int | None:
        """The keeper's process; None when there is none."""
        return self._process.pid if self._process else None

    def dismiss(self) -> None:
        """Let the keeper go: this process ends by itself."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            self._farewell(process)

    def _farewell(self, process: "subprocess.Popen[bytes]") -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            process.communicate(b"done\n", _FAREWELL_SECONDS)

    def _start(self) -> "subprocess.Popen[bytes]":
        started = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", keeper_program.__file__, f"{NAME}={self.mark}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        atexit.register(self.dismiss)
        return started


def _can_watch() -> bool:
    return bool(sys.executable) and Path("/proc/self/environ").exists()


KEEPER = Keeper()
"""The keeper of this process."""
