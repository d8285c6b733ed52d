"""Scans for tests: SPDX documents of a few packages, advisories, findings and reports."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from shipseal.advisories.building import open_temporary
from shipseal.advisories.compiled import CompiledDatabase
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.packing import pack
from shipseal.advisories.records import Record
from shipseal.oci import Digest, Platform
from shipseal.scan.interface import Database, Finding, Package, ScanReport, ScanRequest, Severity

AMD64 = Platform.parse("linux/amd64")
ARM64 = Platform.parse("linux/arm64")
SBOM = Digest("sha256:" + "5" * 64)
NOW = datetime(2026, 1, 12, tzinfo=UTC)
CRITICAL_VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def spdx_package(purl: str, *, name: str = "", version: str = "", key: str = "") -> dict[str, Any]:
    """Return a package of an SPDX document with this package URL; name and version come from it."""
    plain = purl.partition("?")[0]
    head, _, found = plain.rpartition("@")
    name = name or head.rpartition("/")[2]
    kind = purl.partition(":")[2].partition("/")[0]
    return {
        "SPDXID": f"SPDXRef-Package-{kind}-{name}-{key or format(abs(hash(purl)), 'x')[:16]}",
        "name": name,
        "versionInfo": version or found,
        "downloadLocation": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl,
            }
        ],
    }


def spdx_document(
    packages: Iterable[dict[str, Any]], *, owned: Iterable[tuple[str, str]] = ()
) -> bytes:
    """Return an SPDX document; ``owned`` are pairs of owner and owned element."""
    relationships = [
        {
            "spdxElementId": owner,
            "relatedSpdxElement": child,
            "relationshipType": "OTHER",
            "comment": "ownership-by-file-overlap: the parent claims files of the child",
        }
        for owner, child in owned
    ]
    document = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "dataLicense": "CC0-1.0",
        "name": "sample",
        "documentNamespace": "https://example.org/sample",
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: tests"]},
        "packages": list(packages),
        "relationships": relationships,
    }
    return json.dumps(document).encode()


def request(folder: Path, document: bytes, native: bytes | None = None) -> ScanRequest:
    """Return a request to scan ``document``, written to ``folder``."""
    sbom = folder / "sbom.spdx.json"
    sbom.write_bytes(document)
    beside = folder / "sbom.syft.json" if native is not None else None
    if beside is not None and native is not None:
        beside.write_bytes(native)
    return ScanRequest(AMD64, sbom, SBOM, beside, timeout=60)


def advisory(
    id: str,
    ecosystem: str,
    name: str,
    events: Sequence[tuple[str, str]],
    **members: Any,
) -> dict[str, Any]:
    """Return an OSV record about one package; ``events`` are pairs such as ``("fixed", "1.2")``."""
    affected: dict[str, Any] = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [{kind: text} for kind, text in events]}],
    }
    for key in ("versions", "ecosystem_specific"):
        if key in members:
            affected[key] = members.pop(key)
    return {"id": id, "modified": "2026-01-10T00:00:00Z", "affected": [affected]} | members


def database(*records: dict[str, Any]) -> CompiledDatabase:
    """Return a compiled advisory database of these records."""
    gathered = Gathered()
    for record in records:
        gathered.add(pack(msgspec.convert(record, Record), "sample"))
    return open_temporary(gathered, origin="sample")


def finding(
    id: str = "CVE-2026-0001", severity: Severity = Severity.HIGH, **members: Any
) -> Finding:
    """Return a finding in a Python package, with ``members`` of the finding or of its package replaced."""
    package = Package(
        name="paramiko",
        version="2.4.0",
        type="python",
        purl="pkg:pypi/paramiko@2.4.0",
        language="python",
        locations=("/usr/lib/python3/paramiko/METADATA",),
    )
    names = set(Package.__dataclass_fields__)
    package = replace(package, **{key: members.pop(key) for key in names & members.keys()})
    return replace(Finding(id, severity, package), **members)


def scan_report(*findings: Finding, platform: Platform = AMD64, **members: Any) -> ScanReport:
    """Return a scan's report with ``findings``."""
    report = ScanReport(
        platform=platform,
        sbom_digest=SBOM,
        scanner="grype",
        scanner_version="0.121.2",
        scanner_uri="https://github.com/anchore/grype",
        database=Database("sample", "sha256:" + "d" * 64, NOW, "v6"),
        findings=findings,
        started=NOW,
        finished=NOW,
        raw=b"{}",
    )
    return replace(report, **members)
