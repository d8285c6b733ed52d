"""What a failure code means, where it comes from and what to do: the words of ``docs/errors.md``, as data.

`make docs` writes the data from the page, so that the program and the page cannot say different things.
"""

from functools import cache
from importlib.resources import files

import msgspec

from shipseal._internal.limits import CONFIG_FILE, read_limited

DATA = "failure_texts.json"


class FailureText(msgspec.Struct, frozen=True):
    """The entry of one code.

    Attributes:
        means: what happened.
        cause: where it comes from; may be empty.
        do: what to do.
    """

    means: str
    cause: str
    do: str


def failure_text(code: str) -> FailureText | None:
    """Return the entry of ``code``; None when there is none."""
    return _all().get(code)


@cache
def _all() -> dict[str, FailureText]:
    with files("shipseal.release").joinpath(DATA).open("rb") as stream:
        data = read_limited(stream, CONFIG_FILE, what=DATA)
    return msgspec.json.decode(data, type=dict[str, FailureText])
