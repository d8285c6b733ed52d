"""Deterministic documents: the same image and tool, the same bytes."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.oci import Platform
from shipseal.oci.digest import digest_of
from shipseal.spdx import Identity, SpdxError, normalise, read_document
from tests.support import spdx as samples

IMAGE = Identity(
    name="ghcr.io/Org/app",
    version="1.4.2",
    digest=digest_of(b"manifest"),
    platform=Platform.parse("linux/arm64"),
    created="2024-01-02T03:04:05Z",
    tools=("syft-1.57.0", "shipseal-9"),
)


def syft_document(seed: int = 0, **members: Any) -> bytes:
    """One content as Syft would write it in different runs: time, namespace and order differ."""
    shuffled = random.Random(seed)
    packages = [
        samples.analysed("DocumentRoot-Image-x"),
        samples.package("b"),
        samples.package("a"),
    ]
    files = [samples.file(name) for name in ("f2", "f1", "f3")]
    relations = [
        samples.relation("DOCUMENT", "DESCRIBES", "DocumentRoot-Image-x"),
        samples.relation("DocumentRoot-Image-x", "CONTAINS", "a"),
        samples.relation("DocumentRoot-Image-x", "CONTAINS", "b"),
        samples.relation("a", "OTHER", "f1", "evident-by: a file"),
        samples.relation("a", "OTHER", "b", samples.OVERLAP),
        samples.relation("a", "OTHER", "b", samples.OVERLAP),
    ]
    licences = [{"licenseId": f"LicenseRef-{name}", "extractedText": name} for name in "cab"]
    for items in (packages, files, relations, licences):
        shuffled.shuffle(items)
    created = {
        "created": f"2026-01-01T00:00:{seed % 60:02}Z",
        "creators": ["Organization: Anchore, Inc", "Tool: syft-x"],
    }
    return samples.document(
        packages,
        relations,
        files=files,
        hasExtractedLicensingInfos=licences,
        documentNamespace=f"https://example.org/{seed}",
        creationInfo=created | {"licenseListVersion": "3.25"},
        **members,
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10_000))
def test_two_runs_of_the_tool_give_the_same_bytes(seed: int) -> None:
    first = normalise(syft_document(), IMAGE, what="first")
    assert normalise(syft_document(seed), IMAGE, what="second") == first
    assert normalise(first, IMAGE, what="again") == first


def test_the_described_package_is_the_platforms_manifest() -> None:
    value = json.loads(normalise(syft_document(), IMAGE, what="x"))
    root = next(item for item in value["packages"] if item["name"] == IMAGE.name)
    assert root["versionInfo"] == "1.4.2"
    assert root["checksums"] == [
        {"algorithm": "SHA256", "checksumValue": IMAGE.digest.removeprefix("sha256:")}
    ]
    assert root["externalRefs"][0]["referenceLocator"] == (
        f"pkg:oci/app@{IMAGE.digest}?arch=arm64&repository_url=ghcr.io/org/app"
    )
    assert root["primaryPackagePurpose"] == "CONTAINER"
    assert samples.relation("DOCUMENT", "DESCRIBES", root["SPDXID"][8:]) in value["relationships"]
    assert value["name"] == IMAGE.name


def test_who_and_when_come_from_the_caller() -> None:
    info = json.loads(normalise(syft_document(), IMAGE, what="x"))["creationInfo"]
    assert info == {
        "created": IMAGE.created,
        "creators": ["Organization: Anchore, Inc", "Tool: syft-1.57.0", "Tool: shipseal-9"],
        "licenseListVersion": "3.25",
    }


@pytest.mark.parametrize(
    "other",
    [
        replace(IMAGE, digest=digest_of(b"other")),
        replace(IMAGE, version="1.4.3"),
        replace(IMAGE, platform=Platform.parse("linux/amd64")),
        replace(IMAGE, created="2024-01-02T03:04:06Z"),
    ],
)
def test_another_document_has_another_namespace(other: Identity) -> None:
    namespaces = {
        read_document(normalise(syft_document(), identity, what="x"), what="x").namespace
        for identity in (IMAGE, other)
    }
    assert len(namespaces) == 2


def test_a_namespace_is_a_uri_that_says_what_it_is_about() -> None:
    namespace = read_document(normalise(syft_document(), IMAGE, what="x"), what="x").namespace
    assert namespace.startswith("https://spdx.org/spdxdocs/ghcr.io-Org-app-1.4.2-linux-arm64-")


def test_sections_are_sorted_and_no_relationship_stands_twice() -> None:
    value = json.loads(normalise(syft_document(7), IMAGE, what="x"))
    for section in ("packages", "files"):
        ids = [item["SPDXID"] for item in value[section]]
        assert ids == sorted(ids)
    assert len(value["relationships"]) == 5
    assert samples.dangling(json.dumps(value).encode()) == set()


def test_the_result_is_compact_and_valid() -> None:
    raw = normalise(syft_document(), IMAGE, what="x")
    assert raw == json.dumps(json.loads(raw), separators=(",", ":"), ensure_ascii=False).encode()
    assert samples.official_problems(raw) == []


def test_what_is_described_in_the_other_direction_is_described() -> None:
    raw = samples.document(
        [samples.package("root"), samples.package("a")],
        [samples.relation("root", "DESCRIBED_BY", "DOCUMENT")],
    )
    result = normalise(raw, IMAGE, what="x")
    assert len(read_document(result, what="x").contents) == 1
    assert samples.official_problems(result) == []
    relations = json.loads(result)["relationships"]
    assert any(item["relationshipType"] == "DESCRIBES" for item in relations)


def test_a_document_may_say_nothing_about_who_made_it() -> None:
    value = json.loads(syft_document())
    del value["creationInfo"]
    info = json.loads(normalise(json.dumps(value).encode(), IMAGE, what="x"))["creationInfo"]
    assert info["creators"] == ["Tool: syft-1.57.0", "Tool: shipseal-9"]


def test_an_image_without_a_version_has_none() -> None:
    value = json.loads(normalise(syft_document(), replace(IMAGE, version=""), what="x"))
    root = next(item for item in value["packages"] if item["name"] == IMAGE.name)
    assert "versionInfo" not in root


@pytest.mark.parametrize(
    ("relationships", "problem"),
    [
        ([], "describes 0 packages"),
        ([("DOCUMENT", "a"), ("DOCUMENT", "b")], "describes 2 packages"),
        ([("DOCUMENT", "gone")], "which is no package"),
    ],
)
def test_a_document_that_is_not_about_one_image_is_refused(
    relationships: list[tuple[str, str]], problem: str
) -> None:
    raw = samples.document(
        [samples.package("a"), samples.package("b")],
        [samples.relation(source, "DESCRIBES", target) for source, target in relationships],
    )
    with pytest.raises(SpdxError, match=problem):
        normalise(raw, IMAGE, what="x")


@pytest.mark.shared
@pytest.mark.parametrize("name", samples.SMALL)
def test_real_documents_keep_their_packages(name: str) -> None:
    raw = samples.real(name)
    result = normalise(raw, IMAGE, what=name)
    before, after = read_document(raw, what=name), read_document(result, what=name)
    assert sorted(item.id for item in before.contents) == [item.id for item in after.contents]
    assert samples.official_problems(result) == []
