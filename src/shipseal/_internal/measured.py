"""A child process that tells how much memory it took."""

import os
import resource
import subprocess
import sys
from typing import Any

# The kernels of Apple count bytes, all others KiB (man 2 getrusage).
_UNIT = 1 if sys.platform == "darwin" else 1024


class MeasuredProcess(subprocess.Popen[bytes]):
    """A process whose peak memory is known once it has ended.

    The kernel tells it to whoever waits for the process (``wait4``, man 2 wait4), once; :class:`subprocess.Popen` waits
    with ``waitpid`` and throws it away, in one small method that is its own. Where that method is another one day, the
    peak stays 0, which means unknown; a test would tell.

    A child begins as a copy of this process, and the kernel counts that too: what is not more than this process ever
    had says nothing of the child, and is unknown.

    Attributes:
        peak: most bytes that it, or a child that it waited for, had in memory; 0 when that is not known.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.peak = 0
        self._ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        super().__init__(*args, **options)

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        try:
            pid, status, usage = os.wait4(self.pid, wait_flags)
        except ChildProcessError:
            # Somebody else has waited for it: as Popen does, it counts as ended well.
            return self.pid, 0
        if pid == self.pid and usage.ru_maxrss > self._ours:
            self.peak = usage.ru_maxrss * _UNIT
        return pid, status
