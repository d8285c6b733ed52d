"""Which order an ecosystem's versions have."""

from collections.abc import Mapping

from shipseal.advisories.versions.apk import ApkScheme
from shipseal.advisories.versions.bitnami import BitnamiScheme
from shipseal.advisories.versions.composer import ComposerScheme
from shipseal.advisories.versions.deb import DebScheme
from shipseal.advisories.versions.fuzzy import compare_fuzzy
from shipseal.advisories.versions.gem import GemScheme
from shipseal.advisories.versions.maven import MavenScheme
from shipseal.advisories.versions.pep440 import Pep440Scheme
from shipseal.advisories.versions.rpm import RpmScheme
from shipseal.advisories.versions.scheme import Scheme
from shipseal.advisories.versions.semver import GoScheme, SemverScheme

_SEMVER, _DEB, _APK, _RPM = SemverScheme(), DebScheme(), ApkScheme(), RpmScheme()
SCHEMES: Mapping[str, Scheme] = {
    "pypi": Pep440Scheme(),
    "npm": _SEMVER,
    "crates.io": _SEMVER,
    "packagist": ComposerScheme(),
    "bitnami": BitnamiScheme(),
    "go": GoScheme(),
    "rubygems": GemScheme(),
    "maven": MavenScheme(),
    "debian": _DEB,
    "ubuntu": _DEB,
    "alpine": _APK,
    "wolfi": _APK,
    "chainguard": _APK,
    "almalinux": _RPM,
    "rocky linux": _RPM,
}
"""The order of each ecosystem whose versions can be ordered, by its lower-case name."""


def scheme_for(ecosystem: str) -> Scheme | None:
    """Return the order of versions in ``ecosystem`` (OSV's name, with or without a release), or None if unknown."""
    return SCHEMES.get(ecosystem.partition(":")[0].strip().lower())


def compare_versions(ecosystem: str, left: str, right: str) -> int | None:
    """Return -1, 0 or 1; None when one of the two is no version of ``ecosystem``, or that is unknown."""
    scheme = scheme_for(ecosystem)
    return None if scheme is None else scheme.compare(left, right)


def comparison_line(ecosystem: str, left: str, right: str) -> str:
    """Return ``-1``, ``0`` or ``1`` as ``left`` is older than, equal to or newer than ``right``, or ``error: …``."""
    scheme = scheme_for(ecosystem)
    if scheme is None:
        return f"error: {ecosystem!r} is no ecosystem whose versions can be ordered"
    result = scheme.compare(left, right)
    if result is not None:
        return str(result)
    wrong = [text for text in dict.fromkeys((left, right)) if scheme.key(text) is None]
    told = " and ".join("an empty text" if not text else repr(text[:100]) for text in wrong)
    return f"error: {told} {'are' if len(wrong) > 1 else 'is'} no version of {ecosystem}"


def compare_with_bound(scheme: Scheme, version: str, bound: str) -> tuple[int, bool]:
    """Return how an installed ``version``, which ``scheme`` accepts, compares with an advisory's ``bound``.

    The second value tells whether the bound is a proper version; if not, the order is an approximation.
    """
    result = scheme.compare_bound(version, bound)
    return (compare_fuzzy(version, bound), False) if result is None else (result, True)
