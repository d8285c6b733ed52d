"""A password, or a token's PIN, that a secret store gives as a file or through a pipe."""

import sys
from collections.abc import Mapping
from pathlib import Path

from shipseal._internal.limits import KIB, Limit, read_limited
from shipseal.errors import Code, ConfigError

FILE_VARIABLE = "SHIPSEAL_KEY_PASSWORD_FILE"

_PASSWORD = Limit("password", 4 * KIB, "a password is one line")
_CODE = Code.CONFIG_INVALID


def password_in_file(environment: Mapping[str, str]) -> str | None:
    """Return the first line of the file that ``SHIPSEAL_KEY_PASSWORD_FILE`` names; None where it names none.

    Raises:
        ConfigError: it cannot be read, or is no text.
    """
    name = environment.get(FILE_VARIABLE)
    if not name:
        return None
    try:
        if name == "-":
            return _line(read_limited(sys.stdin.buffer, _PASSWORD, what=name, code=_CODE))
        with Path(name).open("rb") as stream:
            return _line(read_limited(stream, _PASSWORD, what=name, code=_CODE))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "this is no text"
        raise ConfigError(
            f"{FILE_VARIABLE}: {name}: cannot be read: {reason}",
            hint="name a file with the password of the key, or the PIN of the token, in its first line",
        ) from error


def _line(raw: bytes) -> str:
    return raw.decode().partition("\n")[0].removesuffix("\r")
