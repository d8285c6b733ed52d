"""Runs one program from a process so small that its own memory cannot be taken for the program's.

    python -I -S bench/peak.py OUTPUT PROGRAM [WORD ...]

The kernel's high-water mark of a process begins with that of the process it was started from. Prints as JSON what the
program took: seconds of wall clock and of CPU, the most KiB of memory, and its status. What it prints goes to OUTPUT.
"""

import json
import os
import sys
import time


def main(output: str, argv: list[str]) -> None:
    """Run the program and print."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    started = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    cpu = used.ru_utime + used.ru_stime
    taken = {"seconds": seconds, "cpu": cpu, "kib": used.ru_maxrss}
    print(json.dumps(taken | {"status": os.waitstatus_to_exitcode(status)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
