"""What an SBOM lists, in each format and as different tools write it."""

import base64
import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipseal._internal.limits import Limit
from shipseal._internal.sbom_formats import format_of
from shipseal.errors import Code, Exit, SbomError, ShipsealError
from shipseal.scan import read_inventory as reader
from shipseal.scan.inventory import Inventory
from shipseal.scan.overlap import find_overlap
from shipseal.scan.read_inventory import inventory_of, read_inventory
from tests.support.scanning import spdx_document, spdx_package

LIBSSL = "pkg:deb/debian/libssl3@3.0.0-1?distro=debian-12.5&upstream=openssl"


def inventory(document: object) -> Inventory:
    return inventory_of(json.dumps(document).encode(), what="sample")


def syft(*artifacts: dict[str, Any], **members: Any) -> Inventory:
    """Return what a document of Syft's own JSON lists."""
    found = [
        {"id": f"id{number}", "name": "x", "version": "1", "type": "python"} | artifact
        for number, artifact in enumerate(artifacts)
    ]
    return inventory(
        {
            "artifacts": found,
            "artifactRelationships": [],
            "source": {"type": "directory", "name": "sample"},
            "distro": {},
            "descriptor": {"name": "syft", "version": "1.57.0"},
            "schema": {"version": "16.1.13"},
        }
        | members
    )


def cyclonedx(*components: dict[str, Any], **members: Any) -> Inventory:
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": list(components)}
    return inventory(document | members)


def properties(**values: str) -> list[dict[str, str]]:
    return [{"name": name.replace("__", ":"), "value": value} for name, value in values.items()]


def test_the_format_is_told_by_the_content() -> None:
    assert inventory_of(spdx_document([]), what="x").format == "SPDX-2.3"
    found = syft()
    assert (found.format, found.tool) == ("Syft JSON 16.1.13", "syft-1.57.0")
    assert cyclonedx().format == "CycloneDX 1.6"


def test_spdx_2_2_describes_in_a_way_of_its_own() -> None:
    package = spdx_package(LIBSSL)
    package["externalRefs"][0]["referenceCategory"] = "PACKAGE_MANAGER"
    root = {
        "SPDXID": "SPDXRef-Root",
        "name": "app",
        "versionInfo": "1.2",
        "downloadLocation": "NONE",
    }
    document = json.loads(spdx_document([package, root]))
    document |= {"spdxVersion": "SPDX-2.2", "documentDescribes": ["SPDXRef-Root"]}
    del document["relationships"]
    document["creationInfo"]["creators"] = ["Organization: x", "Tool: maker-1.0"]
    found = inventory(document)
    assert [item.name for item in found.packages] == ["libssl3"]
    assert (found.subject.name, found.subject.version, found.unnamed) == ("app", "1.2", 0)
    assert (found.format, found.tool) == ("SPDX-2.2", "maker-1.0")


def test_the_image_of_an_spdx_document_has_its_digest() -> None:
    root = spdx_package("pkg:oci/app@sha256%3A" + "a" * 64 + "?arch=amd64")
    root["primaryPackagePurpose"] = "CONTAINER"
    document = json.loads(spdx_document([root]))
    document["relationships"] = [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": root["SPDXID"],
         "relationshipType": "DESCRIBES"},
    ]  # fmt: skip
    found = inventory(document)
    assert (found.subject.kind, found.subject.digest) == ("image", "sha256:" + "a" * 64)
    assert found.empty


def test_a_program_that_describes_itself_is_a_package() -> None:
    document = json.loads(spdx_document([spdx_package("pkg:npm/app@1.0.0")]))
    document["documentDescribes"] = [document["packages"][0]["SPDXID"]]
    assert [item.name for item in inventory(document).packages] == ["app"]


