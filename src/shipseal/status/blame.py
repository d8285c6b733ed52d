"""Whom an error of ours is about: its message says so, because people have to know, too."""

import re

from shipseal.errors import Code

PASSES = frozenset({Code.SERVICE_OUTAGE, Code.RATE_LIMITED, Code.NETWORK_UNREACHABLE})
"""What may pass by itself, because it may lie with somebody else."""

_URL = re.compile(r"https?://(\[[0-9A-Fa-f:]+\](?::\d+)?|[A-Za-z0-9._-]+(?::\d+)?)")
_TARGET = re.compile(r"((?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d+)?)/")


def blamed_host(message: str) -> str:
    """Return the host that an error is about, as our errors name it: the first address, else the target's.

    Args:
        message: of an error of a registry, a service of signing, or GitHub.
    """
    found = _URL.search(message) or _TARGET.match(message)
    return found[1].lower() if found else ""
