"""Which order an ecosystem's versions have."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from shipseal.advisories.versions.fuzzy import compare_fuzzy
from shipseal.advisories.versions.scheme import Scheme

# A scan needs the orders of one or two ecosystems; each is imported when it is asked for.
# ruff: noqa: PLC0415


@cache
def _pep440() -> Scheme:
    from shipseal.advisories.versions.pep440 import Pep440Scheme

    return Pep440Scheme()


@cache
def _semver() -> Scheme:
    from shipseal.advisories.versions.semver import SemverScheme

    return SemverScheme()


@cache
def _composer() -> Scheme:
    from shipseal.advisories.versions.composer import ComposerScheme

    return ComposerScheme()


@cache
def _bitnami() -> Scheme:
    from shipseal.advisories.versions.bitnami import BitnamiScheme

    return BitnamiScheme()


@cache
def _go() -> Scheme:
    from shipseal.advisories.versions.semver import GoScheme

    return GoScheme()


@cache
def _gem() -> Scheme:
    from shipseal.advisories.versions.gem import GemScheme

    return GemScheme()


@cache
def _maven() -> Scheme:
    from shipseal.advisories.versions.maven import MavenScheme

    return MavenScheme()


@cache
def _deb() -> Scheme:
    from shipseal.advisories.versions.deb import DebScheme

    return DebScheme()


@cache
def _apk() -> Scheme:
    from shipseal.advisories.versions.apk import ApkScheme

    return ApkScheme()


@cache
def _rpm() -> Scheme:
    from shipseal.advisories.versions.rpm import RpmScheme

    return RpmScheme()


SCHEMES: Mapping[str, Callable[[], Scheme]] = {
    "pypi": _pep440,
    "npm": _semver,
    "crates.io": _semver,
    "packagist": _composer,
    "bitnami": _bitnami,
    "go": _go,
    "rubygems": _gem,
    "maven": _maven,
    "debian": _deb,
    "ubuntu": _deb,
    "alpine": _apk,
    "wolfi": _apk,
    "chainguard": _apk,
    "almalinux": _rpm,
    "rocky linux": _rpm,
}
"""What gives the order of each ecosystem whose versions can be ordered, by its lower-case name."""


@lru_cache(maxsize=256)
def scheme_for(ecosystem: str) -> Scheme | None:
    """Return the order of versions in ``ecosystem`` (OSV's name, with or without a release), or None if unknown."""
    found = SCHEMES.get(ecosystem.partition(":")[0].strip().lower())
    return None if found is None else found()


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
