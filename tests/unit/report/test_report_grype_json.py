"""Grype's shape: what people's ``jq`` lines read is where they look for it."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shipseal.report.grype_json import grype_document, risk_score
from shipseal.report.interface import ScanSubject
from shipseal.scan.grype_json import decode_report, findings_of
from shipseal.scan.interface import Exploited, Likelihood, Severity
from shipseal.scan.native import NativeCatalogue
from tests.support.grype_database import Known, grype_database
from tests.support.overviews import SYSTEM, WORST, overview
from tests.support.scanning import NOW, finding, scan_report, spdx_document, spdx_package
from tests.support.tools import need

# What only Grype knows: it derives them from its own catalogue and database.
GRYPE_ALONE = {
    "matches.[].artifact.cpes.[]",
    "matches.[].artifact.licenses.[]",
    "matches.[].artifact.locations",  # null there for SPDX, and an empty list here
    "matches.[].artifact.metadataType",
    "matches.[].vulnerability.cvss.[].metrics.exploitabilityScore",
    "matches.[].vulnerability.cvss.[].metrics.impactScore",
    "matches.[].vulnerability.advisories.[].id",
    "matches.[].vulnerability.advisories.[].link",
    "descriptor.db.providers.*",
    "descriptor.configuration.*",
}


def paths(value: Any, at: str = "") -> Iterator[str]:
    """Yield the path of every leaf, as ``jq`` would walk there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, f"{at}.{key}" if at else key)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}.[]")
    else:
        yield at


def known_alone(path: str) -> bool:
    return any(
        path == name or (name.endswith("*") and path.startswith(name[:-1])) for name in GRYPE_ALONE
    )


def test_a_match_reads_as_grypes() -> None:
    document = grype_document(overview())
    worst = document["matches"][0]
    assert worst["vulnerability"]["id"] == WORST.id
    assert worst["vulnerability"]["severity"] == "Critical"
    assert worst["vulnerability"]["fix"] == {"versions": ["2.4.1"], "state": "fixed"}
    assert worst["vulnerability"]["cvss"][0]["metrics"] == {"baseScore": 9.8}
    assert worst["vulnerability"]["epss"][0]["epss"] == 0.42
    assert worst["vulnerability"]["knownExploited"][0] == {
        "cve": "CVE-2018-7750",
        "dateAdded": "2022-03-01",
        "knownRansomwareCampaignUse": "Known",
        "dueDate": "2022-04-01",
    }
    assert worst["relatedVulnerabilities"][0]["id"] == "CVE-2018-7750"
    assert worst["artifact"]["purl"] == "pkg:pypi/paramiko@2.4.0"
    assert worst["artifact"]["locations"][0]["layerID"] == WORST.package.layer
    assert worst["matchDetails"][0]["matcher"] == "python-matcher"


def test_ignored_ones_are_ignored_matches() -> None:
    document = grype_document(overview())
    assert SYSTEM.id not in [item["vulnerability"]["id"] for item in document["matches"]]
    (ignored,) = document["ignoredMatches"]
    assert ignored["appliedIgnoreRules"] == [
        {"vulnerability": SYSTEM.id, "reason": "ignored by CVE-2023-5363 (line 3)"}
    ]
    assert "ignoredMatches" not in grype_document(overview(gated=False))


def test_the_distribution_and_the_source_are_told() -> None:
    document = grype_document(overview())
    assert document["distro"] == {"name": "debian", "version": "12.5", "idLike": []}
    assert document["source"]["type"] == "image"
    assert document["source"]["target"]["manifestDigest"].startswith("sha256:1111")
    assert document["source"]["target"]["tags"] == ["registry.example.org/shop/app:1.4.0"]
    alone = overview(subject=ScanSubject("sbom:a/b.json", "sbom", "b.json"))
    assert grype_document(alone)["source"] == {"type": "file", "target": "a/b.json"}


def test_our_own_reader_of_grypes_reports_takes_it() -> None:
    shown = overview(scan_report(WORST, SYSTEM, scanner="grype"), gated=False)
    report = decode_report(json.dumps(grype_document(shown)).encode())
    assert report is not None
    found = {item.id: item for item in findings_of(report, NativeCatalogue())}
    assert found[WORST.id].fix_versions == ("2.4.1",)
    assert found[WORST.id].severity is Severity.CRITICAL
    assert found[SYSTEM.id].package.upstreams == ("openssl",)


@pytest.mark.parametrize(
    ("members", "risk"),
    [
        ({}, 0.0),
        ({"epss": Likelihood(0.5, 0.9)}, 37.5),
        ({"kev": Exploited(NOW.date())}, 78.75),
        ({"kev": Exploited(NOW.date(), ransomware=True)}, 82.5),
    ],
)
def test_risk_is_reckoned_as_grype_does(members: dict[str, Any], risk: float) -> None:
    assert risk_score(finding("CVE-1", Severity.HIGH, **members)) == pytest.approx(risk)


def test_a_rating_of_another_record_does_not_move_the_risk() -> None:
    rated = replace(WORST, kev=None)
    other = msgspec.structs.replace(rated.cvss[0], source="CVE-2018-7750")
    assert risk_score(replace(rated, cvss=(other,))) < risk_score(rated)


@pytest.mark.tools
def test_every_path_of_a_real_report_is_there(tmp_path: Path) -> None:
    """Real Grype writes the report; ours of its findings must have a value wherever Grype has one."""
    grype = need("grype")
    known = Known(
        "GHSA-1",
        "paramiko",
        "<2.4.1",
        fixed="2.4.1",
        aliases=("CVE-2018-7750",),
        vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    )
    cache = grype_database(tmp_path, [known])
    sbom = tmp_path / "sbom.json"
    sbom.write_bytes(spdx_document([spdx_package("pkg:pypi/paramiko@2.4.0")]))
    done = subprocess.run(
        [grype, f"sbom:{sbom}", "-o", "json"],
        env={
            "GRYPE_DB_CACHE_DIR": str(cache),
            "GRYPE_DB_AUTO_UPDATE": "false",
            "GRYPE_DB_VALIDATE_AGE": "false",
            "GRYPE_CHECK_FOR_APP_UPDATE": "false",
            "HOME": str(tmp_path),
        },
        capture_output=True,
        check=True,
        timeout=60,
    )
    theirs = json.loads(done.stdout)
    report = decode_report(done.stdout)
    assert report is not None
    found = findings_of(report, NativeCatalogue())
    assert found
    ours = grype_document(overview(scan_report(*found, scanner="grype"), gated=False))
    missing = {
        path
        for path in set(paths(theirs)) - set(paths(ours))
        if path.startswith("matches") and not known_alone(path)
    }
    assert missing == set()
    assert set(theirs) <= set(ours) | {"ignoredMatches"}
