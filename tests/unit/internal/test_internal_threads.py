"""Threads begin when everything is ready that two of them must not make at once."""

import subprocess
import sys
import threading

import msgspec

from shipseal._internal.threads import learn_shapes, thread_pool

_counted: list[str] = []


def _seen() -> type[int]:
    """Return a type; msgspec calls this when it reads an annotation."""
    _counted.append("")
    return int


class Shape(msgspec.Struct):
    """A shape of which it is known how often it was learned."""

    number: "_seen()"  # type: ignore[valid-type]


class OnlyWritten(msgspec.Struct):
    """A shape that cannot be read: of two such members nobody knows which one is meant."""

    value: dict[str, int] | list[int] | threading.Event


# The interpreter changes threads as often as it can, and six of them decode what nobody has decoded before.
_RACE = """
import sys, threading, msgspec
from shipseal._internal.threads import thread_pool
sys.setswitchinterval(1e-6)
SOURCE = '''
from __future__ import annotations
import msgspec
class Leaf(msgspec.Struct):
    a: int = 0
    b: str = ""
class Middle(msgspec.Struct):
    leaf: Leaf | None = None
    leaves: list[Leaf] | None = None
class Root(msgspec.Struct):
    middle: Middle | None = None
    other: Middle | None = None
'''
for number in range(60):
    module = type(sys)(f"made{number}")
    sys.modules[module.__name__] = module
    exec(SOURCE, vars(module))
    barrier = threading.Barrier(6)
    def decode():
        barrier.wait()
        return msgspec.json.decode(b'{"middle":{"leaf":{"a":1}}}', type=module.Root)
    with thread_pool(6, "race") as pool:
        found = [one.result() for one in [pool.submit(decode) for _ in range(6)]]
    assert all(one.middle.leaf.a == 1 for one in found)
"""


def test_a_shape_is_learned_before_threads_begin_and_not_again() -> None:
    with thread_pool(2, "test") as pool:
        before = len(_counted)
        assert before >= 1
        found = list(pool.map(lambda _: msgspec.json.decode(b'{"number":1}', type=Shape), range(8)))
    assert [one.number for one in found] == [1] * 8
    assert len(_counted) == before


def test_a_shape_that_cannot_be_read_disturbs_nobody() -> None:
    learn_shapes()
    assert OnlyWritten({}).value == {}


def test_threads_that_decode_a_new_shape_at_once_do_not_crash() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _RACE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_pool_has_a_thread_at_least_and_its_name() -> None:
    with thread_pool(0, "lonely") as pool:
        assert pool.submit(lambda: threading.current_thread().name).result() == "lonely_0"
