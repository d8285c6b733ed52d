"""What a release is run in."""

from collections.abc import Mapping
from dataclasses import dataclass

from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal._internal.retry import Left, endless
from shipseal.attest.key_files import PasswordSource


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a release is run in.

    Attributes:
        env: the environment.
        clock: time.
        reporter: hears of choices and progress.
        ask: asks a person for the key's password, where there is one to ask.
        left: how long may still be tried again; asked whenever something is.
    """

    env: Mapping[str, str]
    clock: Clock
    reporter: Reporter
    ask: PasswordSource
    left: Left = endless
