"""What a verifier reads of an SBOM: what it is about, and which other SBOMs it lists. Nothing else is decoded."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec

from shipseal._internal.json_errors import NOT_JSON
from shipseal.errors import AttestError, Code
from shipseal.intoto.predicates import REFERENCE_V01
from shipseal.intoto.reference import parse_reference
from shipseal.intoto.statement import Statement
from shipseal.oci import Digest, digest_of
from shipseal.oci import media_types as mt
from shipseal.spdx.record import read_record

_DIGEST_LENGTH = 64


@dataclass(frozen=True, slots=True)
class SbomView:
    """An SBOM as a verifier sees it.

    Attributes:
        subjects: sha256 digests of what it says it describes: by checksum, package URL or version of the described
            packages; where it is by reference, those of the statement.
        full: digest of the full document: its own, or that of the document it was trimmed from.
        lists: digests of the SBOMs that it lists (file elements of type SPDX): those of the platforms, in an index's.
        by_reference: whether the document lies elsewhere.
    """

    subjects: frozenset[Digest]
    full: frozenset[Digest]
    lists: frozenset[Digest] = frozenset()
    by_reference: bool = False


def sbom_in(statement: Statement) -> SbomView:
    """Read the SBOM in a statement, or what a statement says about an SBOM that lies elsewhere.

    Raises:
        AttestError: ``attest.invalid`` when it is malformed.
    """
    if statement.predicate_type != REFERENCE_V01:
        return read_sbom(statement.predicate)
    referenced = parse_reference(statement.predicate)
    return SbomView(
        subjects=frozenset(subject.digest for subject in statement.subjects),
        full=frozenset(item.digest for item in referenced if item.media_type == mt.SPDX_JSON),
        by_reference=True,
    )


def read_sbom(document: bytes) -> SbomView:
    """Read an SPDX 2.2 or 2.3 JSON document.

    Raises:
        AttestError: ``attest.invalid`` when it is none.
    """
    try:
        wire = msgspec.json.decode(document, type=_Document)
    except NOT_JSON as error:
        raise AttestError(
            Code.ATTEST_INVALID,
            f"SBOM: not an SPDX document in JSON: {error}",
            hint="attach an SPDX 2.3 JSON document",
        ) from error
    described = _described(wire)
    record = read_record(wire.creation.comment)
    subjects = (digest for item in wire.packages if item.id in described for digest in _of(item))
    return SbomView(
        subjects=frozenset(subjects),
        full=frozenset({record.digest if record else digest_of(document)}),
        lists=frozenset(
            digest
            for item in wire.files or ()
            if "SPDX" in (item.types or ())
            for digest in _sha256(item.checksums)
        ),
    )


class _Checksum(msgspec.Struct):
    algorithm: str
    value: str = msgspec.field(name="checksumValue")


class _Reference(msgspec.Struct):
    kind: str = msgspec.field(name="referenceType", default="")
    locator: str = msgspec.field(name="referenceLocator", default="")


class _Package(msgspec.Struct):
    id: str = msgspec.field(name="SPDXID")
    version: str | None = msgspec.field(name="versionInfo", default=None)
    checksums: list[_Checksum] | None = None
    references: list[_Reference] | None = msgspec.field(name="externalRefs", default=None)


class _File(msgspec.Struct):
    types: list[str] | None = msgspec.field(name="fileTypes", default=None)
    checksums: list[_Checksum] | None = None


class _Relationship(msgspec.Struct):
    element: str = msgspec.field(name="spdxElementId", default="")
    kind: str = msgspec.field(name="relationshipType", default="")
    related: str = msgspec.field(name="relatedSpdxElement", default="")


class _Creation(msgspec.Struct):
    comment: str = ""


class _Document(msgspec.Struct):
    version: str = msgspec.field(name="spdxVersion")
    creation: _Creation = msgspec.field(name="creationInfo")
    packages: list[_Package] = msgspec.field(default_factory=list)
    files: list[_File] | None = None
    relationships: list[_Relationship] | None = None
    describes: list[str] | None = msgspec.field(name="documentDescribes", default=None)


def _described(wire: _Document) -> set[str]:
    found = set(wire.describes or ())
    for item in wire.relationships or ():
        if item.kind == "DESCRIBES" and item.element == "SPDXRef-DOCUMENT":
            found.add(item.related)
        elif item.kind == "DESCRIBED_BY" and item.related == "SPDXRef-DOCUMENT":
            found.add(item.element)
    return found


def _of(package: _Package) -> Iterable[Digest]:
    yield from _sha256(package.checksums)
    yield from _digest(package.version or "")
    for reference in package.references or ():
        if reference.kind == "purl" and reference.locator.startswith("pkg:oci/"):
            version = reference.locator.partition("?")[0].rpartition("@")[2]
            yield from _digest(unquote(version))


def _sha256(checksums: Iterable[_Checksum] | None) -> Iterable[Digest]:
    for checksum in checksums or ():
        if checksum.algorithm == "SHA256":
            yield from _digest(f"sha256:{checksum.value.lower()}")


def _digest(text: str) -> Iterable[Digest]:
    algorithm, _, encoded = text.partition(":")
    if algorithm == "sha256" and len(encoded) == _DIGEST_LENGTH:
        yield Digest(text)