def test_spdx_tells_where_syft_found_a_package() -> None:
    package = spdx_package(LIBSSL)
    package["sourceInfo"] = (
        "acquired package info from DPKG DB: /var/lib/dpkg/status, /usr/share/doc/libssl3/copyright"
    )
    (item,) = inventory_of(spdx_document([package]), what="x").packages
    assert item.package.locations == ("/var/lib/dpkg/status", "/usr/share/doc/libssl3/copyright")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("comment", ["", "{ a brace", "x" * 9000])
def test_ownership_is_found_however_the_document_is_written(
    indent: int | None, comment: str
) -> None:
    owner, child = spdx_package(LIBSSL), spdx_package("pkg:pypi/x@1")
    document = json.loads(spdx_document([owner, child], owned=[(owner["SPDXID"], child["SPDXID"])]))
    document["relationships"][0]["comment"] += comment
    document["relationships"].append(
        {"relationshipType": "DESCRIBES", "spdxElementId": "SPDXRef-DOCUMENT",
         "relatedSpdxElement": "SPDXRef-none", "annotation": {"nested": 1}},
    )  # fmt: skip
    found = inventory_of(json.dumps(document, indent=indent).encode(), what="x")
    assert dict(found.owners) == {child["SPDXID"]: (owner["SPDXID"],)}


def test_syft_knows_the_source_package_better_than_the_package_url() -> None:
    found = syft(
        {
            "type": "deb", "name": "libssl3", "version": "3.0.0-1", "purl": LIBSSL,
            "metadata": {"source": "openssl-src", "sourceVersion": "3.0.0-2"},
        },
        {
            "type": "apk", "name": "libcrypto3", "version": "3.1-r0", "metadata": {"originPackage": "openssl"},
        },
        {
            "type": "rpm", "name": "openssl-libs", "version": "1:3.0-1.el9",
            "metadata": {"sourceRpm": "openssl-3.0-1.el9.src.rpm"},
        },
        distro={"id": "debian", "versionID": "12.5"},
    )  # fmt: skip
    upstreams = [[(up.name, up.version) for up in i.identity.upstreams] for i in found.packages]
    assert upstreams == [
        [("openssl-src", "3.0.0-2")],
        [("openssl", "")],
        [("openssl", "3.0-1.el9")],
    ]
    assert [item.ecosystem for item in found.packages] == ["Debian:12"] * 3


def test_syft_s_types_serve_where_there_is_no_package_url() -> None:
    found = syft({"name": "paramiko"}, {"type": "binary", "name": "busybox"}, {"type": ""})
    assert [(item.name, item.ecosystem) for item in found.packages] == [
        ("paramiko", "PyPI"),
        ("busybox", ""),
    ]
    assert found.unnamed == 1


def test_metadata_of_an_unknown_shape_loses_no_package() -> None:
    found = syft(
        {"type": "deb", "name": "tar", "purl": LIBSSL, "metadata": {"source": {"new": 1}}},
        {"type": "java-archive", "metadata": {"pomProperties": []}, "locations": "nowhere"},
        {"type": "go-module", "version": "(devel)", "metadata": []},
    )
    assert len(found.packages) == 3
    assert found.packages[0].identity.upstreams[0].name == "openssl"
    assert found.packages[1].package.locations == ()


@pytest.mark.parametrize(
    ("version", "main", "unreleased"),
    [
        ("(devel)", "example.org/app", True),
        ("v0.0.0-20260101000000-0123456789ab", "example.org/app", True),
        ("v0.0.0-20260101000000-0123456789ab", "example.org/other", False),
        ("v1.2.3", "example.org/app", False),
    ],
)
def test_the_main_module_of_a_program_may_have_no_version(
    version: str, main: str, *, unreleased: bool
) -> None:
    module = {"type": "go-module", "name": "example.org/app", "version": version}
    (item,) = syft(module | {"metadata": {"mainModule": main}}).packages
    assert bool(item.unreleased) is unreleased


