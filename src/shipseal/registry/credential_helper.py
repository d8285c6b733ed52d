"""Credential helpers: programs that keep secrets outside of files (Docker's credential helper protocol).

``docker-credential-NAME get`` reads the server from standard input and prints ``{"Username", "Secret"}``. A user name
``<token>`` says that the secret is an identity token.
"""

import contextlib
import os
import re
from pathlib import Path
from typing import Protocol

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal._internal.limits import TOKEN
from shipseal._internal.process import find_tool, run_tool
from shipseal._internal.redact import redact, register_secret
from shipseal.errors import Code, ConfigError, RegistryError
from shipseal.registry.credentials import Credentials

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY_USER = "<token>"
_TIMEOUT_SECONDS = 60.0
# How helpers say "I have none": the words are part of the protocol.
_NOT_FOUND = "credentials not found"
_SAID_MAX = 400
# Found in whatever a helper printed, complete JSON or not: the value of "Secret", and its end may be missing.
_SECRET = re.compile(r'(?i)"secret"\s*:\s*"((?:[^"\\\r\n]|\\.)*)')


class AskHelper(Protocol):
    """Asks one helper for one server."""

    def __call__(self, name: str, server: str, *, file: Path) -> Credentials | None:
        """Return what the helper has, None when it has nothing; ``file`` names it."""


class _Answer(msgspec.Struct):
    username: str = msgspec.field(name="Username", default="")
    secret: str = msgspec.field(name="Secret", default="")


def ask_helper(name: str, server: str, *, file: Path) -> Credentials | None:
    """Return the credentials that the helper ``name`` keeps for ``server``, or None when it has none.

    Raises:
        ConfigError: ``file`` names something that is no helper.
        ToolError: the helper is not installed.
        RegistryError: ``auth.registry-unauthorized`` when the helper fails, with its own words.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{file}: {name!r} is not the name of a credential helper",
            hint="write the part after docker-credential-, such as pass or ecr-login",
            context={"path": str(file)},
        )
    program = f"docker-credential-{name}"
    tool = find_tool(
        program, hint=f"{file} names it for {server}: install it, or take it out there"
    )
    # A helper is the user's own choice and needs its own variables: sessions, key rings, cloud profiles.
    result = run_tool(
        (tool, "get"),
        timeout=_TIMEOUT_SECONDS,
        env=dict(os.environ),
        stdin=server.encode(),
        stdout_limit=TOKEN,
    )
    if result.status:
        printed = result.stdout.decode("utf-8", "replace")
        if _NOT_FOUND in (printed.strip() or result.stderr).lower():
            return None
        _remember_secrets(printed)
        # Only standard error is shown: the other one is where the protocol has the secret.
        said = redact(result.stderr.strip())[:_SAID_MAX] or "it said nothing on standard error"
        raise _failed(program, server, file, f"status {result.status}: {said}")
    _remember_secrets(result.stdout.decode("utf-8", "replace"))
    return _credentials(result.stdout, program, server, file)


def _remember_secrets(printed: str) -> None:
    for written in _SECRET.findall(printed):
        register_secret(written)
        with contextlib.suppress(msgspec.DecodeError):
            register_secret(msgspec.json.decode(f'"{written}"', type=str))


def _credentials(output: bytes, program: str, server: str, file: Path) -> Credentials | None:
    try:
        answer = msgspec.json.decode(output, type=_Answer)
    except NOT_JSON as error:
        # The output holds a secret, so it is not shown.
        raise _failed(
            program, server, file, "its answer is not the JSON of the protocol"
        ) from error
    if not answer.secret:
        return None
    source = f"{program} (named in {file})"
    if answer.username == _IDENTITY_USER:
        return Credentials(source, identity_token=answer.secret)
    return Credentials(source, answer.username, answer.secret)


def _failed(program: str, server: str, file: Path, problem: str) -> RegistryError:
    return RegistryError(
        Code.REGISTRY_UNAUTHORIZED,
        f"{program} gave no credentials for {server}: {problem}",
        hint=f"run `echo {server} | {program} get` by hand; {file} names this helper",
        context={"registry": server, "credentials": program},
    )
