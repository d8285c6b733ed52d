"""Starts the machine's own package tools; what they say when they fail is what this program says."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_MIB = 1024 * 1024


def output(
    *argv: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> bytes:
    """Return the standard output of ``argv``; ``env`` is added to this process's environment."""
    try:
        done = subprocess.run(
            argv, env={**os.environ, **(env or {})}, cwd=cwd, capture_output=True, check=False
        )
    except FileNotFoundError:
        sys.exit(f"{argv[0]} is not installed; it is needed to make a real image")
    if done.returncode:
        tail = done.stderr.decode(errors="replace")[-2000:]
        sys.exit(f"{' '.join(map(str, argv[:6]))} ended with status {done.returncode}:\n{tail}")
    return done.stdout


@contextmanager
def piped(*argv: str) -> Iterator[IO[bytes]]:
    """Give the standard output of ``argv`` as a stream, and leave the program when it fails."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        yield process.stdout
        # A reader of archives stops at their end mark; the padding behind it must not break the pipe.
        while process.stdout.read(_MIB):
            pass
    if process.returncode:
        sys.exit(f"{' '.join(argv[:6])} ended with status {process.returncode}")
