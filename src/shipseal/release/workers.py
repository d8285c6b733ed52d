"""Threads for work in parallel that can be called off: by a failure elsewhere, or by a person."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from shipseal._internal.process import end_all_tools
from shipseal._internal.threads import thread_pool
from shipseal.release.cancel import Cancel, CancelledError


@contextmanager
def workers(cancel: Cancel, count: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Give a pool of threads.

    When the block fails, the rest of the work is called off and awaited, so that nothing goes on behind the error. When
    a signal ends it, nobody is waited for: tools are ended, and the process is about to go.

    Args:
        cancel: is set when the block does not end well.
        count: of threads.
        name: of threads, for debuggers.
    """
    pool = thread_pool(count, name)
    try:
        yield pool
    except Exception:
        cancel.set()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    except BaseException:
        cancel.set()
        end_all_tools()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown(wait=True)


def raise_cause(jobs: Sequence[Future[None]]) -> None:
    """Wait for all ``jobs``, and raise what went wrong: of several, the one that made the others be called off."""
    failed = [error for job in jobs if (error := job.exception()) is not None]
    failed.sort(key=lambda error: isinstance(error, CancelledError))
    if failed:
        raise failed[0]
