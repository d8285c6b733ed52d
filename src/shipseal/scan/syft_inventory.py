"""Packages, ownership and layers out of Syft's own JSON, decoded as far as matching needs.

Source: https://github.com/anchore/syft/tree/main/schema/json. Syft's metadata of a package says more than its package
URL: the source package of a distribution's package, the module that a Go program was built from, a jar's own names.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

import msgspec

from shipseal.scan.inventory import Inventory, ListedPackage, Subject
from shipseal.scan.listing import Entry, Listing, containing, grouped
from shipseal.scan.purl_packages import (
    SYFT_TYPES,
    SYSTEM_TYPES,
    Identity,
    Upstream,
    identify,
    source_rpm,
)
from shipseal.scan.sbom_file import decode_member
from shipseal.scan.syft_locations import read_locations

_OVERLAP = "ownership-by-file-overlap"
_PSEUDO = ("(devel)", "v0.0.0-")
_T = TypeVar("_T")


class _Artifact(msgspec.Struct, frozen=True):
    id: str
    name: str
    version: str = ""
    type: str = ""
    language: str = ""
    purl: str = ""
    locations: msgspec.Raw = msgspec.Raw(b"[]")
    metadata: msgspec.Raw = msgspec.Raw(b"null")


class _Relationship(msgspec.Struct, frozen=True, gc=False):
    parent: str
    child: str
    type: str = ""


class _Distribution(msgspec.Struct, frozen=True):
    id: str = ""
    versionID: str = ""
    idLike: list[str] | None = None


class _Descriptor(msgspec.Struct, frozen=True):
    name: str = ""
    version: str = ""


class _Schema(msgspec.Struct, frozen=True):
    version: str = ""


class _Source(msgspec.Struct, frozen=True):
    type: str = ""
    name: str = ""
    version: str = ""
    metadata: Any = None
    target: Any = None


class _System(msgspec.Struct, frozen=True):
    """Metadata of a distribution's package, of whichever kind."""

    source: str = ""
    sourceVersion: str = ""
    originPackage: str = ""
    sourceRpm: str = ""


class _Module(msgspec.Struct, frozen=True):
    mainModule: str = ""


class _Pom(msgspec.Struct, frozen=True):
    groupId: str = ""
    artifactId: str = ""


class _Archive(msgspec.Struct, frozen=True):
    pomProperties: _Pom | None = None


class _File(msgspec.Struct, frozen=True, gc=False):
    path: str = ""


class _Owner(msgspec.Struct, frozen=True):
    files: list[_File] | None = None


_ARTIFACTS = msgspec.json.Decoder(list[_Artifact] | None)
_RELATIONSHIP = msgspec.json.Decoder(_Relationship)
_OWNER = msgspec.json.Decoder(_Owner | None)
_SYSTEM = msgspec.json.Decoder(_System | None)
_MODULE = msgspec.json.Decoder(_Module | None)
_ARCHIVE = msgspec.json.Decoder(_Archive | None)


def syft_inventory(
    *,
    artifacts: msgspec.Raw,
    relationships: msgspec.Raw,
    source: msgspec.Raw,
    distro: msgspec.Raw,
    descriptor: msgspec.Raw,
    schema: msgspec.Raw,
) -> Inventory:
    """Return what the document lists; the arguments are its members.

    Raises:
        msgspec.DecodeError: it is malformed.
    """
    found: list[_Artifact] = decode_member(_ARTIFACTS, artifacts, "artifacts") or []
    listing = Listing()
    for artifact in found:
        listing.add(_entry(artifact))
    stated = _decoded(distro, _Distribution, "distro")
    name = f"{stated.id}-{stated.versionID}" if stated.id else listing.named_distro()
    packages = listing.packages(name)
    owned = list(_owned(relationships))
    if not owned and listing.has_system_packages:
        owned = list(_owned_by_files(packages, found))
    tool = _decoded(descriptor, _Descriptor, "descriptor")
    version = _decoded(schema, _Schema, "schema")
    return Inventory(
        format=f"Syft JSON {version.version}".strip(),
        tool=f"{tool.name}-{tool.version}".strip("-"),
        subject=_subject(_decoded(source, _Source, "source")),
        packages=packages,
        owners=grouped(owned),
        unnamed=listing.unnamed,
        malformed=tuple(listing.malformed),
        distro=name,
        like=tuple(stated.idLike or ()),
    )


def _decoded(raw: msgspec.Raw, kind: type[_T], name: str) -> _T:
    decoder = msgspec.json.Decoder(kind | None)
    return cast("_T | None", decode_member(decoder, raw, name)) or kind()


