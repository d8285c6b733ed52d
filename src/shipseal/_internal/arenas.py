"""One heap for all threads: what one of them has given back is there for the next."""

import ctypes
from contextlib import suppress

# mallopt(3): M_ARENA_MAX.
_ARENA_MAX = -8


def one_arena() -> None:
    """Let every thread take its memory from one arena of the C library; without effect where that is not glibc's.

    By default each thread gets an arena of its own, up to eight for each core, and what was freed in one is of no use
    to the others. Threads that take turns with documents of tens of megabytes keep the room for several of them.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
