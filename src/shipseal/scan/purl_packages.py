"""What a package URL means to the built-in matcher: ecosystem, name and, for distributions, source packages.

Source: https://github.com/package-url/purl-spec, and how Syft fills qualifiers (``distro=debian-12.5``,
``upstream=openssl@3.0.11-1``).
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from shipseal.advisories.interface import PackageQuery
from shipseal.scan.purl import Purl, parse_purl


class PackageKind(msgspec.Struct, frozen=True):
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
SYFT_TYPES: Mapping[str, str] = {kind.type: purl_type for purl_type, kind in KINDS.items()}
"""The purl type of each of Syft's types that advisories know."""

_MAJOR_ONLY = {
    "debian": "Debian",
    "almalinux": "AlmaLinux",
    "rocky": "Rocky Linux",
    "rockylinux": "Rocky Linux",
}
_OLD_DEBIANS = frozenset({"2", "3"})  # their releases are 2.2, 3.0 and 3.1
_ROLLING = {"wolfi": "Wolfi", "chainguard": "Chainguard"}
_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.[A-Za-z][^.-]*\.rpm")


class Upstream(msgspec.Struct, frozen=True, gc=False):
    """A source package.

    Attributes:
        name: its name.
        version: its version; empty where it is that of the binary package.
    """

    name: str
    version: str


class Identity(msgspec.Struct, frozen=True):
    """What a package is to advisories.

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
    parsed = parse_purl(purl)
    if parsed is None:
        return None
    if parsed.type not in SYSTEM_TYPES:
        return Identity(parsed.type, _advisory_name(parsed), parsed.version, "", ())
    upstream = parsed.qualifiers.get("upstream", "")
    return Identity(
        purl_type=parsed.type,
        name=parsed.name,
        version=_with_epoch(parsed),
        distro=_distro(parsed.qualifiers),
        upstreams=tuple(_upstreams(upstream, parsed)) if upstream else (),
    )


def _distro(qualifiers: Mapping[str, str]) -> str:
    """Return ``debian-12.5``; Docker's tools write name and version apart."""
    found = qualifiers.get("distro", "")
    if found or "os_name" not in qualifiers:
        return found.replace("@", "-", 1).replace(":", "-", 1) if "-" not in found else found
    return f"{qualifiers['os_name']}-{qualifiers.get('os_version', '')}"


def _advisory_name(parsed: Purl) -> str:
    if not parsed.namespace:
        return parsed.name
    return f"{parsed.namespace}{':' if parsed.type == 'maven' else '/'}{parsed.name}"


def _with_epoch(parsed: Purl) -> str:
    """Return the version; an RPM's epoch stands beside it."""
    epoch = parsed.qualifiers.get("epoch", "")
    if parsed.type == "rpm" and epoch.isdigit() and parsed.version and ":" not in parsed.version:
        return f"{epoch}:{parsed.version}"
    return parsed.version


def _upstreams(text: str, parsed: Purl) -> Iterator[Upstream]:
    for word in text.split(","):
        if parsed.type == "rpm":
            found = source_rpm(word.strip())
            if found is not None and found.name != parsed.name:
                yield found
            continue
        name, _, version = word.strip().partition("@")
        if name:
            yield Upstream(name, version)


def source_rpm(file_name: str) -> Upstream | None:
    """Return the source package of ``openssl-1.1.1k-7.el8_6.src.rpm``; None when that is no such name.

    The file's name never tells the epoch.
    """
    match = _SOURCE_RPM.fullmatch(file_name)
    return Upstream(match["name"], match["version"]) if match else None


def ecosystem_of(identity: Identity, distro: str) -> str:
    """Return OSV's ecosystem, or an empty string where there is none.

    Args:
        identity: the package.
        distro: the document's distribution, for packages that do not name theirs.
    """
    kind = KINDS.get(identity.purl_type)
    if kind is None or kind.ecosystem:
        return kind.ecosystem if kind else ""
    return distribution_ecosystem(identity.distro or distro)


@lru_cache(maxsize=256)
def distribution_ecosystem(distro: str) -> str:
    """Return OSV's ecosystem of a distribution such as ``debian-12.5``, or an empty string where there is none."""
    name, _, release = distro.partition("-")
    if name in _ROLLING:
        return _ROLLING[name]
    if not release:
        return ""
    major, _, rest = release.partition(".")
    if name == "debian" and major in _OLD_DEBIANS:
        return f"Debian:{release}"
    if name in _MAJOR_ONLY:
        return f"{_MAJOR_ONLY[name]}:{major}"
    if name == "alpine":
        minor = rest.partition(".")[0]
        return f"Alpine:v{major}.{minor}" if minor else ""
    return f"Ubuntu:{release}" if name == "ubuntu" else ""


def queries(identity: Identity, ecosystem: str, version: str) -> Iterator[tuple[PackageQuery, str]]:
    """Yield what to look up, each with Grype's word for that kind of match.

    A distribution's package is looked up under its own name, and under its source packages' names at their versions;
    not so for RPM, whose advisories list every binary package, each with its own epoch, which a source's name lacks.
    """
    yield PackageQuery(ecosystem, identity.name, version), "exact-direct-match"
    if identity.purl_type != "rpm":
        for upstream in identity.upstreams:
            if (upstream.name, upstream.version or version) != (identity.name, version):
                query = PackageQuery(ecosystem, upstream.name, upstream.version or version)
                yield query, "exact-indirect-match"
