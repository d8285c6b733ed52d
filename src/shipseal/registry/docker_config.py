"""Credentials as Docker and Podman keep them. shipseal has no store of its own.

Looked through in this order, the first file with an entry decides: ``$DOCKER_CONFIG/config.json`` (else
``~/.docker/config.json``), ``$REGISTRY_AUTH_FILE``, ``$XDG_RUNTIME_DIR/containers/auth.json``,
``$XDG_CONFIG_HOME/containers/auth.json`` (else ``~/.config``). Within a file: ``credHelpers``, then ``credsStore``,
then ``auths``; a key for a repository or its folder comes before the key of its registry (containers-auth.json(5)).
"""

import base64
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import CONFIG_FILE, read_limited
from shipseal._internal.regular_file import open_file
from shipseal.errors import Code, ConfigError
from shipseal.registry.credential_helper import AskHelper, ask_helper
from shipseal.registry.credentials import Credentials

V = TypeVar("V")

_HUB = "docker.io"
# Docker writes and asks for Hub under the address of its first API, for ever.
_HUB_SERVER = "https://index.docker.io/v1/"
_HUB_NAMES = ("index.docker.io", _HUB, "registry-1.docker.io")


class _Entry(msgspec.Struct):
    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None


class _Config(msgspec.Struct):
    auths: dict[str, _Entry] | None = None
    cred_helpers: dict[str, str] | None = msgspec.field(name="credHelpers", default=None)
    creds_store: str | None = msgspec.field(name="credsStore", default=None)


class DockerCredentials:
    """Reads the configuration files of Docker and Podman. A :class:`~shipseal.registry.credentials.CredentialSource`.

    Args:
        environ: the environment; its ``HOME`` is the user's.
        ask: asks a credential helper.
    """

    def __init__(self, environ: Mapping[str, str], *, ask: AskHelper = ask_helper) -> None:
        self._files = tuple(_files(environ))
        self._ask = ask
        self._lock = threading.Lock()
        self._read: dict[Path, _Config | None] = {}

    def find(self, registry: str, repository: str) -> Credentials | None:
        """Return the credentials for a repository, or None when no file has any.

        Raises:
            ConfigError: a file, or an entry in it, cannot be read.
            ToolError: a helper that a file names is not installed.
            RegistryError: a helper failed.
        """
        for path in self._files:
            config = self._config(path)
            found = config and self._in_file(config, path, registry, repository)
            if found:
                return found
        return None

    def places(self) -> str:
        """Return the files that are looked through."""
        return ", ".join(map(str, self._files))

    def _in_file(
        self, config: _Config, path: Path, registry: str, repository: str
    ) -> Credentials | None:
        keys = tuple(_keys(registry, repository))
        helper = _first(config.cred_helpers or {}, keys)
        # A store is asked for everything that has no helper of its own.
        name = helper[1] if helper else config.creds_store
        server = _HUB_SERVER if registry == _HUB else registry
        found = self._ask(name, server, file=path) if name else None
        if found:
            return found
        entry = _first(config.auths or {}, keys)
        return _from_entry(entry[1], path, entry[0]) if entry else None

    def _config(self, path: Path) -> _Config | None:
        with self._lock:
            if path not in self._read:
                self._read[path] = _load(path)
            return self._read[path]


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ["HOME"]) if environ.get("HOME") else None
    if environ.get("DOCKER_CONFIG"):
        yield Path(environ["DOCKER_CONFIG"]) / "config.json"
    elif home:
        yield home / ".docker" / "config.json"
    if environ.get("REGISTRY_AUTH_FILE"):
        yield Path(environ["REGISTRY_AUTH_FILE"])
    if environ.get("XDG_RUNTIME_DIR"):
        yield Path(environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json"
    if environ.get("XDG_CONFIG_HOME"):
        yield Path(environ["XDG_CONFIG_HOME"]) / "containers" / "auth.json"
    elif home:
        yield home / ".config" / "containers" / "auth.json"


def _load(path: Path) -> _Config | None:
    try:
        with open_file(path) as stream:
            data = read_limited(stream, CONFIG_FILE, what=str(path), code=Code.CONFIG_INVALID)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _broken(path, f"it cannot be read: {error.strerror}") from error
    if not data.strip():
        return None
    try:
        return msgspec.json.decode(data, type=_Config)
    except NOT_JSON as error:
        raise _broken(path, str(error)) from error


def _keys(registry: str, repository: str) -> Iterator[str]:
    """Yield what an entry may be called, the most particular first."""
    names = _HUB_NAMES if registry == _HUB else (registry,)
    parts = repository.split("/") if repository else []
    for length in range(len(parts), -1, -1):
        yield from ("/".join((name, *parts[:length])) for name in names)


def _first(entries: Mapping[str, V], keys: tuple[str, ...]) -> tuple[str, V] | None:
    by_name = {_normal(key): (key, value) for key, value in entries.items()}
    return next((by_name[key] for key in keys if key in by_name), None)


def _normal(key: str) -> str:
    """Return a key without what ``docker login`` of several ages put around the host."""
    bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    bare = bare.removesuffix("/v1").removesuffix("/v2")
    host, slash, path = bare.partition("/")
    return f"{host.lower()}{slash}{path}"


def _from_entry(entry: _Entry, path: Path, key: str) -> Credentials | None:
    username, password = entry.username or "", entry.password or ""
    if entry.auth:
        username, password = _decode(entry.auth, path, key)
    found = Credentials(
        f"{path} (auths, {key})",
        username,
        password,
        identity_token=entry.identitytoken or "",
        registry_token=entry.registrytoken or "",
    )
    # An entry without a secret marks that a store has it; the store has been asked.
    return found if found.secret or found.registry_token else None


def _decode(auth: str, path: Path, key: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(auth, validate=True).decode()
    except ValueError as error:
        raise _broken(path, f"auth of {key!r} is not base64 of name:password") from error
    # Only the first colon separates: a password may hold more. Old Docker filled up with zero bytes.
    username, colon, password = text.partition(":")
    if not colon:
        raise _broken(path, f"auth of {key!r} has no colon between name and password")
    return username, password.rstrip("\0")


def _broken(path: Path, problem: str) -> ConfigError:
    return ConfigError(
        f"{path}: {problem}",
        hint="repair the file, or log in again with docker login or podman login",
        context={"path": str(path)},
    )