def _entry(artifact: _Artifact) -> Entry:
    entry = Entry(
        artifact.id,
        artifact.name,
        artifact.version,
        artifact.purl,
        artifact.type,
        artifact.language,
        traces=artifact.locations,
        read_places=read_locations,
    )
    kind = SYFT_TYPES.get(artifact.type, "")
    if kind in SYSTEM_TYPES:
        entry.identity = _system_identity(artifact, kind)
    elif kind == "golang":
        entry.unreleased = _unreleased(artifact)
    elif kind == "maven":
        entry.other_names = _pom_names(artifact)
    return entry


def _system_identity(artifact: _Artifact, kind: str) -> Identity | None:
    """Return the package with the source package that its metadata names; None leaves it to the package URL."""
    metadata = _lenient(_SYSTEM, artifact.metadata)
    known = identify(artifact.purl) if artifact.purl else None
    if metadata is None or (artifact.purl and known is None):
        return None
    upstream = None
    if metadata.source or metadata.originPackage:
        upstream = Upstream(metadata.source or metadata.originPackage, metadata.sourceVersion)
    elif metadata.sourceRpm:
        upstream = source_rpm(metadata.sourceRpm)
    if upstream is None:
        return None
    distro = known.distro if known else ""
    return Identity(kind, artifact.name, artifact.version, distro, (upstream,))


def _unreleased(artifact: _Artifact) -> str:
    """Tell a Go program's own module, whose version the compiler did not know.

    Only these have such a version for that reason; a module that is a dependency has a pseudo-version because that is
    the commit it was taken from.
    """
    if not artifact.version.startswith(_PSEUDO):
        return ""
    metadata = _lenient(_MODULE, artifact.metadata)
    if metadata is None or metadata.mainModule != artifact.name:
        return ""
    return "the main module of a program, built without a version"


def _pom_names(artifact: _Artifact) -> tuple[str, ...]:
    metadata = _lenient(_ARCHIVE, artifact.metadata)
    pom = metadata.pomProperties if metadata else None
    return (f"{pom.groupId}:{pom.artifactId}",) if pom and pom.groupId and pom.artifactId else ()


def _lenient(decoder: "msgspec.json.Decoder[Any]", raw: msgspec.Raw) -> Any:
    """Decode metadata; None when its shape is another one, so that a new version of Syft loses no package."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return None


def _owned(raw: msgspec.Raw) -> Iterator[tuple[str, str]]:
    for data in containing(raw, _OVERLAP.encode()):
        item = _RELATIONSHIP.decode(data)
        if item.type == _OVERLAP:
            yield item.parent, item.child


def _owned_by_files(
    packages: Iterable[ListedPackage], artifacts: Iterable[_Artifact]
) -> Iterator[tuple[str, str]]:
    """Find ownership anew where the document was made without it: by the files of distributions' packages."""
    inner: dict[str, list[str]] = {}
    for item in packages:
        if item.identity.purl_type not in SYSTEM_TYPES:
            for path in item.places.locations:
                inner.setdefault(path, []).append(item.element)
    if not inner:
        return
    for artifact in artifacts:
        if SYFT_TYPES.get(artifact.type, artifact.type) in SYSTEM_TYPES:
            metadata = _lenient(_OWNER, artifact.metadata)
            for file in (metadata.files if metadata else None) or ():
                for child in inner.get(file.path, ()):
                    yield artifact.id, child


def _subject(source: _Source) -> Subject:
    value = source.metadata if source.metadata is not None else source.target
    metadata: Mapping[str, Any] = value if isinstance(value, dict) else {}
    name = source.name or metadata.get("userInput", "")
    return Subject(
        kind=source.type,
        name=name if isinstance(name, str) else "",
        version=source.version,
        digest=_text(metadata.get("manifestDigest")),
        layers=tuple(_layers(metadata.get("layers"))),
        labels=_texts(metadata.get("labels")),
        annotations=_annotations(metadata.get("manifest")),
        config=_base64(metadata.get("config")),
    )


def _layers(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict) and isinstance(item.get("digest"), str):
            yield item["digest"]


def _annotations(value: object) -> dict[str, str]:
    try:
        manifest = msgspec.json.decode(_base64(value) or b"{}")
    except msgspec.DecodeError:
        return {}
    return _texts(manifest.get("annotations")) if isinstance(manifest, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> dict[str, str]:
    items = value.items() if isinstance(value, dict) else ()
    return {key: text for key, text in items if isinstance(text, str)}


def _base64(value: object) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (ValueError, binascii.Error):
        return b""
