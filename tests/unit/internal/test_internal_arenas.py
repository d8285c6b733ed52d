"""Threads that take turns with large documents share their memory."""

import platform
import subprocess
import sys

import pytest

_THREADS = """
import ctypes, sys, threading
from shipseal._internal.arenas import one_arena
if sys.argv[1] == "one":
    one_arena()
def work():
    kept.append([bytes(100_000) for _ in range(50)])
    both.wait(30)
kept, both = [], threading.Barrier(2)
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
@pytest.mark.parametrize(("asked", "several"), [("one", False), ("default", True)])
def test_threads_take_memory_from_one_arena(asked: str, several: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _THREADS, asked], capture_output=True, text=True, check=True
    )
    assert ("Arena 1:" in done.stderr) is several
