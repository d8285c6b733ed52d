"""How to reach a host: plain HTTP or TLS, and whom to trust there. No network here."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What the configuration says about one host.

    Attributes:
        plain_http: True or False decides; None means TLS, except on this machine's own addresses without certificates.
        ca: PEM file with authorities that are trusted beside the system's.
        client_cert: PEM file with the certificate that is shown to the host.
        client_key: PEM file with its key, unencrypted; None when the certificate's file holds it.
    """

    plain_http: bool | None = None
    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None


def scheme_of(host: str, settings: HostSettings) -> str:
    """Return ``http`` or ``https`` for ``host`` (with or without a port)."""
    if settings.plain_http is not None:
        return "http" if settings.plain_http else "https"
    if settings.ca or settings.client_cert:
        return "https"
    return "http" if is_loopback(host) else "https"


def is_loopback(host: str) -> bool:
    """Return whether ``host`` (with or without a port) is this machine: 127.0.0.0/8, ``::1`` or ``localhost``."""
    name = host_name(host)
    if name == "localhost":
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def is_link_local(host: str) -> bool:
    """Return whether ``host`` is an address that cannot be routed, such as a cloud's metadata service."""
    address = _address(host_name(host))
    return address is not None and (address.is_link_local or address.is_unspecified)


def host_name(host: str) -> str:
    """Return ``host`` in lower case without port and brackets."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
