"""Threads for work in parallel, with everything ready that must not be made by two of them at once.

msgspec learns a shape (a :class:`msgspec.Struct`) when it is first decoded, which runs Python to read its annotations;
two threads that decode a new shape at the same time crash the interpreter (seen with 0.22; a decoder that exists is
safe). So every shape that is known is learned before threads begin.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec

_learned: set[type[msgspec.Struct]] = set()
_learning = threading.Lock()


def thread_pool(count: int, name: str) -> ThreadPoolExecutor:
    """Return ``count`` threads, one at least; whoever asks shuts them down.

    Args:
        count: how many.
        name: what they are called in debuggers.
    """
    learn_shapes()
    return ThreadPoolExecutor(max(1, count), thread_name_prefix=name)


def learn_shapes() -> None:
    """Let msgspec learn every shape that is defined by now and that it does not know."""
    with _learning:
        for shape in set(_shapes(msgspec.Struct)) - _learned:
            _learn(shape)


def _learn(shape: type[msgspec.Struct]) -> None:
    _learned.add(shape)
    try:
        msgspec.json.Decoder(shape)
    except TypeError:
        # One that is only written, and has members that cannot be read: nobody decodes it.
        return


def _shapes(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for shape in base.__subclasses__():
        yield shape
        yield from _shapes(shape)
