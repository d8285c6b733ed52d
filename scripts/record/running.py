"""Make the failure of one case."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.record.case import Case, Style
from scripts.record.scene import Scene, StepFailedError


@contextlib.contextmanager
def made(case: Case) -> Iterator[Scene]:
    """Make the failure, and hand over the scene that shows it; its servers have ended.

    Raises:
        RuntimeError: nothing failed, so that there is nothing to show.
    """
    # Not below a test's own folder: the path of a socket has 108 bytes at most.
    with tempfile.TemporaryDirectory(prefix="rec-", ignore_cleanup_errors=True) as name:
        with Scene(Path(name), traced=case.style is Style.TRACED) as scene:
            try:
                case.produce(scene)
            except StepFailedError:
                pass
            else:
                raise RuntimeError(f"{case.name}: no step failed")
        yield scene
