"""CycloneDX with vulnerabilities: valid by its schema, and one scan is one document."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipseal.report.cyclonedx import cyclonedx_document
from shipseal.report.interface import ScanOverview
from shipseal.scan.interface import Cvss
from tests.support.overviews import SECOND, SYSTEM, UNRATED, WORST, overview
from tests.support.scanning import finding, scan_report
from tests.support.standards import valid_cyclonedx


def by_id(document: dict[str, Any]) -> dict[str, Any]:
    return {item["id"]: item for item in document["vulnerabilities"]}


@pytest.mark.parametrize("shown", [overview(), overview(gated=False), overview(scan_report())])
def test_it_is_valid(shown: ScanOverview) -> None:
    valid_cyclonedx(cyclonedx_document(shown))


def test_a_vulnerability_says_what_is_known_of_it() -> None:
    worst = by_id(cyclonedx_document(overview()))[WORST.id]
    assert worst["references"][0]["id"] == "CVE-2018-7750"
    assert worst["ratings"][0] == {
        "source": {"name": WORST.id},
        "score": 9.8,
        "severity": "critical",
        "method": "CVSSv31",
        "vector": WORST.cvss[0].vector,
    }
    assert worst["recommendation"] == "pip install paramiko==2.4.1"
    assert worst["published"] == "2018-03-13T00:00:00Z"
    properties = {item["name"]: item["value"] for item in worst["properties"]}
    assert properties["shipseal:kev"] == "2022-03-01"
    assert properties["shipseal:gate"] == "fail"


def test_every_affected_component_is_there_once() -> None:
    document = cyclonedx_document(overview())
    names = [item["bom-ref"] for item in document["components"]]
    assert len(names) == len(set(names)) == 3
    for item in document["vulnerabilities"]:
        assert {affected["ref"] for affected in item["affects"]} <= set(names)
    assert by_id(document)[SECOND.id]["affects"][0]["ref"] == "pkg:pypi/paramiko@2.4.0"
    assert by_id(document)[UNRATED.id]["affects"][0]["ref"] == "python:left@2.4.0"


def test_all_packages_that_were_looked_up_are_listed() -> None:
    clean = replace(WORST.package, name="clean", purl="pkg:pypi/clean@1")
    document = cyclonedx_document(overview(packages=(clean, WORST.package)))
    assert "pkg:pypi/clean@1" in [item["bom-ref"] for item in document["components"]]


def test_what_is_ignored_says_by_what() -> None:
    found = by_id(cyclonedx_document(overview()))
    assert found[SYSTEM.id]["analysis"]["detail"] == "ignored by CVE-2023-5363 (line 3)"
    assert "analysis" not in found[WORST.id]


def test_the_serial_number_follows_from_what_was_scanned() -> None:
    first = cyclonedx_document(overview())["serialNumber"]
    assert first == cyclonedx_document(overview())["serialNumber"]
    assert first != cyclonedx_document(overview(scan_report()))["serialNumber"]


def test_the_image_is_what_it_is_about() -> None:
    about = cyclonedx_document(overview())["metadata"]["component"]
    assert (about["name"], about["version"]) == ("registry.example.org/shop/app", "1.4.0")
    assert about["purl"].startswith("pkg:oci/app@sha256%3A")


TEXTS = st.text(max_size=40)


@settings(max_examples=40, deadline=None)
@given(
    st.builds(
        finding,
        TEXTS.filter(bool),
        name=TEXTS,
        version=TEXTS,
        purl=TEXTS,
        locations=st.tuples(TEXTS.filter(bool)),
        description=TEXTS,
        url=TEXTS,
        aliases=st.tuples(TEXTS),
        cvss=st.just((Cvss("9", "x", 1.0, "y"),)),
    )
)
def test_it_is_valid_whatever_an_sbom_says(bad: Any) -> None:
    valid_cyclonedx(cyclonedx_document(overview(scan_report(bad))))
