"""Reading documents: what is in them, and what is said of things that are none."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, Exit
from shipseal.oci.digest import digest_of
from shipseal.spdx import SpdxError, read_document, trim
from tests.support import spdx as samples

SMALL = samples.document(
    [
        samples.package("root"),
        samples.package("b", externalRefs=None, versionInfo=None),
        samples.package("a"),
    ],
    [samples.relation("DOCUMENT", "DESCRIBES", "root")],
    files=[samples.file("f")],
    indent=2,
)


def changed(**members: Any) -> bytes:
    value = json.loads(SMALL)
    value.update(members)
    return json.dumps(value).encode()


def test_packages_with_their_purls_are_read() -> None:
    document = read_document(SMALL, what="small")
    assert document.described == ("SPDXRef-root",)
    assert [(item.name, item.version, item.purls) for item in document.contents] == [
        ("b", "", ()),
        ("a", "1.0", ("pkg:generic/a@1.0",)),
    ]
    assert len(document.packages) == 3
    assert document.creators == ("Organization: Anchore, Inc", "Tool: syft-1.2.3")
    assert document.trimmed is None


def test_what_is_described_may_stand_in_the_document_itself() -> None:
    raw = changed(relationships=[], documentDescribes=["SPDXRef-a"])
    assert read_document(raw, what="small").described == ("SPDXRef-a",)


def test_every_byte_is_accounted_for() -> None:
    document = read_document(SMALL, what="small")
    assert sum(section.size for section in document.sections) + document.whitespace == len(SMALL)
    assert {section.name: section.count for section in document.sections} == {
        "packages": 3,
        "files": 1,
        "relationships": 1,
        "header": 6,
    }


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "packages"),
    [("py-django22", 19), ("npm-web", 171), ("java", 13), ("alpine33-real", 47), ("go-tools", 709)],
)
def test_real_documents(name: str, packages: int) -> None:
    document = read_document(samples.real(name), what=name)
    assert len(document.contents) == packages
    assert all(package.purls for package in document.contents)


@pytest.mark.parametrize(
    ("raw", "got"),
    [
        (b"", "not a JSON object"),
        (b"spdx", "not a JSON object"),
        (b"SPDXVersion: SPDX-2.3\n", "it is SPDX tag-value"),
        (b"[]", "not a JSON object"),
        (SMALL[:-20], "truncated"),
        (b'{"spdxVersion":"SPDX-2.3","name":"\xff"}', "not a JSON object"),
        (b"{}", "it has no spdxVersion"),
        (b'{"spdxVersion":3}', "it has no spdxVersion"),
        (b'{"spdxVersion":"SPDX-3.0"}', "its spdxVersion is 'SPDX-3.0', expected SPDX-2.3"),
        (b'{"@context":"https://spdx.org/rdf/3.0.1"}', "SPDX 3"),
        (b'{"bomFormat":"CycloneDX"}', "CycloneDX"),
        (b'{"artifacts":[],"artifactRelationships":[]}', "Syft's own JSON"),
        (b'{"matches":[]}', "Grype's report"),
        (changed(packages={}), "packages"),
        (changed(packages=[{"name": "x"}]), "packages: .*SPDXID"),
        (changed(relationships=[{"spdxElementId": "SPDXRef-a"}]), "relationships: "),
        (changed(creationInfo=[]), "creationInfo"),
    ],
)
def test_what_is_no_document_is_told_with_what_it_is(raw: bytes, got: str) -> None:
    with pytest.raises(SpdxError, match=got) as caught:
        read_document(raw, what="app.json")
    assert caught.value.message.startswith("app.json: ")
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.exit is Exit.USAGE
    assert "SPDX 2.3" in caught.value.hint


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
_MEMBERS = ["packages", "files", "relationships", "creationInfo", "documentDescribes", "name"]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(_MEMBERS), _JSON), st.integers(0, 400))
def test_nothing_but_spdx_error_comes_out(members: dict[str, Any], cut: int) -> None:
    for raw in (changed(**members), changed(**members)[:cut], bytes(range(cut % 256))):
        with contextlib.suppress(SpdxError):
            read_document(raw, what="any")
        with contextlib.suppress(SpdxError):
            trim(raw, 0, full_digest=digest_of(raw))


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(SpdxError, match="not a JSON object"):
        read_document(b'{"a":' * 100_000, what="deep")
