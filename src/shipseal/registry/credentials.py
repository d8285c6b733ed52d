"""Credentials for a registry, and where they come from. The values never appear in a text."""

import base64
from dataclasses import dataclass, field
from typing import Protocol

from shipseal._internal.redact import register_secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to be known to one registry. Making one registers its secrets, so that no text will show them.

    Attributes:
        source: where they were found, for messages: a file and its key, a helper.
        username: may be empty.
        password: goes with the name.
        identity_token: a refresh token that a token server takes instead of a password (OAuth2).
        registry_token: a bearer token that the registry itself takes.
    """

    source: str
    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Register what must never be shown."""
        for secret in (self.password, self.identity_token, self.registry_token):
            if secret:
                register_secret(secret)
        if self.secret:
            register_secret(self._pair())

    @property
    def secret(self) -> str:
        """What goes where a password is wanted: the password, else the identity token."""
        return self.password or self.identity_token

    def basic(self) -> str:
        """Return the ``Authorization`` header of basic authentication (RFC 7617)."""
        return f"Basic {self._pair()}"

    def _pair(self) -> str:
        return base64.b64encode(f"{self.username}:{self.secret}".encode()).decode()


class CredentialSource(Protocol):
    """Finds credentials. Called from several threads."""

    def find(self, registry: str, repository: str) -> Credentials | None:
        """Return the credentials for a repository, or None to go there anonymously.

        Raises:
            ShipsealError: there are some, but they cannot be read.
        """

    def places(self) -> str:
        """Return where credentials are looked for, for the message that there are none."""


class Anonymous:
    """Knows nobody."""

    def find(self, registry: str, repository: str) -> Credentials | None:
        """Return None."""
        return None

    def places(self) -> str:
        """Return why there are none."""
        return "none were to be used"
