"""Findings read back: what was written is what is read, from every form that holds them."""

import contextlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.errors import Code, ConfigError
from shipseal.gate.decision import decide
from shipseal.gate.policy import GatePolicy
from shipseal.oci import Platform
from shipseal.scan.grype_json import decode_report, findings_of
from shipseal.scan.grype_ratings import captured
from shipseal.scan.interface import (
    Cvss,
    Exploited,
    Finding,
    FixState,
    Likelihood,
    Origin,
    ScanReport,
    Severity,
)
from shipseal.scan.native import NativeCatalogue
from shipseal.scan.results import results_document
from shipseal.scan.results_read import read_reports
from tests.support.scanning import ARM64, finding, scan_report

NOW = datetime(2026, 1, 12, tzinfo=UTC)
WHOLE = finding(
    "GHSA-1",
    Severity.CRITICAL,
    aliases=("CVE-2026-0001",),
    fix_state=FixState.FIXED,
    fix_versions=("2.4.1", "3.0"),
    namespace="osv:PyPI",
    match_type="exact-direct-match",
    severity_source="GHSA-1: CVSS:3.1 9.8",
    description="one line",
    url="https://example.org/1",
    cvss=(Cvss("3.1", "CVSS:3.1/AV:N", 9.8, "GHSA-1"),),
    kev=Exploited(date(2026, 1, 1), date(2026, 1, 22), ransomware=True),
    epss=Likelihood(0.5, 0.9, date(2026, 1, 11)),
    published=datetime(2025, 12, 1, 8, tzinfo=UTC),
    origin=Origin.BASE,
    layer="sha256:" + "1" * 64,
    upstreams=("source",),
)


def encoded(document: object) -> bytes:
    return msgspec.json.encode(document)


def read(document: object) -> tuple[ScanReport, ...]:
    return read_reports(encoded(document), what="file", now=NOW)


def test_results_are_read_as_they_were_written() -> None:
    report = scan_report(WHOLE, finding("CVE-2"), gaps=("a gap",), notes=("a note",))
    report = replace(
        report, database=replace(report.database, kev=date(2026, 1, 2), epss=date(2026, 1, 3))
    )
    (found,) = read(results_document(report))
    assert replace(found, raw=b"{}") == report


def test_the_gates_report_has_what_a_decision_needs() -> None:
    reports = [scan_report(WHOLE), scan_report(finding(), platform=ARM64)]
    decided = decide(reports, GatePolicy(), (), now=NOW)
    found = read(decided.to_json())
    assert [report.platform for report in found] == [report.platform for report in reports]
    again = decide(found, GatePolicy(), (), now=NOW)
    assert again.outcome is decided.outcome
    assert [verdict.rule for verdict in again.verdicts] == [
        verdict.rule for verdict in decided.verdicts
    ]
    kept = found[0].findings[0]
    assert (kept.kev, kept.epss, kept.origin, kept.published) == (
        WHOLE.kev,
        WHOLE.epss,
        Origin.BASE,
        WHOLE.published,
    )


def test_a_finding_of_several_platforms_is_on_each() -> None:
    document = {
        "schema": "urn:shipseal:schema:scan:1",
        "platforms": [{"platform": "linux/amd64"}, {"platform": "linux/arm64"}],
        "matches": [
            {
                "id": "CVE-1",
                "severity": "high",
                "package": {"name": "p", "version": "1"},
                "platforms": platforms,
            }
            for platforms in (["linux/amd64", "linux/arm64"], ["linux/arm64"])
        ],
    }
    amd64, arm64 = read(document)
    assert (len(amd64.findings), len(arm64.findings)) == (1, 1)
    assert arm64.platform == ARM64


def grype(**vulnerability: Any) -> dict[str, Any]:
    return {
        "matches": [
            {
                "vulnerability": {"id": "GHSA-1", "severity": "High", **vulnerability},
                "relatedVulnerabilities": [
                    {
                        "id": "CVE-1",
                        "namespace": "nvd:cpe",
                        "cvss": [
                            {
                                "version": "2.0",
                                "vector": "AV:N/AC:L/Au:N/C:C/I:C/A:C",
                                "source": "nvd@nist.gov",
                                "metrics": {"baseScore": 10},
                            }
                        ],
                    }
                ],
                "artifact": {"name": "p", "version": "1", "type": "npm"},
            }
        ],
        "source": {},
        "descriptor": {
            "name": "grype",
            "version": "0.121.2",
            "db": {
                "status": {"built": "2026-01-10T12:00:00Z", "schemaVersion": "v6.1.9"},
                "providers": {
                    "kev": {"captured": "2026-01-09T01:00:00Z", "input": "xxh64:1"},
                    "nvd": {"captured": "2026-01-08T01:00:00Z"},
                },
            },
        },
    }


