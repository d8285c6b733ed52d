"""Deterministic documents: one image and one tool give the same bytes, whenever and wherever they are made.

Syft writes a random namespace, the time of day, and relationships in the order in which its threads ended
(anchore/syft#3931). Here the namespace comes from the content, the time is an input, and everything that is a set is
sorted. The package that the document describes becomes the platform's manifest, as it is and will be pushed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from shipseal.oci import Digest, Platform
from shipseal.oci.digest import digest_of, split_digest
from shipseal.spdx.document import creation_info, described
from shipseal.spdx.parts import (
    DOCUMENT_ID,
    Fields,
    Identified,
    Relationship,
    SpdxError,
    as_raw,
    split,
    unpack,
)
from shipseal.spdx.purl import image_purl, slug


@dataclass(frozen=True, slots=True)
class Identity:
    """What the document is about and who made it.

    Attributes:
        name: the image's name.
        version: the release's version; may be empty.
        digest: of the platform's manifest.
        platform: of the image.
        created: RFC 3339 in UTC with seconds: SOURCE_DATE_EPOCH, or the image's own time.
        tools: creators in SPDX form, without ``Tool: ``, e.g. ``syft-1.57.0``.
    """

    name: str
    version: str
    digest: Digest
    platform: Platform
    created: str
    tools: tuple[str, ...]


def normalise(document: bytes, identity: Identity, *, what: str) -> bytes:
    """Return ``document``, as Syft wrote it for an image, in its one deterministic form: compact and sorted.

    Args:
        document: SPDX 2.3 JSON with exactly one described package.
        identity: what the document is about.
        what: names the document in errors.

    Raises:
        SpdxError: it is no such document.
    """
    fields = split(document, what=what)
    roots = described(fields)
    if len(roots) != 1:
        raise SpdxError(what, f"it describes {len(roots)} packages, expected one: the image")
    root = f"SPDXRef-DocumentRoot-Image-{slug(identity.name)}"
    fields.put("packages", _packages(fields, roots[0], root, identity))
    fields.put("relationships", _relationships(fields, roots[0], root))
    fields.put("files", _by_id(fields, "files"))
    licences = fields.elements("hasExtractedLicensingInfos")
    fields.put("hasExtractedLicensingInfos", sorted(licences, key=bytes))
    fields.pop("documentDescribes", None)
    fields["name"] = as_raw(identity.name)
    fields["creationInfo"] = as_raw(_creation_info(fields, identity))
    return _named(fields, identity)


def unique_namespace(parts: Sequence[str], content: bytes) -> str:
    """Return a namespace that follows from ``content`` (clause 6.5: a version 5 UUID of a checksum of it).

    Args:
        parts: of the readable part of the name; empty ones are left out.
        content: the document without its namespace.
    """
    unique = uuid.uuid5(uuid.NAMESPACE_OID, digest_of(content))
    name = "-".join([*(slug(part) for part in parts if part), str(unique)])
    return f"https://spdx.org/spdxdocs/{name}"


def _named(fields: Fields, identity: Identity) -> bytes:
    fields["documentNamespace"] = as_raw("")
    parts = (identity.name, identity.version, str(identity.platform))
    fields["documentNamespace"] = as_raw(unique_namespace(parts, fields.encode()))
    return fields.encode()


def _packages(fields: Fields, old: str, new: str, identity: Identity) -> list[msgspec.Raw]:
    items, read = fields.elements("packages"), fields.decode("packages", Identified)
    if all(package.id != old for package in read):
        raise SpdxError(fields.what, f"it describes {old}, which is no package in it")
    keyed = [
        (new, _root(unpack(item, what=fields.what), new, identity))
        if package.id == old
        else (package.id, item)
        for package, item in zip(read, items, strict=True)
    ]
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]


def _root(package: Fields, spdx_id: str, identity: Identity) -> msgspec.Raw:
    """Return the described package as the platform's manifest; what the tool says about its files stays."""
    algorithm, encoded = split_digest(identity.digest)
    purl = image_purl(identity.name, identity.digest, identity.platform)
    package["name"] = as_raw(identity.name)
    package["SPDXID"] = as_raw(spdx_id)
    package["checksums"] = as_raw([{"algorithm": algorithm.upper(), "checksumValue": encoded}])
    package["externalRefs"] = as_raw([purl_reference(purl)])
    package["primaryPackagePurpose"] = as_raw("CONTAINER")
    package["comment"] = as_raw(f"platform {identity.platform}")
    if identity.version:
        package["versionInfo"] = as_raw(identity.version)
    else:
        package.pop("versionInfo", None)
    return package.packed()


def purl_reference(purl: str) -> dict[str, str]:
    """Return the external reference that holds a package URL (SPDX 2.3, annex F.3.5)."""
    return {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    }


def _relationships(fields: Fields, old: str, new: str) -> list[msgspec.Raw]:
    """Return all relationships, each once, the root's renamed, sorted by element, kind, related element."""
    keyed: dict[tuple[str, str, str, str], msgspec.Raw] = {}
    read = fields.decode("relationships", Relationship)
    for item, relation in zip(fields.elements("relationships"), read, strict=True):
        element = new if relation.element == old else relation.element
        related = new if relation.related == old else relation.related
        key = (element, relation.kind, related, relation.comment)
        keyed[key] = item
        if old in (relation.element, relation.related):
            members = unpack(item, what=fields.what)
            members["spdxElementId"], members["relatedSpdxElement"] = (
                as_raw(element),
                as_raw(related),
            )
            keyed[key] = members.packed()
    if not any(key[:3] == (DOCUMENT_ID, "DESCRIBES", new) for key in keyed):
        keyed[(DOCUMENT_ID, "DESCRIBES", new, "")] = as_raw(describes(new))
    return [keyed[key] for key in sorted(keyed)]


def describes(element: str) -> dict[str, str]:
    """Return the relationship that makes ``element`` what the document is about."""
    return {
        "spdxElementId": DOCUMENT_ID,
        "relatedSpdxElement": element,
        "relationshipType": "DESCRIBES",
    }


def _by_id(fields: Fields, section: str) -> list[msgspec.Raw]:
    items, read = fields.elements(section), fields.decode(section, Identified)
    return [
        items[number] for number in sorted(range(len(items)), key=lambda number: read[number].id)
    ]


def _creation_info(fields: Fields, identity: Identity) -> dict[str, object]:
    people = [name for name in creation_info(fields).creators if not name.startswith("Tool: ")]
    creators = [*people, *(f"Tool: {tool}" for tool in identity.tools)]
    info: dict[str, object] = {"created": identity.created, "creators": creators}
    version = fields.members("creationInfo").text("licenseListVersion")
    return info | ({"licenseListVersion": version} if version else {})
