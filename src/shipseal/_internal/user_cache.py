"""Where this program keeps what it can make or fetch again."""

import os
from collections.abc import Mapping
from pathlib import Path

_NOWHERE = Path(os.devnull) / "HOME-is-not-set"


def cache_root(environ: Mapping[str, str]) -> Path:
    """Return the folder that all caches lie in: ``SHIPSEAL_CACHE``, else this user's cache folder.

    Without a home folder it is a place that nobody can make, so that nothing is kept, which is said; a folder that all
    users share would let any of them say what is in an image, and what is vulnerable.
    """
    if environ.get("SHIPSEAL_CACHE"):
        return Path(environ["SHIPSEAL_CACHE"])
    import platformdirs  # noqa: PLC0415 - not needed where the variable is set

    try:
        base = platformdirs.user_cache_dir("shipseal")
    except RuntimeError:
        base = "~"
    # A user without a home folder, as in many containers: this one would be made in the current one.
    return _NOWHERE if base.startswith("~") else Path(base)
