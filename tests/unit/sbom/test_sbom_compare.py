"""What changed between two SBOMs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.sbom.compare import Change, Comparison, compare
from shipseal.spdx import SpdxDocument, read_document
from tests.support import spdx as samples


def sbom(*packages: tuple[str, str], image: str = "1.0") -> SpdxDocument:
    listed = [
        samples.package(
            f"p{number}",
            name=name,
            versionInfo=version,
            externalRefs=[
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": f"pkg:npm/{name}@{version}",
                }
            ],
        )
        for number, (name, version) in enumerate(packages)
    ]
    raw = samples.document(
        [samples.package("root", versionInfo=image), *listed],
        [samples.relation("DOCUMENT", "DESCRIBES", "root")],
    )
    return read_document(raw, what="x")


def test_added_removed_and_changed() -> None:
    found = compare(
        sbom(("a", "1"), ("b", "1"), ("c", "1")), sbom(("b", "2"), ("c", "1"), ("d", "1"))
    )
    assert found.added == (Change("d", "npm", (), ("1",)),)
    assert found.removed == (Change("a", "npm", ("1",), ()),)
    assert found.changed == (Change("b", "npm", ("1",), ("2",)),)
    assert found.same == 1
    assert not found.equal


def test_a_package_in_several_versions() -> None:
    found = compare(sbom(("a", "1"), ("a", "2"), ("a", "2")), sbom(("a", "2"), ("a", "3")))
    assert found.changed == (Change("a", "npm", ("1", "2"), ("3",)),)
    assert found.same == 1


def test_the_image_itself_is_not_compared() -> None:
    assert compare(sbom(("a", "1")), sbom(("a", "1"), image="2.0")).equal


def test_one_name_in_two_ecosystems_is_two_packages() -> None:
    old = samples.document([samples.package("x", name="requests")], [])
    new = samples.document([samples.package("x", name="requests", externalRefs=[])], [])
    found = compare(read_document(old, what="old"), read_document(new, what="new"))
    assert [change.type for change in (*found.added, *found.removed)] == ["", "generic"]


def test_a_purl_that_is_none_leaves_the_name() -> None:
    ref = {"referenceCategory": "OTHER", "referenceType": "purl", "referenceLocator": "nonsense"}
    raw = samples.document([samples.package("x", externalRefs=[ref])], [])
    document = read_document(raw, what="x")
    assert compare(document, document).equal


def test_growth_is_told_per_section() -> None:
    found = compare(sbom(("a", "1")), sbom(("a", "1"), ("b", "1")))
    first = found.sections[0]
    assert (first.section, first.new_count - first.old_count) == ("packages", 1)
    assert sum(growth.delta for growth in found.sections) == found.new_size - found.old_size


_PACKAGES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), max_size=8)


def versions(found: Comparison, *, new: bool) -> list[tuple[str, str]]:
    changes = (*found.added, *found.removed, *found.changed)
    return [
        (change.name, version)
        for change in changes
        for version in (change.new if new else change.old)
    ]


@settings(max_examples=100, deadline=None)
@given(_PACKAGES, _PACKAGES)
def test_the_difference_applied_to_the_old_gives_the_new(
    old: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    found = compare(sbom(*old), sbom(*new))
    kept = list(old)
    for gone in versions(found, new=False):
        kept.remove(gone)
    assert len(kept) == found.same
    assert sorted(kept + versions(found, new=True)) == sorted(new)
    back = compare(sbom(*new), sbom(*old))
    assert (back.same, back.equal) == (found.same, found.equal)
    assert [change.name for change in back.added] == [change.name for change in found.removed]


@pytest.mark.shared
def test_two_real_ones() -> None:
    old = read_document(samples.real("alpine-311"), what="3.11")
    new = read_document(samples.real("alpine33-real"), what="3.3")
    found = compare(old, new)
    assert {"musl", "busybox"} <= {change.name for change in found.changed}
    assert found.same + len(versions(found, new=True)) == 47
