"""Credentials that a test hands over itself."""

from collections.abc import Mapping

from shipseal.registry.credentials import Credentials


class FixedCredentials:
    """Knows what it was given; a :class:`~shipseal.registry.credentials.CredentialSource`.

    Args:
        by_registry: registry and its credentials.
    """

    def __init__(self, by_registry: Mapping[str, Credentials]) -> None:
        self._by_registry = dict(by_registry)

    def find(self, registry: str, repository: str) -> Credentials | None:
        """Return the credentials of the registry."""
        return self._by_registry.get(registry)

    def places(self) -> str:
        """Return the registries that it knows."""
        return f"known are {', '.join(sorted(self._by_registry)) or 'none'}"
