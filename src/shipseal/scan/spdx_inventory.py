"""Packages and ownership out of an SPDX 2.2 or 2.3 JSON document, decoded as far as matching needs."""

from collections.abc import Iterator, Sequence

import msgspec

from shipseal.scan.inventory import NOWHERE, Inventory, Places, Subject
from shipseal.scan.listing import Entry, Listing, containing, grouped, is_known
from shipseal.scan.purl_packages import identify
from shipseal.scan.sbom_file import decode_member

_OVERLAP = "ownership-by-file-overlap"
# How Syft tells where a package lies: "acquired package info from DPKG DB: /var/lib/dpkg/status, /usr/share/doc/…".
_SOURCE_INFO = "acquired package info from "


class _Reference(msgspec.Struct, frozen=True, gc=False):
    referenceType: str = ""
    referenceLocator: str = ""


class _SpdxPackage(msgspec.Struct, frozen=True):
    SPDXID: str
    name: str = ""
    versionInfo: str | None = None
    primaryPackagePurpose: str | None = None
    sourceInfo: msgspec.Raw = msgspec.Raw(b"")
    externalRefs: list[_Reference] | None = None

    def purl(self) -> str:
        for reference in self.externalRefs or ():
            if reference.referenceType == "purl":
                return reference.referenceLocator
        return ""


class _Relationship(msgspec.Struct, frozen=True, gc=False):
    spdxElementId: str = ""
    relatedSpdxElement: str = ""
    relationshipType: str = ""
    comment: str | None = None


class _Created(msgspec.Struct, frozen=True):
    creators: tuple[str, ...] = ()


_PACKAGES = msgspec.json.Decoder(list[_SpdxPackage] | None)
_RELATIONSHIP = msgspec.json.Decoder(_Relationship)
_CREATED = msgspec.json.Decoder(_Created | None)
_TEXT = msgspec.json.Decoder(str)
_PURPOSES = {"CONTAINER": "image", "FILE": "directory", "APPLICATION": "application"}


def spdx_inventory(
    version: str,
    *,
    packages: msgspec.Raw,
    relationships: msgspec.Raw,
    described: Sequence[str],
    created: msgspec.Raw,
) -> Inventory:
    """Return what the document lists.

    Args:
        version: ``SPDX-2.3``.
        packages: the member of that name.
        relationships: likewise.
        described: what the document says that it describes, in the way of SPDX 2.2.
        created: who made it.

    Raises:
        msgspec.DecodeError: it is malformed.
    """
    owned, roots = _relations(relationships)
    roots |= set(described)
    listing, distro, subject = Listing(), "", Subject()
    for package in decode_member(_PACKAGES, packages, "packages") or ():
        if package.SPDXID in roots:
            subject = _subject(package) if len(roots) == 1 else subject
            if is_known(package.purl()):  # a program that describes itself, or one of several
                listing.add(_entry(package))
        elif package.primaryPackagePurpose == "OPERATING-SYSTEM" and not package.purl():
            if package.versionInfo:
                distro = f"{package.name.lower()}-{package.versionInfo}"
        else:
            listing.add(_entry(package))
    distro = distro or listing.named_distro()
    return Inventory(
        format=version,
        tool=_tool(created),
        subject=subject,
        packages=listing.packages(distro),
        owners=grouped(owned),
        unnamed=listing.unnamed,
        malformed=tuple(listing.malformed),
        distro=distro,
    )


def _entry(package: _SpdxPackage) -> Entry:
    return Entry(
        package.SPDXID,
        package.name,
        package.versionInfo or "",
        package.purl(),
        traces=package.sourceInfo,
        read_places=_places,
    )


def _places(traces: bytes | msgspec.Raw) -> Places:
    """Read Syft's sentence; a path that holds a comma is not told apart."""
    try:
        text = _TEXT.decode(traces)
    except msgspec.DecodeError:
        return NOWHERE
    if not text.startswith(_SOURCE_INFO):
        return NOWHERE
    _, _, paths = text.partition(": /")
    return Places(tuple(f"/{path.removeprefix('/')}" for path in paths.split(", ") if path))


def _relations(raw: msgspec.Raw) -> tuple[list[tuple[str, str]], set[str]]:
    """Return who owns whom, and what the document describes: the image or folder, not a package in it."""
    owned: list[tuple[str, str]] = []
    roots: set[str] = set()
    for data in containing(raw, b"DESCRIBES", _OVERLAP.encode()):
        item = _RELATIONSHIP.decode(data)
        if item.relationshipType == "DESCRIBES":
            roots.add(item.relatedSpdxElement)
        elif item.relationshipType == "OTHER" and (item.comment or "").startswith(_OVERLAP):
            owned.append((item.spdxElementId, item.relatedSpdxElement))
    return owned, roots


def _subject(package: _SpdxPackage) -> Subject:
    version = package.versionInfo or ""
    purl = package.purl()
    identity = identify(purl) if purl else None
    stated = identity.version if identity else ""
    digest = next((word for word in (stated, version) if word.startswith("sha256:")), "")
    purpose = package.primaryPackagePurpose or ""
    return Subject(
        kind=_PURPOSES.get(purpose, purpose.lower()),
        name=package.name,
        version="" if version == digest else version,
        digest=digest,
    )


def _tool(raw: msgspec.Raw) -> str:
    return next(_tools(raw), "")


def _tools(raw: msgspec.Raw) -> Iterator[str]:
    created = decode_member(_CREATED, raw, "creationInfo")
    for creator in created.creators if created else ():
        if creator.startswith("Tool:"):
            yield creator.removeprefix("Tool:").strip()
