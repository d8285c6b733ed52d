"""SPDX documents for tests, and two judges of them: the official validator, and a fast one of our own."""

import gzip
import json
from collections.abc import Iterable, Mapping
from typing import Any

from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from tests.support.shared import shared

OVERLAP = "ownership-by-file-overlap: indicates that the parent package owns a child package"
SMALL = ("alpine-311", "alpine33-real", "java", "npm-web", "py-django22", "ruby-rails")


def real(name: str) -> bytes:
    """Return a real SPDX document of ``../shared/sboms``."""
    return gzip.decompress(shared(f"sboms/{name}.spdx.json.gz").read_bytes())


def native(name: str) -> bytes:
    """Return the Syft JSON of the same run."""
    return gzip.decompress(shared(f"sboms/{name}.syft.json.gz").read_bytes())


def official_problems(document: bytes) -> list[str]:
    """Return what spdx-tools, the format's own validator, has against ``document``."""
    parsed = JsonLikeDictParser().parse(json.loads(document))  # type: ignore[no-untyped-call]
    return [message.validation_message for message in validate_full_spdx_document(parsed)]


def dangling(document: bytes) -> set[str]:
    """Return the ids that relationships and ``documentDescribes`` name and that nothing has."""
    value = json.loads(document)
    known = {"SPDXRef-DOCUMENT", "NONE", "NOASSERTION"}
    for section in ("packages", "files", "snippets"):
        known |= {item["SPDXID"] for item in value.get(section, ())}
    external = {item["externalDocumentId"] for item in value.get("externalDocumentRefs", ())}
    named = set(value.get("documentDescribes", ()))
    for relation in value.get("relationships", ()):
        named |= {relation["spdxElementId"], relation["relatedSpdxElement"]}
    for package in value.get("packages", ()):
        named |= set(package.get("hasFiles", ()))
    return {name for name in named if name not in known and name.partition(":")[0] not in external}


def identities(document: bytes) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return id, name, version and package URLs of every package, sorted."""
    return sorted(
        (
            package["SPDXID"],
            package["name"],
            package.get("versionInfo", ""),
            tuple(
                ref["referenceLocator"]
                for ref in package.get("externalRefs", ())
                if ref["referenceType"] == "purl"
            ),
        )
        for package in json.loads(document)["packages"]
    )


def relation(element: str, kind: str, related: str, comment: str = "") -> dict[str, str]:
    """Return a relationship between two ids without their ``SPDXRef-``; ids with a colon are taken as they are."""
    value = {
        "spdxElementId": _id(element),
        "relatedSpdxElement": _id(related),
        "relationshipType": kind,
    }
    return value | ({"comment": comment} if comment else {})


def package(spdx_id: str, **members: Any) -> dict[str, Any]:
    """Return a package with what the format demands, and ``members``."""
    return {
        "name": spdx_id,
        "SPDXID": _id(spdx_id),
        "versionInfo": "1.0",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:generic/{spdx_id}@1.0",
            }
        ],
    } | members


def analysed(spdx_id: str, **members: Any) -> dict[str, Any]:
    """Return a package whose files are listed."""
    code = {"packageVerificationCodeValue": "0" * 40}
    return package(spdx_id, filesAnalyzed=True, packageVerificationCode=code, **members)


def file(spdx_id: str) -> dict[str, Any]:
    """Return a file entry."""
    return {
        "fileName": f"./{spdx_id}",
        "SPDXID": _id(spdx_id),
        "checksums": [{"algorithm": "SHA1", "checksumValue": "0" * 40}],
        "licenseConcluded": "NOASSERTION",
        "licenseInfoInFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
    }


def annotation(text: str = "looked at") -> dict[str, str]:
    """Return an annotation."""
    return {
        "annotationDate": "2024-01-02T03:04:05Z",
        "annotationType": "OTHER",
        "annotator": "Tool: test",
        "comment": text,
    }


def external_document(spdx_id: str) -> dict[str, Any]:
    """Return a reference to another document."""
    return {
        "externalDocumentId": f"DocumentRef-{spdx_id}",
        "spdxDocument": f"https://example.org/spdx/{spdx_id}",
        "checksum": {"algorithm": "SHA1", "checksumValue": "0" * 40},
    }


def document(
    packages: Iterable[Mapping[str, Any]],
    relationships: Iterable[Mapping[str, str]],
    *,
    indent: int | None = None,
    **members: Any,
) -> bytes:
    """Return a document as JSON; empty sections are left out."""
    value = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "test",
        "documentNamespace": "https://example.org/spdx/test-1",
        "creationInfo": {
            "creators": ["Organization: Anchore, Inc", "Tool: syft-1.2.3"],
            "created": "2026-01-02T03:04:05Z",
        },
        "packages": list(packages),
        "relationships": list(relationships),
    } | members
    kept = {name: item for name, item in value.items() if item not in ([], None)}
    separators = (",", ":") if indent is None else None
    return json.dumps(kept, indent=indent, separators=separators).encode()


def _id(text: str) -> str:
    return text if ":" in text or text in ("NONE", "NOASSERTION") else f"SPDXRef-{text}"
