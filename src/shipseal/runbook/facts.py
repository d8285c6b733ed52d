"""What is known about a run besides its log."""

import msgspec


class Facts(msgspec.Struct, frozen=True):
    """Facts about a run.

    Attributes:
        fork: whether it is of a fork's pull request; None when nobody said.
    """

    fork: bool | None = None
