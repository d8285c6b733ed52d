"""Trimming to a store's limit: what goes, what stays, and what the result says about itself."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.oci.digest import digest_of
from shipseal.spdx import Step, TrimResult, read_document, trim
from tests.support import spdx as samples

FULL = digest_of(b"the full document")
LADDER = [
    Step.COMPACT,
    Step.FILES,
    Step.ANNOTATIONS,
    Step.EXTERNAL_DOCUMENTS,
    Step.RELATIONSHIPS,
    Step.OVERLAPS,
]


def rich(indent: int | None = 2) -> bytes:
    """A document that has something for every rung."""
    return samples.document(
        [
            samples.analysed("root"),
            samples.analysed("deb", annotations=[samples.annotation()]),
            samples.package("py", licenseDeclared="DocumentRef-licences:LicenseRef-own"),
        ],
        [
            samples.relation("DOCUMENT", "DESCRIBES", "root"),
            samples.relation("root", "CONTAINS", "deb"),
            samples.relation("deb", "CONTAINS", "file-1"),
            samples.relation("deb", "OTHER", "file-2", "evident-by: a file"),
            samples.relation("deb", "OTHER", "py", samples.OVERLAP),
            samples.relation("deb", "COPY_OF", "DocumentRef-old:SPDXRef-deb"),
        ],
        files=[samples.file(f"file-{number}") for number in range(1, 4)],
        annotations=[samples.annotation()],
        externalDocumentRefs=[
            samples.external_document("old"),
            samples.external_document("licences"),
        ],
        indent=indent,
    )


def steps(result: TrimResult) -> list[str]:
    return list(dict.fromkeys(item.step for item in result.dropped))


def test_a_document_that_fits_is_not_touched() -> None:
    raw = rich()
    result = trim(raw, len(raw), full_digest=FULL)
    assert (result.raw, result.dropped, result.fits) == (raw, (), True)


def test_each_rung_is_taken_only_when_those_before_it_were_not_enough() -> None:
    raw = rich()
    limit, seen = len(raw) - 1, []
    while (result := trim(raw, limit, full_digest=FULL)).fits:
        seen.append(steps(result))
        limit = result.size - 1
    seen.append(steps(result))
    assert seen[-1] == LADDER
    assert all(taken == LADDER[: len(taken)] for taken in seen)
    assert [] not in seen
    sizes = [len(trim(raw, size, full_digest=FULL).raw) for size in range(limit, len(raw), 97)]
    assert sizes == sorted(sizes)


def test_what_is_left_after_the_last_rung_is_packages_and_what_the_document_describes() -> None:
    result = trim(rich(), 0, full_digest=FULL)
    value = json.loads(result.raw)
    assert not result.fits
    assert result.overlaps_dropped
    assert value["relationships"] == [samples.relation("DOCUMENT", "DESCRIBES", "root")]
    assert samples.identities(result.raw) == samples.identities(rich())
    assert "files" not in value
    assert "annotations" not in value
    assert samples.official_problems(result.raw) == []


def test_a_reference_that_a_licence_points_into_stays() -> None:
    value = json.loads(trim(rich(), 0, full_digest=FULL).raw)
    kept = [item["externalDocumentId"] for item in value["externalDocumentRefs"]]
    assert kept == ["DocumentRef-licences"]


def test_ownership_by_overlap_outlives_all_other_relationships() -> None:
    raw = rich()
    smallest = trim(raw, 0, full_digest=FULL).size
    overlap = trim(raw, smallest + 200, full_digest=FULL)
    assert overlap.fits
    assert not overlap.overlaps_dropped
    kinds = [item.get("comment", "") for item in json.loads(overlap.raw)["relationships"]]
    assert samples.OVERLAP in kinds


def test_packages_without_their_files_no_longer_say_that_files_were_analysed() -> None:
    value = json.loads(trim(rich(None), len(rich(None)) - 1, full_digest=FULL).raw)
    assert [package["filesAnalyzed"] for package in value["packages"]] == [False] * 3
    assert not any("packageVerificationCode" in package for package in value["packages"])


def test_a_file_that_the_document_is_about_stays() -> None:
    raw = samples.document(
        [samples.analysed("a", hasFiles=["SPDXRef-file-1"]), samples.package("b")],
        [
            samples.relation("DOCUMENT", "DESCRIBES", "file-1"),
            samples.relation("a", "CONTAINS", "file-1"),
            samples.relation("a", "CONTAINS", "file-2"),
        ],
        files=[samples.file("file-1"), samples.file("file-2")],
    )
    result = trim(raw, 0, full_digest=FULL)
    assert [item["SPDXID"] for item in json.loads(result.raw)["files"]] == ["SPDXRef-file-1"]
    assert samples.official_problems(result.raw) == []


def test_the_trimmed_document_names_the_full_one_and_what_is_missing() -> None:
    raw = rich()
    result = trim(raw, len(raw) - 1, full_digest=digest_of(raw))
    record = read_document(result.raw, what="trimmed").trimmed
    assert record is not None
    assert (record.digest, record.full_size, record.limit) == (
        digest_of(raw),
        len(raw),
        len(raw) - 1,
    )
    assert record.dropped == result.dropped
    comment = json.loads(result.raw)["creationInfo"]["comment"]
    assert f"the full document is {digest_of(raw)}" in comment


def test_the_counted_bytes_are_the_bytes_that_went() -> None:
    raw = rich()
    result = trim(raw, 0, full_digest=FULL)
    value = json.loads(result.raw)
    comment = value["creationInfo"].pop("comment")
    value["documentNamespace"] = json.loads(raw)["documentNamespace"]
    bare = len(json.dumps(value, separators=(",", ":")))
    assert "shipseal-trim" in comment
    assert len(raw) - bare == sum(item.size for item in result.dropped)


def test_a_trimmed_document_has_a_namespace_of_its_own() -> None:
    raw = rich()
    first = read_document(trim(raw, len(raw) - 1, full_digest=FULL).raw, what="first").namespace
    other = read_document(trim(raw, 0, full_digest=FULL).raw, what="other").namespace
    full = read_document(raw, what="full").namespace
    assert len({first, other, full}) == 3
    assert first.startswith(f"{full}/trimmed-")


def test_trimming_further_keeps_the_first_full_document_and_adds_to_the_record() -> None:
    raw = rich()
    once = trim(raw, len(raw) - 1, full_digest=digest_of(raw))
    twice = trim(once.raw, 0, full_digest=digest_of(once.raw))
    record = read_document(twice.raw, what="twice").trimmed
    assert record is not None
    assert record.digest == twice.full == digest_of(raw)
    assert record.steps == tuple(LADDER)
    assert json.loads(twice.raw)["creationInfo"]["comment"].count("shipseal-trim") == 1


def test_a_comment_that_was_there_stays() -> None:
    value = json.loads(rich())
    value["creationInfo"]["comment"] = "made by hand\nshipseal-trim: not a record"
    result = trim(json.dumps(value, indent=1).encode(), 0, full_digest=FULL)
    assert json.loads(result.raw)["creationInfo"]["comment"].startswith("made by hand\n")
    assert read_document(result.raw, what="trimmed").trimmed is not None


_NAMES = st.sampled_from([f"p{number}" for number in range(5)])
_FILES = st.sampled_from([f"f{number}" for number in range(6)])


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Valid documents of every shape that the ladder has to cope with."""
    packages: list[dict[str, Any]] = [samples.analysed("root")]
    for name in sorted(draw(st.sets(_NAMES))):
        members = {"annotations": [samples.annotation()]} if draw(st.booleans()) else {}
        packages.append(samples.analysed(name, **members))
    ids = [package["SPDXID"].removeprefix("SPDXRef-") for package in packages]
    files = sorted(draw(st.sets(_FILES)))
    externals = sorted(draw(st.sets(st.sampled_from(["x", "y"]))))
    relations = [samples.relation("DOCUMENT", "DESCRIBES", "root")]
    ends = [*ids, *files, "NONE", *(f"DocumentRef-{name}:SPDXRef-a" for name in externals)]
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["CONTAINS", "DEPENDENCY_OF", "OTHER", "DESCRIBES"]))
        source = "DOCUMENT" if kind == "DESCRIBES" else draw(st.sampled_from(ids))
        comment = samples.OVERLAP if kind == "OTHER" and draw(st.booleans()) else ""
        relations.append(samples.relation(source, kind, draw(st.sampled_from(ends)), comment))
    return samples.document(
        packages,
        relations,
        files=[samples.file(name) for name in files],
        externalDocumentRefs=[samples.external_document(name) for name in externals],
        annotations=[samples.annotation()] * draw(st.integers(0, 2)),
        indent=draw(st.sampled_from([None, 1, 4])),
    )


