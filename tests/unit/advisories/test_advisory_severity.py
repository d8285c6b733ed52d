"""The severity of an advisory, and whose word it is."""

from typing import Any

import pytest

from shipseal.advisories.interface import PackageQuery
from shipseal.scan.interface import Severity
from tests.support.scanning import CRITICAL_VECTOR, advisory, database

LOW_VECTOR = "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"
LOW_4 = "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"


def record(id: str = "GHSA-1", **members: Any) -> dict[str, Any]:
    return advisory(id, "PyPI", "sample", [("introduced", "0")], **members)


def rated(*records: dict[str, Any]) -> tuple[Severity, str]:
    """Return severity and source of the first record."""
    hits = database(*records).match(PackageQuery("PyPI", "sample", "1")).hits
    found = {hit.id: hit for hit in hits}[records[0]["id"]]
    return found.severity, found.severity_source


def vectors(*scores: str) -> list[dict[str, str]]:
    return [{"type": f"CVSS_V{score[5:6]}", "score": score} for score in scores]


def test_the_vector_of_the_record_is_computed() -> None:
    assert rated(record(severity=vectors(CRITICAL_VECTOR))) == (
        Severity.CRITICAL,
        "GHSA-1: CVSS:3.1 9.8",
    )


def test_the_word_of_the_advisorys_own_database_comes_before_its_vector() -> None:
    found = record(severity=vectors(CRITICAL_VECTOR), database_specific={"severity": "MODERATE"})
    assert rated(found) == (Severity.MEDIUM, "GHSA-1: database_specific.severity")


def test_a_newer_version_of_cvss_comes_before_an_older_one() -> None:
    assert rated(record(severity=vectors(CRITICAL_VECTOR, LOW_4)))[0] is Severity.LOW


def test_of_two_vectors_of_one_version_the_first_counts() -> None:
    assert rated(record(severity=vectors(LOW_VECTOR, CRITICAL_VECTOR)))[0] is Severity.LOW


def test_the_vector_of_the_affected_entry_counts() -> None:
    found = record()
    found["affected"][0]["severity"] = vectors(CRITICAL_VECTOR)
    assert rated(found)[0] is Severity.CRITICAL


def test_other_records_of_the_same_vulnerability_help_and_the_worst_counts() -> None:
    own = record("PYSEC-1", aliases=["CVE-2026-1", "GHSA-2"])
    mild = record("GHSA-2", severity=vectors(LOW_VECTOR))
    grave = advisory(
        "BIT-1", "Bitnami", "x", [], aliases=["CVE-2026-1"], severity=vectors(CRITICAL_VECTOR)
    )
    assert rated(own, mild, grave) == (Severity.CRITICAL, "BIT-1: CVSS:3.1 9.8")


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"severity": vectors("CVSS:3.1/AV:N")},
        {"database_specific": {"severity": "spicy"}},
        {"database_specific": {"severity": ["HIGH"]}},
        {"database_specific": "HIGH"},
    ],
)
def test_nothing_usable_is_unknown_and_has_no_source(members: dict[str, Any]) -> None:
    assert rated(record(**members)) == (Severity.UNKNOWN, "")
