"""What makes SBOMs, for commands that need no whole release: a cataloguer, and a way to repositories."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.budget import Wanted
from shipseal._internal.clock import Clock
from shipseal._internal.progress import Reporter
from shipseal._internal.retry import RetryPolicy
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.reference import Reference
from shipseal.registry.docker_config import DockerCredentials
from shipseal.registry.factory import open_target
from shipseal.registry.interface import Target
from shipseal.sbom.cache import SbomCache, cache_folder
from shipseal.sbom.interface import Cataloguer
from shipseal.sbom.syft import SyftCataloguer, SyftOptions
from shipseal.wiring.turns import DEFAULT_PARALLEL, turns_for

Connect = Callable[[Reference], Target]
"""Opens the repository that a reference lies in; whoever asks closes it."""


@dataclass(frozen=True, slots=True)
class Making:
    """How SBOMs are made.

    Attributes:
        binary: which Syft; empty leaves the choice.
        timeout: seconds for one run of Syft.
        epoch: SOURCE_DATE_EPOCH in seconds; None takes the image's own time.
    """

    binary: str
    timeout: float
    epoch: int | None


def cataloguer_for(
    making: Making, blobs: BlobStore, clock: Clock, reporter: Reporter
) -> Cataloguer:
    """Return the cataloguer, with the user's cache."""
    options = SyftOptions(binary=making.binary, timeout=making.timeout, epoch=making.epoch)
    cache = SbomCache(cache_folder(os.environ))
    return SyftCataloguer(
        options,
        blobs,
        cache,
        clock,
        reporter,
        turns=turns_for(Wanted(DEFAULT_PARALLEL), os.environ, clock),
    )


def connector(config: Path | None, clock: Clock) -> Connect:
    """Return what opens repositories: as the configuration says, or with Docker's credentials alone.

    Raises:
        ConfigError: the configuration is wrong.
    """
    if config is not None:
        from shipseal.config.load import load  # noqa: PLC0415 - pydantic only when it is needed
        from shipseal.wiring.targets import Connections  # noqa: PLC0415

        loaded = load(config, env=os.environ, overrides={})
        return Connections(loaded.config, loaded.path.parent, clock).repository

    def connect(reference: Reference) -> Target:
        return open_target(
            reference.name,
            base=Path(),
            hosts={},
            credentials=DockerCredentials(os.environ),
            clock=clock,
            policy=RetryPolicy(),
        )

    return connect