def test_a_jar_may_have_the_name_that_its_pom_states() -> None:
    jar = {
        "type": "java-archive", "name": "shaded", "purl": "pkg:maven/shaded/shaded@1",
        "metadata": {"pomProperties": {"groupId": "org.example", "artifactId": "inner"}},
    }  # fmt: skip
    assert syft(jar).packages[0].other_names == ("org.example:inner",)


DEB = {"type": "deb", "name": "ruby-rack", "version": "2.2.7-1", "id": "deb",
       "metadata": {"files": [{"path": "/usr/share/rack.gemspec"}]}}  # fmt: skip
GEM = {"type": "gem", "name": "rack", "version": "2.2.7", "id": "gem",
       "locations": [{"path": "/usr/share/rack.gemspec"}]}  # fmt: skip
DEBIAN = {"id": "debian", "versionID": "12.5"}


def test_ownership_is_told_or_found_anew_by_files() -> None:
    told = [{"parent": "deb", "child": "gem", "type": "ownership-by-file-overlap",
             "metadata": {"files": ["/usr/share/rack.gemspec"]}}]  # fmt: skip
    plain = DEB | {"metadata": {}}
    assert dict(syft(plain, GEM, distro=DEBIAN).owners) == {}
    assert dict(syft(plain, GEM, distro=DEBIAN, artifactRelationships=told).owners) == {
        "gem": ("deb",)
    }
    found = syft(DEB, GEM, distro=DEBIAN)
    assert dict(found.owners) == {"gem": ("deb",)}
    assert find_overlap(found).dropped == {"gem"}


@pytest.mark.parametrize(
    ("distro", "dropped"),
    [
        ({"id": "raspberry", "versionID": "12", "idLike": ["debian"]}, True),
        ({"id": "amzn", "versionID": "2", "idLike": ["rhel", "fedora"]}, False),
        ({"id": "alpine", "versionID": "3.19"}, False),
        ({}, False),
    ],
)
def test_who_speaks_for_inner_packages_depends_on_the_distribution(
    distro: dict[str, Any], *, dropped: bool
) -> None:
    assert bool(find_overlap(syft(DEB, GEM, distro=distro)).dropped) is dropped


def test_syft_tells_layers_labels_annotations_and_configuration() -> None:
    config = base64.b64encode(b'{"config": {}}').decode()
    manifest = base64.b64encode(b'{"annotations": {"org.opencontainers.image.base.name": "b"}}')
    metadata = {
        "userInput": "app:1", "manifestDigest": "sha256:" + "b" * 64, "config": config,
        "layers": [{"digest": "sha256:1"}, {"digest": "sha256:2"}, {}], "labels": {"a": "1"},
        "manifest": manifest.decode(),
    }  # fmt: skip
    subject = syft(
        source={"type": "image", "name": "app", "version": "1", "metadata": metadata}
    ).subject
    assert (subject.kind, subject.name, subject.digest) == ("image", "app", "sha256:" + "b" * 64)
    assert subject.layers == ("sha256:1", "sha256:2")
    assert subject.labels == {"a": "1"}
    assert subject.annotations == {"org.opencontainers.image.base.name": "b"}
    assert subject.config == b'{"config": {}}'
    odd = syft(
        source={"type": "image", "metadata": {"config": "%", "manifest": "WzFd", "layers": 1}}
    )
    assert (odd.subject.config, odd.subject.layers, odd.subject.annotations) == (b"", (), {})


