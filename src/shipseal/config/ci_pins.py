"""Which commit of each foreign action is used. A tag can be moved to other code, a commit cannot."""

from functools import cache
from importlib.resources import files

import msgspec

from shipseal._internal.limits import CONFIG_FILE, read_limited


class Pin(msgspec.Struct, frozen=True):
    """One action's commit, and the version that it has a tag of."""

    commit: str
    version: str


class Pins(msgspec.Struct, frozen=True):
    """All of them, and the day on which tags and commits were compared."""

    looked_up: str
    actions: dict[str, Pin]


@cache
def pins() -> Pins:
    """Return the pinned actions by name."""
    with (files("shipseal.config") / "ci_pins.json").open("rb") as stream:
        return msgspec.json.decode(
            read_limited(stream, CONFIG_FILE, what="ci_pins.json"), type=Pins
        )


def pinned(action: str) -> str:
    """Return ``NAME@COMMIT # VERSION`` for ``uses:``."""
    pin = pins().actions[action]
    return f"{action}@{pin.commit} # {pin.version}"
