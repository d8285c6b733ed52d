"""Results as files: one form for both scanners, with a schema."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from shipseal.oci import Platform
from shipseal.scan.builtin import BuiltinScanner
from shipseal.scan.interface import Severity
from shipseal.scan.results import (
    raw_file_name,
    results_document,
    results_file_name,
)
from tests.support.clocks import StoppedClock
from tests.support.scanning import (
    NOW,
    advisory,
    database,
    finding,
    request,
    scan_report,
    spdx_document,
    spdx_package,
)
from tests.support.schemas import check_shape


def check(document: object) -> None:
    check_shape(json.loads(msgspec.json.encode(document)), "scan-results")


def test_a_report_of_any_scanner_fits_the_schema(tmp_path: Path) -> None:
    base = database(advisory("P-1", "PyPI", "x", [("introduced", "0")]))
    document = spdx_document([spdx_package("pkg:pypi/x@1"), spdx_package("pkg:rpm/x/y@1")])
    check(
        results_document(BuiltinScanner(base, StoppedClock(NOW)).scan(request(tmp_path, document)))
    )
    check(results_document(scan_report(finding(), finding("CVE-2", Severity.UNKNOWN))))
    check(results_document(scan_report()))


def test_what_the_document_says() -> None:
    report = scan_report(
        finding("CVE-2", Severity.CRITICAL, aliases=("GHSA-2",), fix_versions=("2.4.1",)), finding()
    )
    document = results_document(report)
    assert document["counts"] == {"critical": 1, "high": 1}
    first = document["matches"][0]
    assert (first["id"], first["aliases"], first["severity"]) == ("CVE-2", ["GHSA-2"], "critical")
    assert first["package"]["purl"] == "pkg:pypi/paramiko@2.4.0"
    assert first["fix"] == {"state": "unknown", "versions": ["2.4.1"]}


def test_the_schema_refuses_what_is_no_report() -> None:
    document = results_document(scan_report(finding()))
    for broken in (
        document | {"more": 1},
        {key: value for key, value in document.items() if key != "database"},
        document | {"counts": {"terrible": 1}},
        document | {"sbom": "sha256:12"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check(broken)


def test_file_names_tell_platform_and_scanner() -> None:
    report = scan_report(platform=Platform.parse("linux/arm/v7"))
    assert results_file_name(report) == "linux-arm-v7-scan-results.json"
    assert raw_file_name(report) == "linux-arm-v7-grype.json"
