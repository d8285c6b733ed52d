"""What a CI system must have for the releases of a configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal.build.git import git_facts
from shipseal.config.ci_facts import CiFacts, ci_facts
from shipseal.config.load import LoadedConfig, load
from shipseal.wiring.keys import signing_mode


@dataclass(frozen=True, slots=True)
class Ground:
    """What a file for a CI system is made for.

    Attributes:
        loaded: the configuration.
        root: of the repository.
        facts: what a job needs.
    """

    loaded: LoadedConfig
    root: Path
    facts: CiFacts


def ground(config: Path | None, env: Mapping[str, str]) -> Ground:
    """Return what ``config`` asks for.

    Args:
        config: the configuration; None for ``shipseal.yaml`` here.
        env: the environment, which may override it.

    Raises:
        ConfigError: there is no configuration, or it is wrong.
    """
    loaded = load(config, env=env, overrides={})
    root = git_facts(loaded.folder).root or loaded.folder
    return Ground(loaded, root, ci_facts(loaded, root, keyless=signing_mode(loaded) == "keyless"))
