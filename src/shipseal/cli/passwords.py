"""Passwords that a person types: asked on the terminal itself, never shown, never taken from a pipe."""

import getpass
import sys

import typer

from shipseal.errors import ConfigError

_HINT = "run it on a terminal, or set SHIPSEAL_KEY_PASSWORD"


def ask_password() -> str | None:
    """Return the password of the signing key as typed; None when nobody can be asked.

    Raises:
        typer.Abort: the person gave up.
    """
    return _ask("password of the signing key: ") if _somebody_is_there() else None


def ask_new_password() -> str:
    """Return a new password, typed twice.

    Raises:
        ConfigError: nobody can be asked, or the two differ.
        typer.Abort: the person gave up.
    """
    if not _somebody_is_there():
        raise ConfigError("key: there is no password and nobody to ask for one", hint=_HINT)
    first = _ask("password for the new key: ")
    if _ask("the same password again: ") != first:
        raise ConfigError("key: the two passwords differ", hint="type the same one twice")
    return first


def _somebody_is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(prompt: str) -> str:
    try:
        return getpass.getpass(prompt, stream=sys.stderr)
    except EOFError as error:
        raise typer.Abort from error
