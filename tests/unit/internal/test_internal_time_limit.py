"""An end to what blocks, whatever it is, and nothing that is left behind."""

import signal
import threading
import time

import pytest

from shipseal._internal.time_limit import time_limit


class TooLong(Exception):
    """Raised at the end."""


def test_what_blocks_ends() -> None:
    began = time.monotonic()
    with pytest.raises(TooLong), time_limit(0.1, TooLong):
        threading.Event().wait(60)
    assert time.monotonic() - began < 30


def test_what_ends_in_time_is_left_alone_and_so_are_timers_of_before() -> None:
    handler = signal.getsignal(signal.SIGALRM)
    seen: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: seen.append(number))
    timer = signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with time_limit(20, TooLong):
            time.sleep(0.01)
        time.sleep(0.6)
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)
    assert seen == [signal.SIGALRM]
    assert signal.getsignal(signal.SIGALRM) is handler


def test_elsewhere_than_in_the_main_thread_nothing_is_limited() -> None:
    done: list[bool] = []

    def work() -> None:
        with time_limit(0.05, TooLong):
            time.sleep(0.2)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
