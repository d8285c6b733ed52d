"""Advisory databases from the command line, the configuration and the environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shipseal._internal.user_cache import cache_root

if TYPE_CHECKING:
    from shipseal.advisories.compiled import CompiledDatabase
    from shipseal.advisories.facts import DatabaseFacts

VARIABLE = "SHIPSEAL_DB"


def own_advisories(env: Mapping[str, str]) -> Path:
    """Return the folder of this user's own advisory database, whether it is there or not."""
    return cache_root(env) / "advisories"


def advisory_database(env: Mapping[str, str]) -> Path | None:
    """Return ``SHIPSEAL_DB``, else this user's own advisory database when there is one."""
    if env.get(VARIABLE):
        return Path(env[VARIABLE])
    own = own_advisories(env)
    return own if own.exists() else None


def open_advisories(path: Path, env: Mapping[str, str]) -> "CompiledDatabase":
    """Open the advisories at ``path``: a compiled database, or OSV files, which are compiled once.

    Raises:
        ScanError: ``scan.db-unavailable``: there is nothing, or it is malformed, damaged or of a newer format.
        ShipsealError: ``resource.disk-full``.
    """
    from shipseal.advisories.place import CacheFolders, open_place  # noqa: PLC0415 - when it is used

    return open_place(path, CacheFolders.below(cache_root(env)))


def advisory_facts(path: Path, env: Mapping[str, str]) -> "DatabaseFacts":
    """Open the advisories at ``path`` and return what is known of them.

    Raises:
        ScanError: see :func:`open_advisories`.
    """
    return open_advisories(path, env).facts()
