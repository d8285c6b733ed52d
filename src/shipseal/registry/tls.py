"""Whom to trust, and how to be known, on a TLS connection."""

import ssl

from shipseal._internal.web_clients import trusted_roots
from shipseal.errors import ConfigError
from shipseal.registry.hosts import HostSettings


def tls_context(settings: HostSettings) -> ssl.SSLContext:
    """Return the context for a host: Mozilla's and the system's authorities, and those of ``settings``.

    Raises:
        ConfigError: a file cannot be read.
    """
    context = trusted_roots()
    if settings.ca is not None:
        try:
            context.load_verify_locations(cafile=settings.ca)
        except (OSError, ssl.SSLError) as error:
            raise _unreadable("certificate authority", settings.ca, error) from error
    if settings.client_cert is not None:
        try:
            # An empty password, because OpenSSL would ask on the terminal for that of an encrypted key.
            context.load_cert_chain(settings.client_cert, settings.client_key, password="")
        except (OSError, ssl.SSLError) as error:
            raise _unreadable("client certificate", settings.client_cert, error) from error
    return context


def _unreadable(what: str, path: object, error: Exception) -> ConfigError:
    return ConfigError(
        f"{path}: not a {what} that can be read: {error}",
        hint="it must be a PEM file, and a key in it must not be encrypted",
        context={"path": str(path)},
    )
