"""What a signed scan says of the ignores that were in force."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shipseal.gate.decision import decide
from shipseal.gate.policy import GatePolicy
from shipseal.ignores.read import read_ignores
from shipseal.ignores.rules import Approval
from shipseal.intoto.vuln import vuln_predicate
from shipseal.release.facts import ScanTeller
from shipseal.report.vuln import vuln_document
from tests.support.ignoring import WHY
from tests.support.overviews import overview
from tests.support.scanning import finding, scan_report

NOW = datetime(2026, 1, 12, tzinfo=UTC)
RULES = f"""\
ignore:
- {{vulnerability: CVE-2026-0001, owner: anna, expires: 2026-03-01, reason: not reachable, {WHY}}}
- {{vulnerability: CVE-2026-0002, {WHY}}}
- {{vulnerability: CVE-2026-0003, expires: 2026-01-01, {WHY}}}
- {{vulnerability: CVE-2026-0004}}
- {{reason: no condition}}
"""


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("https://user:word@db.example.org/v6/db.tar.zst?token=word#word", "https://db.example.org/v6/db.tar.zst"),
        ("https://word@db.example.org", "https://db.example.org"),
        ("https://db.example.org?token=word", "https://db.example.org"),
        ("/home/word/osv.db", "osv.db"),
        ("word/osv.db", "osv.db"),
        ("file:///home/word/osv.db", "osv.db"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_release_and_a_scan_tell_the_same_of_where_data_came_from(uri: str, told: str) -> None:
    report = scan_report(finding("CVE-2026-0001"))
    report = replace(report, database=replace(report.database, uri=uri))
    gate = decide([report], GatePolicy(), (), now=NOW)
    signed = vuln_predicate(ScanTeller(gate, "release-1", {}).facts([report]))
    printed = vuln_document(overview(report))
    assert signed["scanner"]["db"] == printed["scanner"]["db"]
    assert signed["scanner"]["db"]["uri"] == told


def test_every_ignore_that_counts_is_signed_with_its_justification_and_its_approver() -> None:
    first, *others = read_ignores(RULES, name=".grype.yaml").rules
    first = replace(first, approval=Approval(("Anna <anna@example.org>",), "a" * 40, "#12"))
    report = scan_report(finding("CVE-2026-0001"), finding("CVE-2026-0004"))
    gate = decide([report], GatePolicy(), (first, *others), now=NOW)
    result = vuln_predicate(ScanTeller(gate, "release-1", {}).facts([report]))["scanner"]["result"]
    used, idle = result["ignores"]
    assert used == {
        "rule": "CVE-2026-0001",
        "reason": "not reachable",
        "owner": "anna",
        "until": "2026-03-02T00:00:00Z",
        "tracking": "https://example.org/upstream/1",
        "issue": "#2",
        "impact": "none here",
        "component": "the parser",
        "removeWhen": "the parser goes",
        "findings": 1,
        "approvedBy": ["Anna <anna@example.org>"],
        "commit": "a" * 40,
        "pullRequest": "#12",
    }
    assert (idle["rule"], "findings" in idle, "approvedBy" in idle) == (
        "CVE-2026-0002",
        False,
        False,
    )
    assert [(item["id"], item.get("ignored", False)) for item in result["findings"]] == [
        ("CVE-2026-0001", True),
        ("CVE-2026-0004", False),
    ]
