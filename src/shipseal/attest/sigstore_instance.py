"""Which instance of Sigstore signs: the public one, GitHub's for private repositories, or one of your own."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from shipseal._internal.limits import Limit, read_file
from shipseal.attest.signing_config import (
    CLIENT_CONFIG,
    SIGNING_CONFIG_FILE,
    Services,
    read_services,
)
from shipseal.attest.trust_root import TRUST_ROOT_FILE
from shipseal.errors import Code, ConfigError

PUBLIC_GOOD, GITHUB = "public-good", "github"
GITHUB_SERVICES = Services(
    authority="https://fulcio.githubapp.com",
    log=None,
    stamps=("https://timestamp.githubapp.com/api/v1/timestamp",),
)
"""GitHub's instance for private repositories: nothing about them reaches a public log."""


@dataclass(frozen=True, slots=True)
class SigstoreInstance:
    """An instance to sign with.

    Attributes:
        name: for people: ``public-good``, ``github``, or the file's name.
        services: where they are.
        trusted_root: the JSON of its trusted root, which a certificate is held against; empty where it keeps no log.
        note: what a person should know, such as a refresh that failed; may be empty.
    """

    name: str
    services: Services
    trusted_root: bytes = b""
    note: str = ""

    def __str__(self) -> str:
        """Return name and services in one line."""
        return f"{self.name}: {self.services.authority}, {self.services}"


def github_instance() -> SigstoreInstance:
    """Return GitHub's instance for private repositories."""
    return SigstoreInstance(GITHUB, GITHUB_SERVICES)


def instance_from_files(
    signing_config: Path, trusted_root: Path | None, *, now: datetime
) -> SigstoreInstance:
    """Return an instance from its operator's files.

    Args:
        signing_config: the signing configuration, or a client trust configuration that holds both.
        trusted_root: the trusted root; None where the first file holds it, or there is no log.
        now: the time.

    Raises:
        ConfigError: a file cannot be read or says too little.
    """
    what = str(signing_config)
    raw = _read(signing_config, SIGNING_CONFIG_FILE)
    both = _client_config(raw)
    root = _read(trusted_root, TRUST_ROOT_FILE) if trusted_root else b""
    if both is not None:
        raw, root = both[0], root or both[1]
    services = read_services(raw, now=now, what=what)
    if services.log is not None and not root:
        raise ConfigError(
            f"{what}: this instance keeps logs, and no trusted root was named to check its certificates with",
            hint="name the operator's trusted_root.json in sign.trusted_root",
        )
    return SigstoreInstance(signing_config.name, services, root)


class _Kind(msgspec.Struct, rename="camel"):
    media_type: str = ""


class _Client(msgspec.Struct, rename="camel"):
    trusted_root: msgspec.Raw
    signing_config: msgspec.Raw


def _client_config(raw: bytes) -> tuple[bytes, bytes] | None:
    """Return signing configuration and trusted root where ``raw`` holds both, else None."""
    try:
        if msgspec.json.decode(raw, type=_Kind).media_type != CLIENT_CONFIG:
            return None
        both = msgspec.json.decode(raw, type=_Client)
    except msgspec.DecodeError:
        return None
    return bytes(both.signing_config), bytes(both.trusted_root)


def _read(path: Path, limit: Limit) -> bytes:
    try:
        return read_file(path, limit, code=Code.CONFIG_INVALID)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="check sign.signing_config and sign.trusted_root",
        ) from error
