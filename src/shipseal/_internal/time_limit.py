"""An end to something that blocks, however it blocks: time-outs of sockets begin anew with every byte that comes."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def time_limit(seconds: float, error: Callable[[], Exception]) -> Iterator[None]:
    """Raise ``error()`` inside of the block when it takes longer than ``seconds``.

    It needs signals, so that elsewhere than in the main thread, and where there is no such signal, nothing is limited.
    A timer that ran before runs on afterwards.

    Args:
        seconds: of real time, more than 0.
        error: makes what is raised.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(*_: object) -> None:
        raise error()

    handler = signal.signal(signal.SIGALRM, end)
    earlier = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *earlier)
