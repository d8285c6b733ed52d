"""The scan as CycloneDX 1.6 with vulnerabilities, for Dependency-Track and whoever else reads that.

Source: the CycloneDX 1.6 JSON schema. Components are all packages that were looked up; a vulnerability stands once, and
names every component that it affects. The serial number follows from what was scanned with which data, so the same scan
gives the same number (demanded by those who store documents by it).
"""

import hashlib
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from shipseal._internal.clock import rfc3339
from shipseal.report.interface import FindingEntry, ScanOverview
from shipseal.report.links import link_of, web_link
from shipseal.scan.interface import Cvss, Finding, Package, Severity

_METHODS = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}
_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "high",
    Severity.MEDIUM: "medium",
    Severity.LOW: "low",
    Severity.NEGLIGIBLE: "info",
    Severity.UNKNOWN: "unknown",
}
_KINDS = {"binary": "file", "file": "file"}
_PREFIX = "shipseal:"


def cyclonedx_document(overview: ScanOverview) -> dict[str, Any]:
    """Return the scan as a CycloneDX BOM."""
    packages = {_key(package): package for package in overview.packages}
    for entry in overview.entries:
        packages.setdefault(_key(entry.finding.package), entry.finding.package)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": _serial(overview),
        "version": 1,
        "metadata": _metadata(overview),
        "components": [_component(key, package) for key, package in sorted(packages.items())],
        "vulnerabilities": _vulnerabilities(overview),
    }


def _key(package: Package) -> str:
    """Return what a component is called within the document: its package URL, or the like where it has none."""
    return package.purl or f"{package.type}:{package.name}@{package.version}"


def _serial(overview: ScanOverview) -> str:
    facts = (
        *(report.sbom_digest for report in overview.reports),
        *(report.database.digest for report in overview.reports),
        *(entry.finding.id + entry.judgement.status for entry in overview.entries),
    )
    found = hashlib.sha256("\n".join(facts).encode()).digest()[:16]
    return uuid.UUID(bytes=found, version=5).urn


def _metadata(overview: ScanOverview) -> dict[str, Any]:
    subject, scanner = overview.subject, overview.reports[0]
    about: dict[str, Any] = {
        "type": "container",
        "bom-ref": subject.digest or subject.name,
        "name": subject.name,
    }
    if subject.version:
        about["version"] = subject.version
    if subject.digest:
        name = subject.name.rpartition("/")[2]
        about["purl"] = f"pkg:oci/{quote(name, safe='._-')}@{quote(subject.digest, safe='')}"
    properties = [{"name": f"{_PREFIX}database", "value": text} for text in overview.databases]
    if overview.gate:
        properties.append({"name": f"{_PREFIX}gate", "value": overview.gate.outcome})
    return {
        "timestamp": rfc3339(overview.made),
        "tools": {
            "components": [
                {"type": "application", "name": "shipseal", "version": overview.version},
                {
                    "type": "application",
                    "name": scanner.scanner,
                    "version": scanner.scanner_version,
                },
            ]
        },
        "component": about,
        "properties": properties,
    }


def _component(key: str, package: Package) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": _KINDS.get(package.type, "library"),
        "bom-ref": key,
        "name": package.name,
        "version": package.version,
    }
    if package.purl.startswith("pkg:"):
        component["purl"] = package.purl
    if package.locations:
        component["evidence"] = {"occurrences": [{"location": path} for path in package.locations]}
    if package.layer:
        component["properties"] = [{"name": f"{_PREFIX}layer", "value": package.layer}]
    return component


def _vulnerabilities(overview: ScanOverview) -> list[dict[str, Any]]:
    found: dict[str, list[FindingEntry]] = {}
    for entry in overview.entries:
        found.setdefault(entry.finding.id, []).append(entry)
    return [_vulnerability(entries) for entries in found.values()]


def _vulnerability(entries: list[FindingEntry]) -> dict[str, Any]:
    finding = entries[0].finding
    document: dict[str, Any] = {
        "bom-ref": f"vulnerability:{finding.id}",
        "id": finding.id,
        "source": _source(finding.id, finding.namespace),
        "references": [{"id": name, "source": _source(name, "")} for name in finding.aliases],
        "ratings": list(_ratings(finding)),
        "description": finding.description,
        "recommendation": "; ".join(_recommendations(entries)),
        "advisories": [{"url": address} for address in _addresses(finding)],
        "published": rfc3339(finding.published) if finding.published else "",
        "affects": _affects(entries),
        "properties": list(_properties(entries)),
    }
    if all(entry.ignored for entry in entries):
        document["analysis"] = {"detail": entries[0].judgement.rule}
    return {name: value for name, value in document.items() if value}


def _source(name: str, namespace: str) -> dict[str, str]:
    source = {"name": namespace or name.partition("-")[0], "url": link_of(name)}
    return {key: value for key, value in source.items() if value}


def _ratings(finding: Finding) -> Iterable[dict[str, Any]]:
    """Yield the ratings, the deciding severity first; only that one has a word, which not everybody derives alike."""
    word = _SEVERITIES[finding.severity]
    if not finding.cvss:
        yield {"severity": word, "method": "other"} | _stated_by(finding)
    for number, rating in enumerate(finding.cvss):
        yield _rating(rating) | ({} if number else {"severity": word})


def _stated_by(finding: Finding) -> dict[str, Any]:
    return {"source": {"name": finding.severity_source}} if finding.severity_source else {}


def _rating(rating: Cvss) -> dict[str, Any]:
    return {
        "source": {"name": rating.source},
        "score": rating.score,
        "method": _METHODS.get(rating.version, "other"),
        "vector": rating.vector,
    }


def _recommendations(entries: Iterable[FindingEntry]) -> Iterable[str]:
    texts = (
        entry.advice.text
        or (
            f"update {entry.finding.package.name} to {' or '.join(entry.finding.fix_versions)}"
            if entry.finding.fix_versions
            else ""
        )
        for entry in entries
    )
    return dict.fromkeys(text for text in texts if text)


def _addresses(finding: Finding) -> Iterable[str]:
    names = (finding.id, *finding.aliases)
    found = (web_link(finding.url, finding.id), *map(link_of, names))
    return dict.fromkeys(address for address in found if address)


def _affects(entries: Iterable[FindingEntry]) -> list[dict[str, Any]]:
    return [
        {
            "ref": key,
            "versions": [{"version": package.version, "status": "affected"}],
        }
        for key, package in {
            _key(entry.finding.package): entry.finding.package for entry in entries
        }.items()
    ]


def _properties(entries: list[FindingEntry]) -> Iterable[dict[str, str]]:
    finding = entries[0].finding
    facts = {
        "fixState": str(finding.fix_state),
        "kev": finding.kev.added.isoformat() if finding.kev else "",
        "epss": str(finding.epss.probability) if finding.epss else "",
        "origin": ", ".join(sorted({str(entry.finding.origin) for entry in entries})),
        "gate": ", ".join(sorted({entry.judgement.status for entry in entries} - {""})),
    }
    for name, value in facts.items():
        if value:
            yield {"name": f"{_PREFIX}{name}", "value": value}
