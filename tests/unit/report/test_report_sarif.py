"""SARIF: valid by OASIS's schema, and as GitHub shows it best."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.report import sarif
from shipseal.report.interface import ScanOverview
from shipseal.report.sarif import fingerprint, sarif_document, security_severity
from shipseal.scan.interface import Cvss, Severity
from tests.support.overviews import MADE, SECOND, SYSTEM, UNRATED, WORST, overview
from tests.support.scanning import finding, scan_report
from tests.support.standards import valid_sarif

# Documented bounds of GitHub's code scanning.
MOST_TEXT = 1024


def run_of(shown: ScanOverview) -> Any:
    document = sarif_document(shown)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return run


@pytest.mark.tools
@pytest.mark.parametrize("shown", [overview(), overview(gated=False), overview(scan_report())])
def test_it_is_valid(shown: ScanOverview) -> None:
    valid_sarif(sarif_document(shown))


def test_one_rule_stands_for_one_vulnerability_with_help_for_people() -> None:
    run = run_of(overview())
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["id"] == WORST.id
    assert rule["properties"]["security-severity"] == "9.8"
    assert (
        "CVE-2018-7750: critical vulnerability in paramiko 2.4.0"
        in rule["shortDescription"]["text"]
    )
    assert "pip install paramiko==2.4.1" in rule["help"]["markdown"]
    assert "update paramiko to 2.4.1" in rule["help"]["text"]
    assert {"security", "known-exploited", "fixable"} <= set(rule["properties"]["tags"])
    assert rule["helpUri"] == WORST.url


def test_a_result_names_package_origin_fix_and_file() -> None:
    run = run_of(overview())
    result = run["results"][0]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] == "error"
    for words in ("paramiko 2.4.0", "from the application", "CVE-2018-7750", "2.4.1"):
        assert words in result["message"]["text"]
    (location,) = result["locations"]
    place = location["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "usr/lib/python3/paramiko/METADATA", "uriBaseId": "IMAGE"}
    assert location["logicalLocations"][0]["fullyQualifiedName"].endswith(
        "app:1.4.0@paramiko:2.4.0"
    )
    assert result["properties"]["platforms"] == ["linux/amd64", "linux/arm64"]


def test_what_is_ignored_is_suppressed_with_its_rule() -> None:
    results = {item["ruleId"]: item for item in run_of(overview())["results"]}
    (suppression,) = results[SYSTEM.id]["suppressions"]
    assert suppression["justification"] == "ignored by CVE-2023-5363 (line 3)"
    assert "suppressions" not in results[WORST.id]


def test_a_package_without_a_place_has_a_location_all_the_same() -> None:
    results = {item["ruleId"]: item for item in run_of(overview())["results"]}
    (location,) = results[UNRATED.id]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "image"


def test_a_finding_stays_the_same_over_versions_and_platforms() -> None:
    newer = replace(WORST, package=replace(WORST.package, version="2.4.0.post1"))
    assert fingerprint(newer) == fingerprint(WORST)
    assert fingerprint(WORST) != fingerprint(SECOND)
    moved = replace(WORST, package=replace(WORST.package, locations=("/opt/x",)))
    assert fingerprint(moved) != fingerprint(WORST)


@pytest.mark.parametrize(
    ("severity", "score", "number"),
    [
        (Severity.CRITICAL, 9.8, 9.8),
        (Severity.CRITICAL, None, 9.5),
        (Severity.HIGH, 9.8, 8.9),  # whoever rates the package says high, and GitHub must, too
        (Severity.MEDIUM, 3.0, 4.0),
        (Severity.LOW, None, 2.0),
        (Severity.NEGLIGIBLE, None, 0.5),
        (Severity.UNKNOWN, 9.8, 0.0),
    ],
)
def test_the_number_stays_within_the_severity(
    severity: Severity, score: float | None, number: float
) -> None:
    cvss = (Cvss("3.1", "", score, "x"),) if score else ()
    assert security_severity(finding("CVE-1", severity, cvss=cvss)) == number


def test_runs_of_two_images_of_one_repository_are_told_apart() -> None:
    other = msgspec.structs.replace(overview().subject, name="registry.example.org/shop/worker")
    first, second = run_of(overview()), run_of(overview(subject=other))
    assert first["automationDetails"]["id"] == "shipseal/registry.example.org/shop/app/"
    assert first["automationDetails"] != second["automationDetails"]


def test_more_than_github_takes_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    run = run_of(overview())
    assert (len(run["results"]), run["properties"]["leftOut"]) == (2, 2)


def test_when_and_by_what_it_was_found_is_told() -> None:
    run = run_of(overview())
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    assert "linux/amd64: a note" in str(invocation["toolExecutionNotifications"])
    assert run["properties"]["gate"] == "fail"
    assert "sample sha256:" in run["properties"]["databases"][0]
    assert MADE.year == 2026


HOSTILE = st.text(max_size=60) | st.sampled_from(
    [
        "../../etc/passwd",
        "/a/../../b",
        "<img src=x onerror=alert(1)>",
        "a`b|c\n```\nx",
        "\x00\x1b[2J",
        "[a](http://x)",
    ]
)


@pytest.mark.tools
@settings(max_examples=60, deadline=None)
@given(name=HOSTILE, path=HOSTILE, text=HOSTILE, url=HOSTILE)
def test_nothing_hostile_breaks_out(name: str, path: str, text: str, url: str) -> None:
    bad = finding("CVE-1", name=name, locations=(path,), description=text, url=url)
    document = sarif_document(overview(scan_report(bad)))
    valid_sarif(document)
    (result,) = document["runs"][0]["results"]
    (rule,) = document["runs"][0]["tool"]["driver"]["rules"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert not uri.startswith("/")
    assert ".." not in uri.split("/")
    assert "<img" not in rule["help"]["markdown"]
    assert len(rule["shortDescription"]["text"]) <= MOST_TEXT
    assert len(rule["fullDescription"]["text"]) <= MOST_TEXT
