"""What a package URL means to the built-in matcher: ecosystem, name and, for distributions, source packages.

Source: https://github.com/package-url/purl-spec, and how Syft fills qualifiers (``distro=debian-12.5``,
``upstream=openssl@3.0.11-1``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from packageurl import PackageURL

from shipseal.advisories.interface import PackageQuery


@dataclass(frozen=True, slots=True)
class PackageKind:
    """What Syft calls packages of one purl type.

    Attributes:
        type: Syft's type.
        language: Syft's language; empty for distributions.
        ecosystem: OSV's ecosystem; empty where it depends on the distribution.
    """

    type: str
    language: str
    ecosystem: str


KINDS: Mapping[str, PackageKind] = {
    "pypi": PackageKind("python", "python", "PyPI"),
    "npm": PackageKind("npm", "javascript", "npm"),
    "cargo": PackageKind("rust-crate", "rust", "crates.io"),
    "golang": PackageKind("go-module", "go", "Go"),
    "gem": PackageKind("gem", "ruby", "RubyGems"),
    "composer": PackageKind("php-composer", "php", "Packagist"),
    "maven": PackageKind("java-archive", "java", "Maven"),
    "bitnami": PackageKind("bitnami", "", "Bitnami"),
    "deb": PackageKind("deb", "", ""),
    "apk": PackageKind("apk", "", ""),
    "rpm": PackageKind("rpm", "", ""),
    "alpm": PackageKind("alpm", "", ""),
}
SYSTEM_TYPES = frozenset({"deb", "apk", "rpm", "alpm", "portage"})
_DISTRIBUTIONS = {"debian": "Debian", "ubuntu": "Ubuntu", "alpine": "Alpine"}
_ROLLING = {"wolfi": "Wolfi", "chainguard": "Chainguard"}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A source package.

    Attributes:
        name: its name.
        version: its version; empty where it is that of the binary package.
    """

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A package URL, understood.

    Attributes:
        purl_type: ``deb``, ``pypi``, …
        name: the name that the ecosystem's advisories use.
        version: may be empty.
        distro: value of the ``distro`` qualifier, such as ``debian-12.5``; may be empty.
        upstreams: source packages.
    """

    purl_type: str
    name: str
    version: str
    distro: str
    upstreams: tuple[Upstream, ...]


@lru_cache(maxsize=1 << 14)
def identify(purl: str) -> Identity | None:
    """Return what ``purl`` means, or None when it is no package URL."""
    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return None
    qualifiers = dict(parsed.qualifiers or {})
    return Identity(
        purl_type=parsed.type,
        name=_advisory_name(parsed),
        version=parsed.version or "",
        distro=qualifiers.get("distro", ""),
        upstreams=tuple(_upstreams(qualifiers.get("upstream", ""))),
    )


def _advisory_name(parsed: PackageURL) -> str:
    if parsed.type in SYSTEM_TYPES or not parsed.namespace:
        return parsed.name
    return f"{parsed.namespace}{':' if parsed.type == 'maven' else '/'}{parsed.name}"


def _upstreams(text: str) -> Iterator[Upstream]:
    for word in text.split(","):
        name, _, version = word.strip().partition("@")
        if name:
            yield Upstream(name, version)


def ecosystem_of(identity: Identity, distro: str) -> str:
    """Return OSV's ecosystem, or an empty string where there is none.

    Args:
        identity: the package.
        distro: the document's distribution, for packages that do not name theirs.
    """
    kind = KINDS.get(identity.purl_type)
    if kind is None or kind.ecosystem:
        return kind.ecosystem if kind else ""
    name, _, release = (identity.distro or distro).partition("-")
    if name in _ROLLING:
        return _ROLLING[name]
    family = _DISTRIBUTIONS.get(name)
    if family is None or not release:
        return ""
    major, _, rest = release.partition(".")
    if family == "Debian":
        return f"Debian:{major}"
    minor = rest.partition(".")[0]
    if family == "Alpine":
        return f"Alpine:v{major}.{minor}" if minor else ""
    return f"Ubuntu:{release}"


def queries(identity: Identity, ecosystem: str, version: str) -> Iterator[tuple[PackageQuery, str]]:
    """Yield what to look up, each with Grype's word for that kind of match.

    A distribution's package is looked up under its own name, and under its source packages' names at their versions.
    """
    yield PackageQuery(ecosystem, identity.name, version), "exact-direct-match"
    if identity.purl_type in SYSTEM_TYPES:
        for upstream in identity.upstreams:
            if (upstream.name, upstream.version or version) != (identity.name, version):
                query = PackageQuery(ecosystem, upstream.name, upstream.version or version)
                yield query, "exact-indirect-match"
