"""A rollback from the configuration: no builder, no scanner, and no private key where a public one is at hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shipseal.attest.interface import Trust
from shipseal.attest.trust import trust_in_keys
from shipseal.config.load import LoadedConfig, load
from shipseal.config.values import absolute_target
from shipseal.errors import ConfigError
from shipseal.registry.interface import Target
from shipseal.release.retold import RetoldReporter
from shipseal.release.rollback.values import Setup
from shipseal.verify.policy import TargetRule
from shipseal.wiring.keys import identity_trust, release_keys
from shipseal.wiring.rules import tag_rules
from shipseal.wiring.state import state_folder
from shipseal.wiring.surroundings import Surroundings
from shipseal.wiring.targets import Connections
from shipseal.wiring.verification import verify_policy

_PATIENCE = 60.0
"""Seconds: whoever rolls back waits for the answer, and can leave out a target that does not give one."""


@dataclass(frozen=True, slots=True)
class RollbackPlaces:
    """Where a rollback works.

    Attributes:
        config: the file; None for the one in the current folder.
        targets: those that are meant; empty for all of the configuration.
    """

    config: Path | None
    targets: Sequence[str] = ()


def rollback_setup(places: RollbackPlaces, around: Surroundings) -> Setup:
    """Return a rollback that can be planned; whoever asks closes the targets.

    Raises:
        ConfigError: the configuration is wrong, nobody is trusted, or a target is none of it.
    """
    loaded = load(places.config, env=around.env, overrides={})
    wanted = _wanted(loaded, places.targets)
    return Setup(
        state=state_folder(loaded.path, around.env),
        image=loaded.config.image,
        targets=_open(loaded, wanted, around),
        rules=tag_rules(loaded),
        policy=replace(verify_policy(loaded.config.verify), targets=TargetRule.ALL),
        trust=_trust(loaded, around),
        clock=around.clock,
        reporter=around.reporter,
        lock_wait=loaded.config.timeouts.lock,
    )


def _wanted(loaded: LoadedConfig, names: Sequence[str]) -> list[str]:
    known = list(loaded.config.targets)
    found = []
    for name in names:
        spellings = {name, absolute_target(name, Path.cwd()), absolute_target(name, loaded.folder)}
        match = next((one for one in known if one in spellings), None)
        if match is None:
            raise ConfigError(
                f"{name!r} is none of the targets: {', '.join(known)}",
                hint="name targets as they stand in the configuration",
                context={"target": name},
            )
        found.append(match)
    return [one for one in known if one in found] if names else known


def _open(loaded: LoadedConfig, texts: Sequence[str], around: Surroundings) -> tuple[Target, ...]:
    timeouts = loaded.config.timeouts
    patience = min(timeouts.retry_deadline, _PATIENCE)
    hasty = loaded.config.model_copy(
        update={"timeouts": timeouts.model_copy(update={"retry_deadline": patience})}
    )
    told = RetoldReporter(around.reporter).tried_again
    connections = Connections(hasty, loaded.folder, around.clock, told=told)
    return tuple(connections.open(text) for text in texts)


def _trust(loaded: LoadedConfig, around: Surroundings) -> Trust:
    """Return whom the release trusts, from what is public; the private key is opened only where there is no other."""
    if loaded.config.verify.identities:
        return identity_trust(loaded, around.env, around.clock)
    keys = loaded.config.verify.keys
    private = loaded.config.sign.key
    public = private.with_suffix(".pub") if isinstance(private, Path) else None
    if keys:
        return trust_in_keys(keys)
    if public and public.is_file():
        return trust_in_keys([public])
    # Nothing is signed here.
    return release_keys(loaded, around, dry_run=True).trust
