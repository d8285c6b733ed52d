"""From the bytes of a log to what they prove."""

from collections.abc import Iterable

from shipseal.runbook.diagnosis import Diagnosis
from shipseal.runbook.facts import Facts


def diagnose(chunks: Iterable[bytes], facts: Facts | None = None) -> tuple[Diagnosis, ...]:
    """Return what a log says went wrong, best first; empty when the log holds no failure.

    Args:
        chunks: the log's bytes in any cut; read once, never kept as a whole.
        facts: what is known about the run besides its log.
    """
    raise NotImplementedError
