"""The SPDX document of an image index: one package for the index, one for each platform, and where their SBOMs are.

Each platform's full SBOM is an external document reference, whose one checksum is SHA1 as every reader of SPDX 2
expects it (SPDX 2.3, clauses 6.6 and 8.4; spdx/tools-python#864). Because SHA1 proves nothing any more, the same SBOM
is also a file element of type SPDX, which may have any number of checksums and carries its SHA256.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shipseal import __version__
from shipseal.oci import Digest, Platform
from shipseal.oci.digest import digest_of, split_digest
from shipseal.spdx.heading import read_heading
from shipseal.spdx.normalise import describes, purl_reference, unique_namespace
from shipseal.spdx.parts import DOCUMENT_ID, SpdxError
from shipseal.spdx.purl import image_purl, slug


@dataclass(frozen=True, slots=True)
class Variant:
    """One platform image and its full SBOM.

    Attributes:
        platform: as in the index.
        image: digest of the platform's manifest.
        namespace: of the SBOM's document.
        root: id of the package that the SBOM describes.
        sbom: sha256 digest of the SBOM.
        sha1: its SHA1, hexadecimal.
        size: its bytes.
    """

    platform: Platform
    image: Digest
    namespace: str
    root: str
    sbom: Digest
    sha1: str
    size: int


def variant_of(platform: Platform, image: Digest, sbom: bytes) -> Variant:
    """Return the variant whose full SBOM is ``sbom``.

    Raises:
        SpdxError: ``sbom`` is no SPDX document, or describes not exactly one element.
    """
    document = read_heading(sbom, what=f"SBOM of {platform}")
    if len(document.described) != 1:
        raise SpdxError(
            f"SBOM of {platform}", f"it describes {len(document.described)} elements, expected one"
        )
    return Variant(
        platform=platform,
        image=image,
        namespace=document.namespace,
        root=document.described[0],
        sbom=digest_of(sbom),
        # The format demands SHA1; nothing here relies on it.
        sha1=hashlib.sha1(sbom, usedforsecurity=False).hexdigest(),
        size=len(sbom),
    )


def index_document(
    index: Digest, variants: Sequence[Variant], *, name: str, version: str, created: str
) -> bytes:
    """Return the SPDX 2.3 document of an index, compact and deterministic.

    Args:
        index: digest of the index.
        variants: its platform images; at least one.
        name: the image's name.
        version: the release's version; may be empty.
        created: RFC 3339 in UTC with seconds.

    Raises:
        SpdxError: there is no variant.
    """
    keyed = _keyed(variants)
    if not keyed:
        raise SpdxError(str(index), "it has no platform image to describe")
    root = f"SPDXRef-DocumentRoot-Index-{slug(name)}"
    document: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT_ID,
        "name": name,
        "documentNamespace": "",
        "creationInfo": {"created": created, "creators": [f"Tool: shipseal-{__version__}"]},
        "externalDocumentRefs": [_reference(key, variant) for key, variant in keyed],
        "packages": [
            _package(root, name, version, index, None),
            *(_variant_package(key, item, name, version, created) for key, item in keyed),
        ],
        "files": [_file(key, variant) for key, variant in keyed],
        "relationships": [
            describes(root),
            *(relation for key, item in keyed for relation in _relations(key, item, root)),
        ],
    }
    content = msgspec.json.encode(document)
    return msgspec.json.encode(
        document | {"documentNamespace": unique_namespace((name, version, "index"), content)}
    )


def _keyed(variants: Sequence[Variant]) -> list[tuple[str, Variant]]:
    """Return each variant with the part of its identifiers that tells it from the others, sorted.

    Two images of one platform (Windows: by version of the system) are told apart by their digests.
    """
    counts = Counter(slug(str(variant.platform)) for variant in variants)
    keyed = []
    for variant in variants:
        key = slug(str(variant.platform))
        keyed.append((key if counts[key] == 1 else f"{key}-{variant.image[7:19]}", variant))
    return sorted(keyed, key=lambda pair: pair[0])


def _document_id(key: str) -> str:
    return f"DocumentRef-{key}"


def _package_id(key: str) -> str:
    return f"SPDXRef-Package-oci-{key}"


def _file_id(key: str) -> str:
    return f"SPDXRef-File-sbom-{key}"


def _reference(key: str, variant: Variant) -> dict[str, Any]:
    return {
        "externalDocumentId": _document_id(key),
        "spdxDocument": variant.namespace,
        "checksum": {"algorithm": "SHA1", "checksumValue": variant.sha1},
    }


def _package(
    spdx_id: str, name: str, version: str, digest: Digest, platform: Platform | None
) -> dict[str, Any]:
    algorithm, encoded = split_digest(digest)
    package: dict[str, Any] = {
        "name": name,
        "SPDXID": spdx_id,
        "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "checksums": [{"algorithm": algorithm.upper(), "checksumValue": encoded}],
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [purl_reference(image_purl(name, digest, platform))],
        "primaryPackagePurpose": "CONTAINER",
    }
    return package | ({"versionInfo": version} if version else {})


def _variant_package(
    key: str, variant: Variant, name: str, version: str, created: str
) -> dict[str, Any]:
    package = _package(_package_id(key), name, version, variant.image, variant.platform)
    comment = f"The full SBOM of {variant.platform} is {variant.sbom} ({variant.size} bytes)."
    return package | {
        "comment": f"platform {variant.platform}",
        "annotations": [
            {
                "annotationDate": created,
                "annotationType": "OTHER",
                "annotator": f"Tool: shipseal-{__version__}",
                "comment": comment,
            }
        ],
    }


def _file(key: str, variant: Variant) -> dict[str, Any]:
    _, encoded = split_digest(variant.sbom)
    return {
        "fileName": f"./sbom-{key}.spdx.json",
        "SPDXID": _file_id(key),
        "fileTypes": ["SPDX"],
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": variant.sha1},
            {"algorithm": "SHA256", "checksumValue": encoded},
        ],
        "licenseConcluded": "NOASSERTION",
        "licenseInfoInFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
    }


def _relations(key: str, variant: Variant, root: str) -> tuple[dict[str, str], ...]:
    package = _package_id(key)
    described = f"{_document_id(key)}:{variant.root}"
    return (
        _relation(package, "VARIANT_OF", root),
        _relation(package, "DESCRIBED_BY", f"{_document_id(key)}:{DOCUMENT_ID}"),
        # The same image, under the identifier that its own SBOM gives it.
        _relation(package, "COPY_OF", described),
        _relation(_file_id(key), "METAFILE_OF", package),
    )


def _relation(element: str, kind: str, related: str) -> dict[str, str]:
    return {"spdxElementId": element, "relatedSpdxElement": related, "relationshipType": kind}
