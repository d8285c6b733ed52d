"""The order of a package's versions, by the type that catalogues give it."""

from shipseal.advisories.ordering import compare_versions
from shipseal.scan.interface import Package

# A distribution's family orders alike, so one of them stands for all.
_ECOSYSTEMS = {
    "deb": "debian",
    "apk": "alpine",
    "rpm": "almalinux",
    "python": "pypi",
    "npm": "npm",
    "gem": "rubygems",
    "go-module": "go",
    "rust-crate": "crates.io",
    "java-archive": "maven",
    "jenkins-plugin": "maven",
    "php-composer": "packagist",
    "bitnami": "bitnami",
}


def compare_packages(package: Package, left: str, right: str) -> int | None:
    """Return -1, 0 or 1; None when one of the two is no version of the package's kind, or that is unknown."""
    ecosystem = _ECOSYSTEMS.get(package.type)
    return None if ecosystem is None else compare_versions(ecosystem, left, right)
