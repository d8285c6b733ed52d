"""Work in threads that nobody has to wait for: what others never answer must not keep a program from ending."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from shipseal._internal.threads import learn_shapes

T = TypeVar("T")


def begin(call: Callable[[], T], name: str) -> "Future[T]":
    """Begin ``call`` in a thread of its own that ends with the program; its end or error is in what is returned.

    Args:
        call: the work.
        name: of the thread, for debuggers.
    """
    learn_shapes()
    job: Future[T] = Future()

    def work() -> None:
        try:
            job.set_result(call())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            job.set_exception(error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return job
