"""Cosign's vulnerability predicate out of a scan."""

from dataclasses import replace

import msgspec

from shipseal.intoto.vuln import parse_scan
from shipseal.report.vuln import vuln_document
from tests.support.overviews import REFUSED, SYSTEM, WORST, overview
from tests.support.scanning import SBOM


def test_it_is_read_as_a_scan_with_its_gate() -> None:
    read = parse_scan(msgspec.json.encode(vuln_document(overview())))
    assert (read.gate, read.sboms) == ("fail", (SBOM, SBOM))
    assert read.critical == (WORST.id,)
    assert dict(read.counts) == {"critical": 1, "high": 1, "unknown": 1}


def test_a_scan_without_a_gate_is_no_pass() -> None:
    assert parse_scan(msgspec.json.encode(vuln_document(overview(gated=False)))).gate == "none"


def test_findings_say_where_and_whether_they_count() -> None:
    result = vuln_document(overview())["scanner"]["result"]
    found = {item["id"]: item for item in result["findings"]}
    assert found[WORST.id]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert found[SYSTEM.id]["ignored"] is True


def test_no_folder_of_this_machine_is_told() -> None:
    report = overview().reports[0]
    moved = replace(report, database=replace(report.database, uri="/home/someone/data/osv.db"))
    assert vuln_document(overview(moved))["scanner"]["db"]["uri"] == "osv.db"


def test_what_was_accepted_is_told_where_it_passed() -> None:
    passed = replace(REFUSED, outcome="pass")
    document = vuln_document(overview(gate=passed, incomplete=("/app: nobody owns it",)))
    assert document["scanner"]["result"]["accepted"] == ["/app: nobody owns it"]
    assert "accepted" not in vuln_document(overview(incomplete=("/app",)))["scanner"]["result"]
