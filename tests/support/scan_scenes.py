"""A scan whose outputs have no room, for ``tests.support.small_disk``."""

import contextlib
import io
from pathlib import Path
from typing import Any

from shipseal.cli.main import main
from tests.support.small_disk import Room, disk


def on_a_small_disk() -> dict[str, Any]:
    """Write outputs to a disk of one page, and return how each ended and what was left there."""
    statuses, told = {}, io.StringIO()
    with disk(Path("small"), Room(pages=1)) as mounted, contextlib.redirect_stderr(told):
        for name in ("html", "sarif"):
            output = f"{name}={mounted.place}/scan.{name}"
            words = ["scan", "sbom:app.json", "--db", "db.json", "-o", output]
            statuses[name] = main(words)
        left = sorted(path.name for path in mounted.place.iterdir())
    return {"statuses": statuses, "told": told.getvalue(), "left": left}
