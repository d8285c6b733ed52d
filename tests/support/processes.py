"""Commands as child processes that can be interrupted.

A program whose parent ignores SIGINT (``nohup``, or ``&`` in a script) ignores it too, and Python then installs no
handler: a test that interrupts such a child would wait for ever. So children get the default back.
"""

import sys

_LAUNCHER = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def python_argv(*words: str) -> list[str]:
    """Return a command line that runs this Python with ``words`` in its own process, where signals reach it."""
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, *words]
