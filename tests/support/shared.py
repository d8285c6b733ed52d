"""Real data that lies beside the repository and is never copied into it."""

from pathlib import Path

from tests.support.missing import missing
from tests.support.tools import ROOT

SHARED = ROOT.parent / "shared"


def shared(path: str) -> Path:
    """Return a file or folder of ``../shared``.

    Skips the test when it is not there, or fails it under ``SHIPSEAL_REQUIRE_ALL=1``.
    """
    found = SHARED / path
    if not found.exists():
        missing(f"../shared/{path} is not there")
    return found
