"""The order of versions by the type of a package, for reports."""

from shipseal.advisories.ordering import compare_versions
from shipseal.scan.purl_packages import KINDS

_SYSTEMS = {"deb": "Debian", "apk": "Alpine", "rpm": "AlmaLinux"}
_ECOSYSTEMS = {kind.type: kind.ecosystem for kind in KINDS.values() if kind.ecosystem} | _SYSTEMS


def later(package_type: str, one: str, other: str) -> bool:
    """Return whether ``one`` is a later version than ``other``; False where that cannot be told.

    Args:
        package_type: Syft's type of the package.
        one: a version.
        other: another.
    """
    ecosystem = _ECOSYSTEMS.get(package_type, "")
    return bool(ecosystem) and compare_versions(ecosystem, one, other) == 1
