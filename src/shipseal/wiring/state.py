"""Where things lie on this machine."""

from collections.abc import Mapping
from pathlib import Path

from shipseal.release.folders import StateFolder

FILE_NAME = "shipseal.yaml"


def state_folder(config: Path | None, env: Mapping[str, str]) -> StateFolder:
    """Return the state folder: ``SHIPSEAL_STATE``, else ``.shipseal`` beside the configuration file.

    Args:
        config: the configuration file; None for the one in the current folder. It need not exist.
        env: the environment.
    """
    if env.get("SHIPSEAL_STATE"):
        return StateFolder(Path(env["SHIPSEAL_STATE"]).absolute())
    return StateFolder((config or Path(FILE_NAME)).absolute().parent / ".shipseal")


def grype_cache(env: Mapping[str, str]) -> Path | None:
    """Return where Grype's database is, when the environment says so; nothing else of Grype's environment is used."""
    found = env.get("GRYPE_DB_CACHE_DIR", "")
    return Path(found) if found else None
