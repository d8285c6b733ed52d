"""What one measurement can be told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What one measurement can be told.

    Attributes:
        small: use the small image, or 16 MiB instead of 1 GiB: figures that mean nothing, in seconds.
        rounds: how often; None for what the part finds right.
        minutes: begin no further round when it could end later than that.
        samples: where a profile writes what it has seen; None for nowhere.
    """

    small: bool = False
    rounds: int | None = None
    minutes: float = 9.0
    samples: Path | None = None