def test_cyclonedx_of_syft() -> None:
    found = cyclonedx(
        {"type": "library", "name": "core", "group": "@babel", "version": "7.0.0",
         "purl": "pkg:npm/%40babel/core@7.0.0",
         "properties": properties(syft__location__0__path="/a/package.json", syft__location__0__layerID="sha256:1")},
        {"type": "file", "name": "/a"},
        {"type": "operating-system", "name": "debian", "version": "12.5"},
        {"type": "library", "name": "tar", "version": "1", "purl": "pkg:deb/debian/tar@1"},
        {"type": "library", "name": "inner", "group": "org.example", "version": "2",
         "properties": properties(syft__package__type="java-archive")},
        metadata={
            "tools": {"components": [{"name": "syft", "version": "1.57.0"}]},
            "component": {"type": "container", "name": "app", "version": "sha256:" + "a" * 64},
        },
    )  # fmt: skip
    assert [(item.name, item.ecosystem) for item in found.packages] == [
        ("@babel/core", "npm"),
        ("tar", "Debian:12"),
        ("org.example:inner", "Maven"),
    ]
    assert found.packages[0].package.locations == ("/a/package.json",)
    assert found.packages[0].package.layer == "sha256:1"
    assert (found.tool, found.subject.kind) == ("syft-1.57.0", "image")
    assert found.subject.digest == "sha256:" + "a" * 64


def test_cyclonedx_of_trivy() -> None:
    found = cyclonedx(
        {"bom-ref": "1", "type": "library", "name": "libssl3", "version": "1:3.0.0-1",
         "purl": "pkg:deb/debian/libssl3@3.0.0-1?arch=amd64&distro=debian-12.5&epoch=1",
         "properties": properties(
             aquasecurity__trivy__SrcName="openssl", aquasecurity__trivy__SrcVersion="3.0.0",
             aquasecurity__trivy__SrcRelease="1", aquasecurity__trivy__SrcEpoch="1",
             aquasecurity__trivy__LayerDiffID="sha256:2", aquasecurity__trivy__FilePath="var/x")},
        metadata={"tools": [{"vendor": "a", "name": "trivy"}], "component": {
            "type": "container", "name": "app",
            "properties": properties(aquasecurity__trivy__DiffID="sha256:2")}},
    )  # fmt: skip
    (item,) = found.packages
    assert [(up.name, up.version) for up in item.identity.upstreams] == [("openssl", "1:3.0.0-1")]
    assert (item.package.layer, item.package.locations) == ("sha256:2", ("/var/x",))
    assert (found.tool, found.subject.layers) == ("trivy", ("sha256:2",))


def test_components_of_components_are_listed() -> None:
    inner = {"type": "library", "name": "b", "version": "1", "purl": "pkg:pypi/b@1"}
    outer = {"type": "application", "name": "a", "purl": "pkg:pypi/a@1", "components": [inner]}
    assert [item.name for item in cyclonedx(outer).packages] == ["a", "b"]


def test_what_cannot_be_looked_up_is_counted() -> None:
    found = cyclonedx(
        {"type": "library", "name": "a"},
        {"type": "library", "name": "b", "purl": "b@1"},
        {"type": "library", "name": "c", "purl": "pkg:pypi/c@1"},
    )
    assert (len(found.packages), found.unnamed, found.malformed) == (1, 1, ("b@1",))
    assert not found.empty
    assert cyclonedx().empty


@pytest.mark.parametrize("member", ["sbom", "predicate"])
def test_a_document_inside_of_another_is_found(member: str) -> None:
    document = json.loads(spdx_document([spdx_package(LIBSSL)]))
    assert len(inventory({member: document, "_type": "x"}).packages) == 1
    with pytest.raises(SbomError, match="no SBOM"):
        inventory({member: {member: document}})


