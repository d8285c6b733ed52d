"""SBOM and scan: what they must say to count, and that they fit together."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shipseal.evidence.interface import Collected
from shipseal.intoto.predicates import REFERENCE_V01, Family
from shipseal.intoto.reference import reference_predicate
from shipseal.intoto.resource import Resource, digest_set
from shipseal.intoto.statement import Subject, encode_statement
from shipseal.oci import Image, digest_of
from shipseal.oci.media_types import SPDX_JSON
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.verdict import Standing
from tests.support.evidence import (
    NOW,
    Piece,
    Recipe,
    as_collected,
    key,
    make_pieces,
    resigned,
)
from tests.support.verdicts import OTHER_DIGEST, failing, judge, one_failure, trust

SBOM_AND_SCAN = VerifyPolicy(require=(Family.SBOM, Family.SCAN))


def test_an_sbom_that_describes_another_digest_is_a_wrong_subject(image: Image) -> None:
    verdict = judge(image, Recipe(sbom_subject=OTHER_DIGEST))
    check = one_failure(verdict, Family.SBOM, "linux/arm64")
    assert check.standing is Standing.WRONG_SUBJECT
    assert OTHER_DIGEST in check.got
    # A scan of it is a scan of another image.
    scan = one_failure(verdict, Family.SCAN, "linux/arm64")
    assert (scan.standing, scan.expected[-5:]) == (Standing.INCONSISTENT, " none")


def test_an_index_must_list_the_sbom_of_each_platform(image: Image) -> None:
    verdict = judge(image, Recipe(listed=("linux/amd64",)))
    assert ("index", Family.SBOM, Standing.INCONSISTENT) in failing(verdict)
    assert "linux/arm64" in one_failure(verdict, Family.SBOM).expected
    assert ("linux/arm64", Family.SBOM, Standing.INCONSISTENT) not in failing(verdict)


def test_a_scan_of_another_sbom_does_not_count(image: Image) -> None:
    verdict = judge(image, Recipe(scanned=OTHER_DIGEST))
    for platform in ("index", "linux/amd64", "linux/arm64"):
        assert (platform, Family.SCAN, Standing.INCONSISTENT) in failing(verdict)


@pytest.mark.parametrize(
    ("age", "standing"),
    [
        (timedelta(days=29), Standing.PRESENT),
        (timedelta(days=30), Standing.PRESENT),
        (timedelta(days=30, seconds=1), Standing.TOO_OLD),
        (timedelta(minutes=-10), Standing.PRESENT),
        (timedelta(minutes=-11), Standing.INCONSISTENT),
    ],
)
def test_a_scan_has_an_age(image: Image, age: timedelta, standing: Standing) -> None:
    policy = VerifyPolicy(require=(Family.SBOM, Family.SCAN), scan_max_age=timedelta(days=30))
    verdict = judge(image, Recipe(finished=NOW - age), policy)
    scans = {one.standing for one in verdict.checks if one.family is Family.SCAN}
    assert scans == {standing}
    expected = {one.expected for one in verdict.failures()}
    assert expected == ({"a scan of the last 30d"} if standing is Standing.TOO_OLD else expected)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(days=30), "30d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=61), "61s"),
        (timedelta(0), "0s"),
    ],
)
def test_an_age_is_told_as_policies_state_it(age: timedelta, text: str) -> None:
    assert VerifyPolicy(scan_max_age=age).scan_age == text


def test_a_seal_over_a_scan_that_is_too_old_is_said_to_be_that(image: Image) -> None:
    policy = VerifyPolicy(scan_max_age=timedelta(days=30))
    verdict = judge(image, Recipe(finished=NOW - timedelta(days=31)), policy)
    seal = one_failure(verdict, Family.SEAL)
    assert (seal.expected, seal.got) == ("a seal over a scan of index that counts", "none counts")


@pytest.mark.parametrize("gate", ["fail", "undecided", ""])
def test_a_scan_that_did_not_pass_its_gate_is_refused(image: Image, gate: str) -> None:
    verdict = judge(image, Recipe(gate=gate))
    check = one_failure(verdict, Family.SCAN)
    assert check.standing is Standing.REFUSED
    assert (gate or "not recorded") in check.got


def by_reference(image: Image, document: bytes, media_type: str = SPDX_JSON) -> tuple[Piece, ...]:
    """Return SBOM and scan of a bare image; the SBOM is named by its digest alone."""
    resource = Resource(
        digest=digest_set(digest_of(document)), media_type=media_type, download_location="oci://x"
    )
    subjects = [Subject("app", image.digest)]
    raw = encode_statement(subjects, REFERENCE_V01, reference_predicate([resource]))
    pieces = make_pieces(image, key(), Recipe(scanned=digest_of(document)))
    sbom = next(piece for piece in pieces if piece.family is Family.SBOM)
    scan = next(piece for piece in pieces if piece.family is Family.SCAN)
    return (replace(resigned(sbom, raw, key()), predicate_type=REFERENCE_V01), scan)


def with_documents(image: Image, pieces: tuple[Piece, ...], *documents: bytes) -> Collected:
    found = frozenset(map(digest_of, documents))
    return replace(as_collected(image, pieces), documents={image.digest: found})


def test_an_sbom_by_reference_counts_when_its_document_lies_beside_the_image(bare: Image) -> None:
    pieces = by_reference(bare, b"large")
    for documents in ((b"large",), (b"large", b"more")):
        there = with_documents(bare, pieces, *documents)
        assert decide(SBOM_AND_SCAN, [there], trust(), now=NOW).passed
    elsewhere = [with_documents(bare, pieces), with_documents(bare, (), b"large")]
    elsewhere[1] = replace(elsewhere[1], target="two.test/app")
    assert decide(SBOM_AND_SCAN, elsewhere, trust(), now=NOW).passed


@pytest.mark.parametrize("documents", [(), (b"another",)])
def test_an_sbom_by_reference_without_its_document_is_missing(
    bare: Image, documents: tuple[bytes, ...]
) -> None:
    gone = with_documents(bare, by_reference(bare, b"large"), *documents)
    verdict = decide(SBOM_AND_SCAN, [gone], trust(), now=NOW)
    assert failing(verdict) == {("linux/s390x", Family.SBOM, Standing.MISSING)}
    assert digest_of(b"large") in one_failure(verdict, Family.SBOM, "linux/s390x").expected


def test_a_reference_to_something_else_than_an_sbom_is_none(bare: Image) -> None:
    pieces = by_reference(bare, b"large", "text/plain")
    verdict = decide(SBOM_AND_SCAN, [with_documents(bare, pieces, b"large")], trust(), now=NOW)
    assert {one.family for one in verdict.failures()} == {Family.SBOM, Family.SCAN}


def test_the_sbom_of_an_index_is_never_by_reference(image: Image) -> None:
    """What it lists could not be seen."""
    resource = Resource(
        digest=digest_set(digest_of(b"large")), media_type=SPDX_JSON, download_location="oci://x"
    )
    raw = encode_statement(
        [Subject("app", image.digest)], REFERENCE_V01, reference_predicate([resource])
    )
    pieces = [
        resigned(piece, raw, key()) if piece.name == "sbom index" else piece
        for piece in make_pieces(image, key())
    ]
    collected = replace(
        as_collected(image, pieces), documents={image.digest: frozenset({digest_of(b"large")})}
    )
    verdict = decide(VerifyPolicy(require=(Family.SBOM,)), [collected], trust(), now=NOW)
    assert failing(verdict) == {("index", Family.SBOM, Standing.MISSING)}
