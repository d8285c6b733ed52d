"""Files in an image that list many packages, and those that belong to one.

A distribution's database is written anew whenever any package is installed, so the layer that it lies in says nothing
about one package in it. Debian writes files of its own for each package beside it; Alpine and RPM do not.
"""

import re
from collections.abc import Collection

_SHARED = re.compile(
    r"/(?:var/lib/dpkg/status"
    r"|(?:usr/)?lib/apk/db/installed"
    r"|(?:var/lib|usr/share|usr/lib/sysimage)/rpm/[^/]+"
    r"|var/lib/pacman/local/ALPM_DB_VERSION)"
)
_RECORD = re.compile(r"/var/lib/dpkg/info/[^/]+\.(?:list|md5sums)")


def is_shared(path: str) -> bool:
    """Return whether the file at ``path`` lists all packages of a distribution."""
    return bool(_SHARED.fullmatch(path))


def is_record(path: str) -> bool:
    """Return whether the file at ``path`` was written when this one package was installed."""
    return bool(_RECORD.fullmatch(path))


def is_only_listed(paths: Collection[str]) -> bool:
    """Return whether a package found at ``paths`` has no file that tells when it was installed."""
    return any(map(is_shared, paths)) and not any(map(is_record, paths))
