"""What a verifier reads of an SBOM, whoever wrote it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import AttestError, Code
from shipseal.intoto.predicates import REFERENCE_V01, SPDX_23
from shipseal.intoto.reference import reference_predicate
from shipseal.intoto.resource import Resource, digest_set
from shipseal.intoto.statement import Subject, encode_statement, parse_statement
from shipseal.oci import Platform, digest_of
from shipseal.spdx.trim import trim
from shipseal.spdx.variants import index_document, variant_of
from shipseal.verify.sbom_view import read_sbom, sbom_in
from tests.support.spdx import SMALL, real
from tests.support.spdx_sample import platform_sbom

AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
IMAGE, OTHER, INDEX = digest_of(b"image"), digest_of(b"other"), digest_of(b"index")


def changed(**members: Any) -> bytes:
    document = msgspec.json.decode(platform_sbom("app", IMAGE, AMD64))
    return msgspec.json.encode(document | members)


def root(**members: Any) -> bytes:
    document = msgspec.json.decode(platform_sbom("app", IMAGE, AMD64))
    package = document["packages"][0]
    for name in ("checksums", "externalRefs"):
        del package[name]
    package.update(members)
    return msgspec.json.encode(document)


def test_a_platforms_sbom_is_about_its_image() -> None:
    document = platform_sbom("app", IMAGE, AMD64)
    view = read_sbom(document)
    assert view.subjects == {IMAGE}
    assert view.full == {digest_of(document)}
    assert view.lists == frozenset()
    assert not view.by_reference


def purl(locator: str) -> dict[str, Any]:
    return {"externalRefs": [{"referenceType": "purl", "referenceLocator": locator}]}


@pytest.mark.parametrize(
    "members",
    [
        {"checksums": [{"algorithm": "SHA256", "checksumValue": IMAGE[7:].upper()}]},
        {"versionInfo": IMAGE},
        purl(f"pkg:oci/app@{IMAGE}?arch=amd64"),
        purl(f"pkg:oci/app@{IMAGE.replace(':', '%3A')}?repository_url=x%40y"),
    ],
    ids=["checksum", "version", "purl", "encoded purl"],
)
def test_tools_name_the_image_in_different_places(members: dict[str, Any]) -> None:
    assert read_sbom(root(**members)).subjects == {IMAGE}


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"versionInfo": "1.2.3"},
        {"versionInfo": f"sha1:{'0' * 40}"},
        {"checksums": [{"algorithm": "SHA1", "checksumValue": "0" * 40}]},
        {"checksums": [{"algorithm": "SHA256", "checksumValue": "0"}]},
        {"versionInfo": f"blake3:{IMAGE[7:]}"},
        purl(f"pkg:generic/app@{IMAGE}"),
        {"externalRefs": [{"referenceType": "other", "referenceLocator": f"pkg:oci/app@{IMAGE}"}]},
        purl("pkg:oci/app"),
    ],
)
def test_an_sbom_may_say_nothing_about_an_image(members: dict[str, Any]) -> None:
    assert read_sbom(root(**members)).subjects == frozenset()


def test_packages_that_are_only_contained_are_no_subject() -> None:
    """A base image in the list of packages does not make the SBOM one of that image."""
    document = msgspec.json.decode(platform_sbom("app", IMAGE, AMD64))
    document["packages"].append(
        {
            "SPDXID": "SPDXRef-base",
            "name": "base",
            "checksums": [{"algorithm": "SHA256", "checksumValue": OTHER[7:]}],
        }
    )
    document["relationships"] += [
        {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
        for one, kind, other in (
            ("SPDXRef-DOCUMENT", "CONTAINS", "SPDXRef-base"),
            ("SPDXRef-Package-0", "DESCRIBES", "SPDXRef-base"),
            ("SPDXRef-base", "DESCRIBED_BY", "DocumentRef-x:SPDXRef-DOCUMENT"),
            ("SPDXRef-base", "PACKAGE_OF", "SPDXRef-DOCUMENT"),
        )
    ]
    assert read_sbom(msgspec.json.encode(document)).subjects == {IMAGE}


@pytest.mark.parametrize(
    "relationships",
    [
        [
            {
                "spdxElementId": "SPDXRef-DocumentRoot-Image-app",
                "relationshipType": "DESCRIBED_BY",
                "relatedSpdxElement": "SPDXRef-DOCUMENT",
            }
        ],
        None,
    ],
    ids=["described by", "documentDescribes"],
)
def test_what_is_described_is_told_in_three_ways(relationships: object) -> None:
    describes = [] if relationships else ["SPDXRef-DocumentRoot-Image-app"]
    raw = changed(relationships=relationships, documentDescribes=describes)
    assert read_sbom(raw).subjects == {IMAGE}


def test_an_index_lists_the_sboms_of_its_platforms() -> None:
    documents = {
        one: platform_sbom("app", digest_of(str(one).encode()), one) for one in (AMD64, ARM64)
    }
    raw = index_document(
        INDEX,
        [variant_of(one, digest_of(str(one).encode()), text) for one, text in documents.items()],
        name="app",
        version="1",
        created="2026-01-01T00:00:00Z",
    )
    view = read_sbom(raw)
    assert view.subjects == {INDEX}
    assert view.lists == {digest_of(text) for text in documents.values()}


def test_files_that_are_no_sboms_are_not_listed() -> None:
    files = [
        {"fileTypes": kinds, "checksums": [{"algorithm": "SHA256", "checksumValue": one[7:]}]}
        for kinds, one in ((["SPDX"], IMAGE), (["BINARY"], OTHER), (None, INDEX))
    ]
    assert read_sbom(changed(files=files)).lists == {IMAGE}


def test_a_trimmed_sbom_stands_for_the_full_one() -> None:
    full = platform_sbom("app", IMAGE, AMD64)
    bulk = msgspec.json.decode(full) | {
        "annotations": [
            {
                "annotationDate": "2026-01-01T00:00:00Z",
                "annotationType": "OTHER",
                "annotator": "Tool: x",
                "comment": "y" * 4000,
            }
        ]
    }
    raw = msgspec.json.encode(bulk)
    trimmed = trim(raw, 3500, full_digest=digest_of(raw)).raw
    assert len(trimmed) < len(raw)
    view = read_sbom(trimmed)
    assert view.full == {digest_of(raw)}
    assert view.subjects == {IMAGE}


def test_an_sbom_by_reference_is_about_what_the_statement_names() -> None:
    documents = [
        Resource(
            digest=digest_set(OTHER), media_type="application/spdx+json", download_location="x"
        ),
        Resource(digest=digest_set(INDEX), media_type="text/plain", download_location="x"),
    ]
    raw = encode_statement([Subject("app", IMAGE)], REFERENCE_V01, reference_predicate(documents))
    view = sbom_in(parse_statement(raw))
    assert view.subjects == {IMAGE}
    assert view.full == {OTHER}
    assert view.by_reference


def test_the_document_within_a_statement_keeps_its_digest() -> None:
    document = platform_sbom("app", IMAGE, AMD64)
    raw = encode_statement([Subject("app", IMAGE)], SPDX_23, document)
    assert sbom_in(parse_statement(raw)).full == {digest_of(document)}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"spdxVersion":"SPDX-2.3"}',
        changed(packages="x"),
        changed(files=[{"fileTypes": 1}]),
        changed(creationInfo=None),
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_spdx_document(raw: bytes) -> None:
    with pytest.raises(AttestError, match="not an SPDX document") as caught:
        read_sbom(raw)
    assert caught.value.code is Code.ATTEST_INVALID


@pytest.mark.shared
@pytest.mark.parametrize("name", SMALL)
def test_documents_of_syft_are_read(name: str) -> None:
    """Those of folders are about no image; the one of an image names it by checksum, version and package URL."""
    digest = "sha256:a02db336778f0b10fa23755222339de0ce16fcc53d8bfa75e1aad6de5053b339"
    assert read_sbom(real(name)).subjects == ({digest} if name == "alpine-311" else set())


@given(st.binary(max_size=100))
@settings(max_examples=100)
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(AttestError):
        read_sbom(raw)
