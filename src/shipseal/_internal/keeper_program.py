"""The keeper's own program: it outlives shipseal by a moment, and ends what shipseal left running.

It is run as a file, alone: it imports nothing of shipseal, so that it starts in a few milliseconds. Standard input is a
pipe whose other end shipseal holds. A line there means that shipseal ended by itself and left nothing; its end without
a line means that shipseal was killed.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

_GRACE_SECONDS = 2.0
_MOST_SECONDS = 30.0
_PAUSE_SECONDS = 0.05
# A process that was being started when shipseal was killed carries the mark only a moment later.
_QUIET_LOOKS = 6


def marked(mark: str) -> Iterator[int]:
    """Yield the processes that were started with ``mark`` (``NAME=value``) in their environment."""
    wanted = mark.encode()
    for name in os.listdir("/proc"):  # noqa: PTH208 - quick
        if name.isdecimal():
            # It has ended meanwhile, or belongs to somebody else.
            with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as stream:  # noqa: PTH123 - quick
                if wanted in stream.read(1 << 20).split(b"\0"):
                    yield int(name)


def end_all(mark: str, *, now: Callable[[], float] = time.monotonic) -> None:
    """End all marked processes and their groups: politely, after two seconds not; return when none is left."""
    started, told, quiet = now(), set[int](), 0
    while quiet < _QUIET_LOOKS and now() < started + _MOST_SECONDS:
        found = set(marked(mark))
        late = now() > started + _GRACE_SECONDS
        for process in found if late else found - told:
            _signal(process, signal.SIGKILL if late else signal.SIGTERM)
        told |= found
        quiet = 0 if found else quiet + 1
        time.sleep(_PAUSE_SECONDS)


def _signal(process: int, number: int) -> None:
    with contextlib.suppress(OSError):
        # A tool leads the group of all that it started and that did not leave it.
        if os.getpgid(process) == process:
            os.killpg(process, number)
        else:
            os.kill(process, number)


def main(mark: str) -> None:
    """Wait for shipseal to end, and clean up after it if it was killed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not sys.stdin.buffer.readline(16):
        end_all(mark)


if __name__ == "__main__":
    main(sys.argv[1])
