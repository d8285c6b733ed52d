"""Which instance of Sigstore signs: the public one, GitHub's for private repositories, or one of your own."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from shipseal._internal.json_errors import NOT_JSON
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
    raw, root = both or (raw, b"")
    services = read_services(raw, now=now, what=what)
    if trusted_root and not root:
        root = _root_of(services.authority, _read(trusted_root, TRUST_ROOT_FILE), trusted_root)
    if services.log is not None and not root:
        raise ConfigError(
            f"{what}: this instance keeps logs, and no trusted root was named to check its certificates with",
            hint="name the operator's trusted_root.json in verify.trusted_root",
        )
    return SigstoreInstance(signing_config.name, services, root)


class _Uri(msgspec.Struct):
    uri: str = ""


class _Root(msgspec.Struct, rename="camel"):
    certificate_authorities: list[_Uri] = []


def _root_of(authority: str, raw: bytes, path: Path) -> bytes:
    """Return the trusted root of the instance with this ``authority``: a file may hold several, one a line."""
    lines = [line for line in raw.splitlines() if line.strip()]
    try:
        roots = [(line, msgspec.json.decode(line, type=_Root)) for line in lines]
    except NOT_JSON:
        return raw  # one document over many lines
    for line, root in roots:
        uris = [one.uri.rstrip("/") for one in root.certificate_authorities]
        if len(roots) == 1 or authority in uris:
            return line
    raise ConfigError(
        f"{path}: none of its {len(roots)} trusted roots is that of {authority}",
        hint="name the trusted root of the instance that signs",
    )


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
    except NOT_JSON:
        return None
    return bytes(both.signing_config), bytes(both.trusted_root)


def _read(path: Path, limit: Limit) -> bytes:
    try:
        return read_file(path, limit, code=Code.CONFIG_INVALID)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="check sign.signing_config and verify.trusted_root",
        ) from error
