"""Which order an ecosystem's versions have."""

from collections.abc import Mapping

from shipseal.advisories.versions.apk import ApkScheme
from shipseal.advisories.versions.deb import DebScheme
from shipseal.advisories.versions.fuzzy import compare_fuzzy
from shipseal.advisories.versions.gem import GemScheme
from shipseal.advisories.versions.maven import MavenScheme
from shipseal.advisories.versions.pep440 import Pep440Scheme
from shipseal.advisories.versions.scheme import Scheme
from shipseal.advisories.versions.semver import GoScheme, SemverScheme

_SEMVER = SemverScheme()
SCHEMES: Mapping[str, Scheme] = {
    "pypi": Pep440Scheme(),
    "npm": _SEMVER,
    "crates.io": _SEMVER,
    "packagist": _SEMVER,
    "bitnami": _SEMVER,
    "go": GoScheme(),
    "rubygems": GemScheme(),
    "maven": MavenScheme(),
    "debian": DebScheme(),
    "ubuntu": DebScheme(),
    "alpine": ApkScheme(),
    "wolfi": ApkScheme(),
    "chainguard": ApkScheme(),
}
"""The order of each ecosystem whose versions can be ordered, by its lower-case name."""


def scheme_for(ecosystem: str) -> Scheme | None:
    """Return the order of versions in ``ecosystem`` (OSV's name, with or without a release), or None if unknown."""
    return SCHEMES.get(ecosystem.partition(":")[0].strip().lower())


def compare_versions(ecosystem: str, left: str, right: str) -> int | None:
    """Return -1, 0 or 1; None when one of the two is no version of ``ecosystem``, or that is unknown."""
    scheme = scheme_for(ecosystem)
    return None if scheme is None else scheme.compare(left, right)


def compare_with_bound(scheme: Scheme, version: str, bound: str) -> tuple[int, bool]:
    """Return how an installed ``version``, which ``scheme`` accepts, compares with an advisory's ``bound``.

    The second value tells whether the bound is a proper version; if not, the order is an approximation.
    """
    result = scheme.compare(version, bound)
    return (compare_fuzzy(version, bound), False) if result is None else (result, True)