@settings(max_examples=150, deadline=None)
@given(documents(), st.floats(0, 1.1))
def test_whatever_the_document_and_the_limit(raw: bytes, share: float) -> None:
    limit = int(len(raw) * share)
    result = trim(raw, limit, full_digest=FULL)
    assert result.fits is (len(result.raw) <= limit)
    assert result.size == len(result.raw)
    assert trim(result.raw, limit, full_digest=FULL).raw == result.raw
    assert samples.identities(result.raw) == samples.identities(raw)
    assert samples.dangling(result.raw) == set()
    assert samples.official_problems(result.raw) == []
    assert trim(raw, limit, full_digest=FULL) == result
    assert bool(result.dropped) == (result.raw != raw)


@pytest.mark.shared
@pytest.mark.parametrize("name", samples.SMALL)
def test_real_documents_stay_valid_at_every_rung(name: str) -> None:
    raw = samples.real(name)
    for share in (0.9, 0.6, 0.4, 0.0):
        result = trim(raw, int(len(raw) * share), full_digest=digest_of(raw))
        assert samples.identities(result.raw) == samples.identities(raw)
        assert samples.official_problems(result.raw) == []


@pytest.mark.shared
def test_a_real_one_of_37_mb_fits_githubs_store_in_a_few_seconds() -> None:
    raw = samples.real("debian12")
    started = time.monotonic()
    result = trim(raw, 16_777_216, full_digest=digest_of(raw))
    seconds = time.monotonic() - started
    assert result.fits
    assert steps(result) == [Step.COMPACT, Step.FILES]
    assert samples.identities(result.raw) == samples.identities(raw)
    assert samples.dangling(result.raw) == set()
    assert seconds < 10  # 0.4 s on an idle machine
