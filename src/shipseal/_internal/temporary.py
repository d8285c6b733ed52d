"""Where temporary files go, settled before anything long begins.

Python takes another folder in silence when TMPDIR cannot be used, and outside tools do not: who sets it to a large disk
means that one. So what is named must be usable, and only where nothing is named the usual place is taken.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from shipseal._internal.machine_faults import disk_error
from shipseal.errors import Code, ConfigError

_VARIABLE = "TMPDIR"
_USUAL = "/tmp"  # noqa: S108 - files in it are made by mkstemp and mkdtemp alone


def check_temporary(env: Mapping[str, str]) -> Path:
    """Return the folder for temporary files, in which one was made and removed just now.

    Args:
        env: the environment.

    Raises:
        ConfigError: it is not there, or cannot be written.
        ShipsealError: ``resource.disk-full``.
    """
    named = env.get(_VARIABLE, "")
    folder = Path(named or _USUAL)
    try:
        descriptor, probe = tempfile.mkstemp(dir=folder.absolute(), prefix=".shipseal-")
        os.close(descriptor)
        Path(probe).unlink()
    except OSError as error:
        full = disk_error(error, folder)
        if full is not None and full.code is Code.DISK_FULL:
            raise full from error
        who = f"{_VARIABLE}: {folder}" if named else f"{folder}, where temporary files go"
        raise ConfigError(
            f"{who}: cannot be written: {error.strerror}",
            hint=f"set {_VARIABLE} to a folder that is there, can be written, and has room for the unpacked image",
            context={"path": str(folder)},
        ) from error
    return folder
