"""Before a release runs: what a killed one left on this machine goes, and what it made is durable.

Nothing that another process is using is touched: see :mod:`shipseal._internal.leftovers`.
"""

from pathlib import Path

from shipseal._internal.durable import disk_errors, fsync_names, make_folders
from shipseal._internal.leftovers import sweep_parts, sweep_scratch
from shipseal.release.folders import ATTEMPT, RESULTS, StateFolder


def make_ready(state: StateFolder, home: Path) -> int:
    """Make the folder of a release, and return how many leftovers of killed processes were removed.

    Folders are made durable even where they exist: who made them may have been killed before they were, and a line of a
    journal is not on disk as long as a folder above it may be lost.

    Args:
        state: the state folder.
        home: the release's own folder in it.

    Raises:
        ShipsealError: the folders cannot be written.
    """
    with disk_errors(home):
        make_folders(home)
        for path in (state.root, home.parent, home, state.blobs.root):
            if path.exists():
                fsync_names(path)
    folders = (home, home / RESULTS, home / ATTEMPT, home / ATTEMPT / RESULTS)
    return sum(map(sweep_parts, folders)) + state.blobs.sweep() + sweep_scratch()