RATED = grype(
    cvss=[
        {
            "version": "3.1",
            "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "type": "Secondary",
            "metrics": {"baseScore": 9.8, "exploitabilityScore": 3.9},
            "vendorMetadata": {"base_severity": "Critical"},
        },
        {"version": "3.1", "vector": "", "metrics": {"baseScore": 1}},
        {"version": "3.1", "vector": "no score"},
    ],
    knownExploited=[
        {"cve": "CVE-1", "dateAdded": "2026-01-05", "dueDate": "2026-01-26"},
        {"cve": "CVE-1", "dateAdded": "2026-01-07", "knownRansomwareCampaignUse": "Known"},
    ],
    epss=[
        {"cve": "CVE-1", "epss": 0.02, "percentile": 0.4, "date": "2026-01-09"},
        {"cve": "CVE-2", "epss": 0.7, "percentile": 0.99, "date": "2026-01-09"},
        {"cve": "CVE-3", "epss": 7, "percentile": 0.99, "date": "2026-01-09"},
    ],
)


def grype_finding(document: dict[str, Any]) -> Finding:
    report = decode_report(encoded(document))
    assert report is not None
    return findings_of(report, NativeCatalogue())[0]


def test_grypes_ratings_exploitation_and_likelihood_are_kept() -> None:
    found = grype_finding(RATED)
    assert found.cvss == (
        Cvss("3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "GHSA-1"),
        Cvss("2.0", "AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, "CVE-1: nvd@nist.gov"),
    )
    assert found.kev == Exploited(date(2026, 1, 5), date(2026, 1, 26), ransomware=True)
    assert found.epss == Likelihood(0.7, 0.99, date(2026, 1, 9))


def test_an_older_grype_says_none_of_that() -> None:
    found = grype_finding(grype())
    assert (found.kev, found.epss) == (None, None)


def test_an_entry_without_a_day_is_exploited_all_the_same() -> None:
    assert grype_finding(grype(knownExploited=[{"cve": "CVE-1", "dateAdded": "soon"}])).kev


def test_grypes_own_json_is_read_and_tells_what_its_data_knows() -> None:
    (report,) = read(RATED)
    assert report.platform == Platform("unknown", "unknown")
    assert report.database.kev == date(2026, 1, 9)
    assert report.database.epss is None
    assert report.findings[0].id == "GHSA-1"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-09", date(2026, 1, 9)),
        ("2026-01-09T23:59:59Z", date(2026, 1, 9)),
        ("2026-13-09", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_days_are_read_from_days_and_times(text: str, day: date | None) -> None:
    assert captured(text) == day


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no results of a scan"),
        (b"[]", "no results of a scan"),
        (b"{}", "its schema is ''"),
        (b'{"schema": "urn:other", "matches": []}', "its schema is 'urn:other'"),
        (b'{"schema": "urn:shipseal:schema:scan-results:1"}', "lists neither"),
        (
            b'{"schema": "urn:shipseal:schema:scan:1", "matches": [{"id": "A"}]}',
            "missing required field",
        ),
        (
            b'{"schema": "urn:shipseal:schema:gate-report:1", "platforms": [{"platform": "linux/amd64"}], "findings": '
            b'[{"id": "A", "severity": "high", "package": {"name": "p", "version": "1"}, "platform": "linux/s390x"}]}',
            "A is on linux/s390x, which is not among its platforms",
        ),
        (
            b'{"schema": "urn:shipseal:schema:scan-results:1", "matches": [], "started": "2026-01-01T00:00:00"}',
            "timezone",
        ),
    ],
)
def test_what_is_no_results_of_a_scan_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        read_reports(data, what="file", now=NOW)
    assert caught.value.code is Code.CONFIG_INVALID
    assert caught.value.message.startswith("file: ")


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ConfigError):
        read_reports(data, what="file", now=NOW)


@given(cut=st.integers(0, 2000))
@settings(max_examples=60, deadline=None)
def test_a_truncated_file_is_refused(cut: int) -> None:
    whole = encoded(results_document(scan_report(WHOLE)))
    if cut < len(whole):
        with pytest.raises(ConfigError):
            read_reports(whole[:cut], what="file", now=NOW)


def test_the_recorded_report_of_grype_is_read() -> None:
    data = Path(__file__).with_name("recorded").joinpath("grype-0.121.2.json").read_bytes()
    (report,) = read_reports(data, what="file", now=NOW)
    assert [found.id for found in report.findings] == [
        found["vulnerability"]["id"]
        for found in sorted(
            json.loads(data)["matches"],
            key=lambda match: match["vulnerability"]["severity"] != "Critical",
        )
    ]
