"""Outside tools for tests: real registries, cosign, Grype, buildah."""

import shutil
import sys
from pathlib import Path

from tests.support.missing import missing

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "tools" / "bin"


def need(name: str) -> Path:
    """Return the program ``name``: one that `make tools` built, else from PATH, else from the virtual environment.

    Skips the test when there is none, or fails it under ``SHIPSEAL_REQUIRE_ALL=1``.
    """
    folders = (str(BUILT), None, str(Path(sys.prefix) / "bin"))
    found = next(filter(None, (shutil.which(name, path=folder) for folder in folders)), None)
    if found is None:
        missing(f"{name} is not installed: run `make tools`")
    return Path(found).absolute()
