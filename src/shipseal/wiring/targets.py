"""Targets from their texts: how hosts are reached, who to be there, how long to try."""

import os
from collections.abc import Mapping
from pathlib import Path

from shipseal._internal.clock import Clock
from shipseal._internal.retry import Left, Told, endless, until
from shipseal.config.model import Config
from shipseal.oci.reference import Reference
from shipseal.registry.docker_config import DockerCredentials
from shipseal.registry.factory import open_target
from shipseal.registry.hosts import HostSettings
from shipseal.registry.interface import Target


class Connections:
    """Opens targets and other repositories, all with the same credentials and patience.

    Args:
        config: tells how hosts are reached.
        folder: relative folders start here.
        clock: for waiting.
        told: hears of what is tried again.
        left: how long may still be tried again, besides ``timeouts.retry_deadline`` for each request.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        clock: Clock,
        *,
        told: Told | None = None,
        left: Left = endless,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._hosts = host_settings(config)
        self._policy = until(config.timeouts.retry_deadline, told=told, left=left)
        self._silence = config.timeouts.network
        self._credentials = DockerCredentials(os.environ)

    def open(self, text: str) -> Target:
        """Return the target that ``host/repository`` or ``oci:DIR`` names.

        Raises:
            ConfigError: it names none.
        """
        return open_target(
            text,
            base=self._folder,
            hosts=self._hosts,
            credentials=self._credentials,
            clock=self._clock,
            policy=self._policy,
            silence=self._silence,
        )

    def repository(self, reference: Reference) -> Target:
        """Return the repository that a reference lies in."""
        return self.open(reference.name)


def host_settings(config: Config) -> Mapping[str, HostSettings]:
    """Return how hosts are reached, by host and port, from ``registries:``."""
    return {
        host: HostSettings(options.plain_http, options.ca, options.client_cert, options.client_key)
        for host, options in config.registries.items()
    }
