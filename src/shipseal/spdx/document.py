"""What a document holds, for people and decisions: its packages, and how many bytes each section takes."""

from dataclasses import dataclass

import msgspec

from shipseal.spdx.parts import (
    DESCRIPTIONS,
    ExternalRef,
    Fields,
    Relationship,
    size_of,
    split,
)
from shipseal.spdx.record import TrimRecord, read_record

SECTIONS = (
    "packages",
    "files",
    "relationships",
    "hasExtractedLicensingInfos",
    "snippets",
    "annotations",
    "externalDocumentRefs",
)
HEADER = "header"


@dataclass(frozen=True, slots=True)
class SpdxPackage:
    """A package of the document.

    Attributes:
        id: its SPDX identifier.
        name: as the catalogue has it.
        version: likewise; empty when unknown.
        purls: package URLs, in the order of the document.
        size: bytes of its entry.
    """

    id: str
    name: str
    version: str
    purls: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the document.

    Attributes:
        name: the member's name; ``header`` for everything outside the known sections.
        count: how many items.
        size: bytes in compact form; together with ``whitespace`` they make up the document.
    """

    name: str
    count: int
    size: int


@dataclass(frozen=True, slots=True)
class SpdxDocument:
    """A document that was read.

    Attributes:
        raw: the bytes, as they were given.
        version: ``SPDX-2.3`` or ``SPDX-2.2``.
        name: the document's name.
        namespace: its URI.
        created: RFC 3339.
        creators: tools, organizations, persons.
        described: ids of the elements that the document is about.
        packages: all of them, in the order of the document.
        sections: largest first.
        whitespace: bytes that compact form would save.
        trimmed: what an earlier trim dropped; None when this is a full document.
    """

    raw: bytes
    version: str
    name: str
    namespace: str
    created: str
    creators: tuple[str, ...]
    described: tuple[str, ...]
    packages: tuple[SpdxPackage, ...]
    sections: tuple[Section, ...]
    whitespace: int
    trimmed: TrimRecord | None

    @property
    def contents(self) -> tuple[SpdxPackage, ...]:
        """The packages without those that the document is about (the image itself)."""
        roots = set(self.described)
        return tuple(package for package in self.packages if package.id not in roots)


@dataclass(frozen=True, slots=True)
class CreationInfo:
    """Who made the document and when (SPDX 2.3, clauses 6.8 to 6.10).

    Attributes:
        created: RFC 3339.
        creators: ``Tool: …``, ``Organization: …``, ``Person: …``.
        comment: free text; holds the record of a trimmed document.
    """

    created: str = ""
    creators: tuple[str, ...] = ()
    comment: str = ""


class PackageMembers(msgspec.Struct, frozen=True):
    """What is read of a package (SPDX 2.3, clause 7)."""

    id: str = msgspec.field(name="SPDXID")
    name: str
    version: str | None = msgspec.field(name="versionInfo", default=None)
    refs: list[ExternalRef] | None = msgspec.field(name="externalRefs", default=None)

    @property
    def purls(self) -> tuple[str, ...]:
        """Its package URLs."""
        return tuple(ref.locator for ref in self.refs or () if ref.kind == "purl")


def read_document(raw: bytes, *, what: str) -> SpdxDocument:
    """Read an SPDX 2.2 or 2.3 document in JSON.

    Args:
        raw: the document.
        what: names it in errors: a file, a digest.

    Raises:
        SpdxError: it is not JSON, not SPDX, another version, or lacks members that it must have.
    """
    fields = split(raw, what=what)
    info = creation_info(fields)
    sections = _sections(fields)
    return SpdxDocument(
        raw=raw,
        version=fields.text("spdxVersion"),
        name=fields.text("name"),
        namespace=fields.text("documentNamespace"),
        created=info.created,
        creators=info.creators,
        described=described(fields),
        packages=_packages(fields),
        sections=sections,
        whitespace=len(raw) - sum(section.size for section in sections),
        trimmed=read_record(info.comment),
    )


def creation_info(fields: Fields) -> CreationInfo:
    """Return the creation information; empty when there is none.

    Raises:
        SpdxError: it is of another form.
    """
    info = fields.members("creationInfo")
    return CreationInfo(
        info.text("created"), tuple(info.decode("creators", str)), info.text("comment")
    )


def described(fields: Fields) -> tuple[str, ...]:
    """Return the ids of what the document describes, by relationship or by ``documentDescribes``, each once.

    Raises:
        SpdxError: a relationship lacks a member.
    """
    ids = [*fields.decode("documentDescribes", str)]
    # The kind first: there are as many relationships as files, and most are of another one.
    ids += [
        item.described
        for item in fields.decode("relationships", Relationship)
        if item.kind in DESCRIPTIONS
    ]
    return tuple(dict.fromkeys(item for item in ids if item))


def check_packages(fields: Fields) -> None:
    """Refuse a document with a package that has no name or identifier: what is made of it would be of no use.

    Raises:
        SpdxError: there is one.
    """
    fields.decode("packages", PackageMembers)


def _packages(fields: Fields) -> tuple[SpdxPackage, ...]:
    items, read = fields.elements("packages"), fields.decode("packages", PackageMembers)
    return tuple(
        SpdxPackage(package.id, package.name, package.version or "", package.purls, size_of(item))
        for package, item in zip(read, items, strict=True)
    )


def _sections(fields: Fields) -> tuple[Section, ...]:
    """Return all sections; the commas and keys between them belong to the header."""
    found = [
        Section(name, len(fields.elements(name)), size_of(fields[name]))
        for name in SECTIONS
        if name in fields
    ]
    rest = len(fields.encode()) - sum(section.size for section in found)
    found.append(Section(HEADER, len(fields) - len(found), rest))
    return tuple(sorted(found, key=lambda section: (-section.size, section.name)))
