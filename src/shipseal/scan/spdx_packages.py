"""Packages and ownership out of an SPDX 2.2 or 2.3 JSON document, decoded as far as matching needs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shipseal._internal.limits import read_limited
from shipseal.errors import Code, ToolError
from shipseal.scan.interface import Package
from shipseal.scan.native import SBOM_FILE
from shipseal.scan.purl_packages import KINDS, Identity, ecosystem_of, identify

_OVERLAP = "ownership-by-file-overlap"
_ROOTS = frozenset({"oci", "docker"})


class _Reference(msgspec.Struct, frozen=True, gc=False):
    referenceType: str = ""
    referenceLocator: str = ""


class _SpdxPackage(msgspec.Struct, frozen=True):
    SPDXID: str
    name: str
    versionInfo: str = ""
    primaryPackagePurpose: str = ""
    externalRefs: tuple[_Reference, ...] | None = None

    def purl(self) -> str:
        for reference in self.externalRefs or ():
            if reference.referenceType == "purl":
                return reference.referenceLocator
        return ""


class _Relationship(msgspec.Struct, frozen=True, gc=False):
    spdxElementId: str = ""
    relatedSpdxElement: str = ""
    relationshipType: str = ""
    comment: str = ""


class _Document(msgspec.Struct, frozen=True):
    spdxVersion: str
    packages: tuple[_SpdxPackage, ...] = ()
    relationships: tuple[_Relationship, ...] = ()


_DECODER = msgspec.json.Decoder(_Document)


@dataclass(frozen=True, slots=True)
class ListedPackage:
    """One package of the document.

    Attributes:
        element: its SPDX id.
        package: as findings show it.
        identity: its package URL, understood.
        ecosystem: OSV's; empty where there is none.
    """

    element: str
    package: Package
    identity: Identity
    ecosystem: str


@dataclass(frozen=True, slots=True)
class SpdxInventory:
    """What a document lists.

    Attributes:
        packages: those with a package URL, the image itself not among them.
        owners: SPDX id of a package to the ids of packages that own its files.
        unnamed: how many packages have no package URL.
        malformed: package URLs that do not parse.
        distro: the distribution, such as ``debian-12.5``; empty when there is none.
    """

    packages: tuple[ListedPackage, ...]
    owners: dict[str, tuple[str, ...]]
    unnamed: int
    malformed: tuple[str, ...]
    distro: str


def read_spdx(path: Path) -> SpdxInventory:
    """Read the document at ``path``.

    Raises:
        ToolError: ``tool.crashed`` when it is no SPDX 2.x JSON.
    """
    try:
        with path.open("rb") as stream:
            data = read_limited(stream, SBOM_FILE, what=str(path))
        document = _DECODER.decode(data)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error
    if not document.spdxVersion.startswith("SPDX-2."):
        raise _unreadable(
            path, f"its version is {document.spdxVersion!r}, expected SPDX-2.2 or 2.3"
        )
    return _inventory(document)


def _inventory(document: _Document) -> SpdxInventory:
    found: list[tuple[_SpdxPackage, str, Identity]] = []
    unnamed, malformed = 0, []
    roots = _roots(document.relationships)
    for package in document.packages:
        purl = package.purl()
        identity = identify(purl) if purl else None
        if package.SPDXID in roots or (identity and identity.purl_type in _ROOTS):
            continue
        if not purl:
            unnamed += package.primaryPackagePurpose != "OPERATING-SYSTEM"
        elif identity is None:
            malformed.append(purl)
        else:
            found.append((package, purl, identity))
    distro = _distro(document.packages, (identity for _, _, identity in found))
    return SpdxInventory(
        packages=tuple(_listed(*item, distro) for item in found),
        owners=_owners(document.relationships),
        unnamed=unnamed,
        malformed=tuple(malformed),
        distro=distro,
    )


def _listed(package: _SpdxPackage, purl: str, identity: Identity, distro: str) -> ListedPackage:
    kind = KINDS.get(identity.purl_type)
    return ListedPackage(
        element=package.SPDXID,
        package=Package(
            name=package.name,
            version=package.versionInfo or identity.version,
            type=kind.type if kind else identity.purl_type,
            purl=purl,
            language=kind.language if kind else "",
            upstreams=tuple(upstream.name for upstream in identity.upstreams),
        ),
        identity=identity,
        ecosystem=ecosystem_of(identity, distro),
    )


def _roots(relationships: Iterable[_Relationship]) -> frozenset[str]:
    """Return what the document describes: the image or folder, not a package in it."""
    return frozenset(
        item.relatedSpdxElement for item in relationships if item.relationshipType == "DESCRIBES"
    )


def _owners(relationships: Iterable[_Relationship]) -> dict[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for item in relationships:
        if item.relationshipType == "OTHER" and item.comment.startswith(_OVERLAP):
            child = item.relatedSpdxElement
            owners[child] = (*owners.get(child, ()), item.spdxElementId)
    return owners


def _distro(packages: Iterable[_SpdxPackage], identities: Iterator[Identity]) -> str:
    """Return the distribution: as the document states it, else the one that most packages name."""
    for package in packages:
        if package.primaryPackagePurpose == "OPERATING-SYSTEM" and package.versionInfo:
            return f"{package.name.lower()}-{package.versionInfo}"
    named = Counter(identity.distro for identity in identities if identity.distro)
    return named.most_common(1)[0][0] if named else ""


def _unreadable(path: Path, reason: str) -> ToolError:
    return ToolError(
        Code.TOOL_CRASHED,
        f"SBOM {path}: cannot be read as SPDX JSON: {reason}",
        hint="catalogue the image again",
        context={"path": str(path)},
    )
