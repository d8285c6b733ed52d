"""This machine's own addresses, by name."""

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_own(url: str) -> bool:
    """Return whether ``url`` is an address of this machine."""
    return urlsplit(url).hostname in LOOPBACK
