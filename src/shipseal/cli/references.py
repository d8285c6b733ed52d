"""References as people write them on the command line."""

from shipseal._internal.redact import has_userinfo
from shipseal.errors import ConfigError
from shipseal.oci.reference import Reference


def parse_reference(text: str) -> Reference:
    """Return the normal form of ``text``.

    Raises:
        ConfigError: ``config.invalid``: it is not a reference, or has a password in it, which is not shown.
    """
    if has_userinfo(text):
        raise ConfigError(
            "a reference has a user and a password before its host; it is not shown",
            hint="write host/repository, and log in with docker login; others can read a command line",
        )
    return Reference.parse(text)
