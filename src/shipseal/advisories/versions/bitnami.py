"""The order of Bitnami's packages (https://github.com/bitnami/go-version).

A Bitnami version is that of the upstream software with a revision behind it (``1.2.3-4``). A revision builds the same
sources again, so no advisory ends at one, and it does not count here.
"""

import re

from shipseal.advisories.versions.scheme import Key, Scheme
from shipseal.advisories.versions.semver import semver_key

_REVISION = re.compile(r"(?<=\d)-(?:r?\d+)$")


class BitnamiScheme(Scheme):
    """Semantic versions without the revision."""

    name = "bitnami"

    def _parse(self, version: str) -> Key | None:
        return semver_key(_REVISION.sub("", version.strip()))
