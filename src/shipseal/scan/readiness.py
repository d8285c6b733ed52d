"""Whether an engine could scan now, asked before a scan begins."""

import msgspec


class Readiness(msgspec.Struct, frozen=True):
    """What an engine says of itself.

    Attributes:
        usable: whether it has all that it needs.
        why: what it has, or what is missing, in a few words.
        stale: whether all that is wrong is the age of its data.
    """

    usable: bool
    why: str
    stale: bool = False
