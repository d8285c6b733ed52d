"""Pushes a layout's image as a release does, blobs in parallel and the tag at the end, and does nothing else.

python -m bench.pushed LAYOUT REPOSITORY PARALLEL
"""

import sys
from pathlib import Path

from shipseal._internal.clock import SystemClock
from shipseal._internal.progress import SilentReporter
from shipseal._internal.retry import RetryPolicy
from shipseal.oci.closure import closure_of
from shipseal.oci.layout import OciLayout
from shipseal.oci.load import layout_root
from shipseal.registry.credentials import Anonymous
from shipseal.registry.factory import open_target
from shipseal.release.cancel import Cancel
from shipseal.release.steps.stage import Stager


def push(folder: Path, repository: str, parallel: int) -> None:
    """Push with the release's own stager."""
    layout = OciLayout(folder)
    root = layout_root(layout)
    target = open_target(
        repository,
        base=folder,
        hosts={},
        credentials=Anonymous(),
        clock=SystemClock(),
        policy=RetryPolicy(),
    )
    parts = closure_of(layout, root, what=str(folder))
    Stager(layout, parts, parallel, SilentReporter(), Cancel()).stage(target, (target,))
    target.put_tag("v1", root)
    target.close()


if __name__ == "__main__":
    push(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
