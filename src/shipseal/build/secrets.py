"""Secrets that a build may mount: by the name of a variable or a file, never by value.

A value on a command line can be read by every user of the machine, and one in ``shipseal.yaml`` by every reader of the
repository; so neither is possible here.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shipseal._internal.redact import register_secret
from shipseal.errors import ConfigError


@dataclass(frozen=True, slots=True)
class BuildSecret:
    """One secret; exactly one of ``env`` and ``file`` is set.

    Attributes:
        id: the name under which a ``RUN --mount=type=secret`` asks for it.
        env: name of the variable that holds it.
        file: path of the file that holds it, relative to the configuration's folder.
    """

    id: str
    env: str = ""
    file: Path | None = None


def secret_flags(
    secrets: Iterable[BuildSecret], folder: Path, environ: Mapping[str, str] | None = None
) -> tuple[list[str], dict[str, str]]:
    """Return the ``--secret`` flags, and the variables that the tool must be given so that it can read them.

    Args:
        secrets: what to mount.
        folder: where relative files start.
        environ: where variables are looked up; default this process's.

    Raises:
        ConfigError: a variable or file is not there, or a secret names both or none.
    """
    environ = os.environ if environ is None else environ
    flags: list[str] = []
    handed: dict[str, str] = {}
    for secret in secrets:
        if bool(secret.env) == (secret.file is not None):
            raise ConfigError(
                f"build secret {secret.id!r}: expected either env or file",
                hint="name the variable or the file that holds it",
            )
        if secret.file is not None:
            flags += ["--secret", f"id={secret.id},src={_file(secret, folder)}"]
        else:
            handed[secret.env] = _value(secret, environ)
            flags += ["--secret", f"id={secret.id},env={secret.env}"]
    return flags, handed


def _file(secret: BuildSecret, folder: Path) -> Path:
    path = (folder / (secret.file or "")).resolve()
    if not path.is_file():
        raise ConfigError(
            f"build secret {secret.id!r}: no file {path}", hint="write the secret there first"
        )
    return path


def _value(secret: BuildSecret, environ: Mapping[str, str]) -> str:
    value = environ.get(secret.env)
    if value is None:
        raise ConfigError(
            f"build secret {secret.id!r}: the variable {secret.env} is not set",
            hint="export it in the job that releases",
        )
    register_secret(value)
    return value
