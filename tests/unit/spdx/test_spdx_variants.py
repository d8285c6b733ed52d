"""The document of an index: which platforms it has, and where their SBOMs are."""

import hashlib
import json
import random
from typing import Any

import pytest

from shipseal.oci import Platform
from shipseal.oci.digest import digest_of
from shipseal.spdx import SpdxError, Variant, index_document, variant_of
from tests.support import spdx as samples

INDEX = digest_of(b"index")
SBOM = samples.document(
    [samples.package("root"), samples.package("a")],
    [samples.relation("DOCUMENT", "DESCRIBES", "root")],
)
PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")


def variants(*platforms: str) -> list[Variant]:
    return [
        variant_of(Platform.parse(name), digest_of(f"{name} {number}".encode()), SBOM)
        for number, name in enumerate(platforms or PLATFORMS)
    ]


def written(found: list[Variant], version: str = "1.0") -> bytes:
    return index_document(
        INDEX, found, name="ghcr.io/org/app", version=version, created="2024-01-02T03:04:05Z"
    )


def value(*platforms: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(written(variants(*platforms)))
    return document


def test_it_is_valid_by_the_formats_own_validator() -> None:
    raw = written(variants())
    assert samples.official_problems(raw) == []
    assert samples.dangling(raw) == set()


def test_the_index_is_described_and_every_platform_is_a_variant_of_it() -> None:
    document = value()
    relations = document["relationships"]
    root = document["packages"][0]
    assert samples.relation("DOCUMENT", "DESCRIBES", root["SPDXID"][8:]) in relations
    assert root["checksums"][0]["checksumValue"] == INDEX.removeprefix("sha256:")
    found = [item for item in relations if item["relationshipType"] == "VARIANT_OF"]
    assert {item["relatedSpdxElement"] for item in found} == {root["SPDXID"]}
    assert sorted(item["spdxElementId"] for item in found) == sorted(
        item["SPDXID"] for item in document["packages"][1:]
    )
    purls = [item["externalRefs"][0]["referenceLocator"] for item in document["packages"][1:]]
    assert [purl.partition("arch=")[2].partition("&")[0] for purl in purls] == [
        "amd64",
        "arm",
        "arm64",
    ]


def test_each_sbom_is_referred_to_by_sha1_as_the_format_wants_and_by_sha256() -> None:
    document = value("linux/amd64")
    (reference,) = document["externalDocumentRefs"]
    (entry,) = document["files"]
    sha1 = hashlib.sha1(SBOM, usedforsecurity=False).hexdigest()
    assert reference["checksum"] == {"algorithm": "SHA1", "checksumValue": sha1}
    assert reference["spdxDocument"] == "https://example.org/spdx/test-1"
    assert entry["fileTypes"] == ["SPDX"]
    assert {item["algorithm"]: item["checksumValue"] for item in entry["checksums"]} == {
        "SHA1": sha1,
        "SHA256": hashlib.sha256(SBOM).hexdigest(),
    }
    comment = document["packages"][1]["annotations"][0]["comment"]
    assert f"{digest_of(SBOM)} ({len(SBOM)} bytes)" in comment


def test_the_order_of_the_platforms_does_not_matter() -> None:
    shuffled = variants()
    random.Random(1).shuffle(shuffled)
    assert written(shuffled) == written(variants())
    assert written(variants(), "1.1") != written(variants())


def test_two_images_of_one_platform_are_told_apart() -> None:
    raw = written(variants("windows/amd64", "windows/amd64"))
    assert samples.official_problems(raw) == []
    assert len({item["SPDXID"] for item in json.loads(raw)["packages"]}) == 3


def test_an_index_without_platforms_has_no_document() -> None:
    with pytest.raises(SpdxError, match="no platform image"):
        written([])


def test_an_sbom_that_is_about_nothing_is_refused() -> None:
    with pytest.raises(SpdxError, match="describes 0 elements"):
        variant_of(
            Platform.parse(PLATFORMS[0]), INDEX, samples.document([samples.package("a")], [])
        )