def test_a_file_is_read_with_its_digest_and_size(tmp_path: Path) -> None:
    data = spdx_document([spdx_package(LIBSSL)])
    for name, content in (("plain", data), ("packed.json", gzip.compress(data, mtime=0))):
        (tmp_path / name).write_bytes(content)
        found = read_inventory(tmp_path / name)
        assert len(found.inventory.packages) == 1
        assert found.size == len(content)
        assert found.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"  ", "it is empty"),
        (b"[]", "Expected `object`"),
        (b"{}", "it is JSON, but no SBOM"),
        (b'{"a": ' + b"[" * 5000, "cannot be read"),
        (b"<bom/>", "cannot be read"),
        (b"\xff\xfe{}", "cannot be read"),
        (
            b"SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n",
            "it is SPDX tag-value, which is not read",
        ),
        (
            b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}',
            "it is SPDX 3 JSON-LD, which is not read",
        ),
        (
            b'<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>',
            "it is CycloneDX XML, which is not read",
        ),
        (b"---\nspdxVersion: SPDX-2.3\n", "it is SPDX YAML, which is not read"),
        (b"<!DOCTYPE html><p>log in</p>", "it is XML or HTML, which is not read"),
        (b"PK\x03\x04....", "it is a ZIP archive, which is not read"),
        (codecs.BOM_UTF16_LE + b'{"spdx', "cannot be read"),
        (spdx_document([spdx_package(LIBSSL)])[:-40], "it is cut off after"),
        (gzip.compress(b"{}" * 100, mtime=0)[:-9], "its gzip is cut off"),
        (b"\x1f\x8bnothing", "its gzip is damaged"),
        (b'{"spdxVersion": "SPDX-3.0"}', "expected SPDX-2.2 or SPDX-2.3"),
        (b'{"spdxVersion": "SPDX-2.3", "packages": {}}', "Expected `array"),
        (b'{"bomFormat": "CycloneDX", "components": [{"name": 1}]}', "Expected `str`"),
        (b'{"artifacts": [{"name": "x"}], "descriptor": {}}', "missing required field `id`"),
        (
            b'{"bomFormat": "CycloneDX", "components": [{"version": 1}]}',
            "at `$.components[0].version`",
        ),
        (b'{"bomFormat": "CycloneDX", "components": 1}', "at `$.components`"),
        (
            b'{"bomFormat": "CycloneDX", "metadata": {"component": {"name": 1}}}',
            "at `$.metadata.component.name`",
        ),
        (
            b'{"spdxVersion": "SPDX-2.3", "packages": [{"SPDXID": "a", "versionInfo": 1}]}',
            "at `$.packages[0].versionInfo`",
        ),
        (b'{"artifacts": [{"id": 1}], "descriptor": {}}', "at `$.artifacts[0].id`"),
    ],
)
def test_what_is_no_whole_sbom_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "sbom.json"
    path.write_bytes(data)
    with pytest.raises(SbomError) as caught:
        read_inventory(path)
    assert words in caught.value.message
    assert (caught.value.code, caught.value.exit) == (Code.CONFIG_INVALID, Exit.USAGE)
    assert "SPDX 2.2 or 2.3 JSON, Syft JSON, or CycloneDX JSON" in caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_an_sbom_in_another_encoding_that_says_so_is_read(encoding: str) -> None:
    data = spdx_document([spdx_package(LIBSSL)])
    assert inventory_of(data.decode().encode(encoding), what="x") == inventory_of(data, what="x")


@given(st.binary(max_size=200))
def test_naming_a_format_never_fails(data: bytes) -> None:
    assert isinstance(format_of(data), str)


def test_components_in_each_other_without_end_are_refused() -> None:
    component: dict[str, Any] = {"type": "library", "name": "x"}
    for _ in range(200):
        component = {"type": "library", "name": "x", "components": [component]}
    with pytest.raises(SbomError, match=r"nested too deeply|more than 100 levels"):
        cyclonedx(component)


def test_no_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(SbomError, match="No such file") as caught:
        read_inventory(tmp_path / "none")
    assert caught.value.code is Code.CONFIG_INVALID
    with pytest.raises(SbomError, match="directory"):
        read_inventory(tmp_path)


def test_a_huge_sbom_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "SBOM_FILE", Limit("SBOM", 1000, "this is a test"))
    for name, data in (("plain", b" " * 2000), ("bomb", gzip.compress(b" " * 100_000, mtime=0))):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ShipsealError, match=r"the limit for an? SBOM") as caught:
            read_inventory(path)
        assert caught.value.code is Code.SBOM_TOO_LARGE
