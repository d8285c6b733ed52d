"""A recorded report of real Grype: read without Grype, and compared with what Grype prints today.

Where the file is deleted, this test records it anew and fails once.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shipseal.scan.grype import GrypeOptions, GrypeScanner
from shipseal.scan.grype_json import database_of, decode_report, findings_of
from shipseal.scan.interface import FixState, Severity
from shipseal.scan.native import NativeCatalogue
from tests.support.clocks import StoppedClock
from tests.support.grype_database import BUILT
from tests.support.scanning import request, spdx_document, spdx_package
from tests.support.tools import need

RECORDED = Path(__file__).with_name("recorded") / "grype-0.121.2.json"
PACKAGES = [
    spdx_package("pkg:pypi/paramiko@2.4.0", key="0123456789abcdef"),
    spdx_package(
        "pkg:deb/debian/libssl3@3.0.0-1?distro=debian-12.5&upstream=openssl", key="1" * 16
    ),
]


def essence(document: Any) -> Any:
    """Return a report without what differs from run to run: times, paths, configuration, the database's checksum."""
    database = document["descriptor"]["db"]["status"]
    database = {key: database[key] for key in ("schemaVersion", "built", "from", "valid")}
    return {
        "matches": sorted(document["matches"], key=lambda match: str(match["vulnerability"]["id"])),
        "source": {"type": document["source"]["type"]},
        "distro": document["distro"],
        "descriptor": {"name": document["descriptor"]["name"], "db": {"status": database}},
    }


@pytest.mark.tools
def test_grype_prints_today_what_was_recorded(own_cache: Path, tmp_path: Path) -> None:
    clock = StoppedClock(BUILT + timedelta(hours=1))
    scanner = GrypeScanner(GrypeOptions(str(need("grype")), own_cache), clock)
    report = scanner.scan(request(tmp_path, spdx_document(PACKAGES)))
    today = essence(json.loads(report.raw))
    if not RECORDED.exists():
        RECORDED.write_text(json.dumps(today, indent=1, sort_keys=True) + "\n")
        pytest.fail(f"{RECORDED.name} was recorded anew: look at it, and run this again")
    assert today == json.loads(RECORDED.read_bytes())


def test_the_recorded_report_is_read() -> None:
    report = decode_report(RECORDED.read_bytes())
    assert report is not None
    first, second = findings_of(report, NativeCatalogue())
    assert (first.id, first.severity) == ("GHSA-232r-66cg-79px", Severity.CRITICAL)
    assert (first.fix_state, first.fix_versions) == (FixState.FIXED, ("2.4.1",))
    assert first.namespace == "github:language:python"
    assert first.package.purl == "pkg:pypi/paramiko@2.4.0"
    assert second.namespace == "debian:distro:debian:12"
    assert second.package.upstreams == ("openssl",)
    assert database_of(report.status).built == BUILT


@pytest.mark.parametrize(
    ("source", "checksum", "digest"),
    [
        ("https://example.org/db.tar.zst?checksum=sha256%3Aabc", "", "sha256:abc"),
        ("manual import", "xxh64:1", "xxh64:1"),
        ("", "", ""),
    ],
)
def test_the_databases_checksum_is_taken_from_where_it_is(
    source: str, checksum: str, digest: str
) -> None:
    document = json.loads(RECORDED.read_bytes())
    document["descriptor"]["db"]["status"]["from"] = source
    report = decode_report(json.dumps(document).encode())
    assert report is not None
    assert database_of(report.status, checksum).digest == digest


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b"\xff", b'{"matches": [], "source": {}, "descriptor": {"name": "trivy"}}'],
)
def test_what_is_no_report_of_grype_is_none(data: bytes) -> None:
    assert decode_report(data) is None
