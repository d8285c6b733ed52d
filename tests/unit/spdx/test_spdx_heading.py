"""Headings say what whole documents say, and refuse what those refuse."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.spdx import SpdxError, read_document
from shipseal.spdx.heading import read_heading
from tests.support import spdx as samples

PACKAGES = [samples.package(name) for name in ("root", "a", "b")]


def document(**members: Any) -> bytes:
    raw = samples.document(PACKAGES, [samples.relation("DOCUMENT", "DESCRIBES", "root")], indent=2)
    return json.dumps(json.loads(raw) | members).encode()


def test_a_heading_says_what_the_document_says() -> None:
    raw = document()
    heading, whole = read_heading(raw, what="small"), read_document(raw, what="small")
    assert heading.namespace == whole.namespace
    assert heading.described == whole.described == ("SPDXRef-root",)
    assert heading.contents == len(whole.contents) == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff{}",
        b'{"bomFormat": "CycloneDX"}',
        document(spdxVersion="SPDX-3.0"),
        document(packages=[{"name": "without an id"}]),
        document(relationships=[{"spdxElementId": "SPDXRef-DOCUMENT"}]),
        document(documentDescribes=5),
    ],
)
def test_what_a_document_is_refused_for_its_heading_is_refused_for_too(raw: bytes) -> None:
    with pytest.raises(SpdxError) as whole:
        read_document(raw, what="odd")
    with pytest.raises(SpdxError) as heading:
        read_heading(raw, what="odd")
    assert heading.value.code is whole.value.code


ids = st.sampled_from(["root", "a", "b", "gone"]).map("SPDXRef-{}".format)


@settings(max_examples=60, deadline=None)
@given(st.lists(ids, max_size=3), st.lists(st.tuples(ids, st.booleans()), max_size=3))
def test_what_is_described_is_told_alike(
    listed: list[str], related: list[tuple[str, bool]]
) -> None:
    relations = [
        {
            "spdxElementId": "SPDXRef-DOCUMENT" if forward else other,
            "relatedSpdxElement": other if forward else "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES" if forward else "DESCRIBED_BY",
        }
        for other, forward in related
    ]
    raw = document(documentDescribes=listed, relationships=relations)
    heading, whole = read_heading(raw, what="x"), read_document(raw, what="x")
    assert (heading.described, heading.contents) == (whole.described, len(whole.contents))
