"""What a scan found, as files beside the release (``PLATFORM-scan-results.json``)."""

from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.oci import Platform
from shipseal.scan.interface import Finding, ScanReport

SCHEMA = "urn:shipseal:schema:scan-results:1"


def results_document(report: ScanReport) -> dict[str, Any]:
    """Return the report as JSON (schema ``scan-results.schema.json``), whichever scanner made it."""
    return {
        "schema": SCHEMA,
        "platform": str(report.platform),
        "sbom": report.sbom_digest,
        "scanner": {
            "name": report.scanner,
            "version": report.scanner_version,
            "uri": report.scanner_uri,
        },
        "database": {
            "uri": report.database.uri,
            "digest": report.database.digest,
            "built": rfc3339(report.database.built) if report.database.built else None,
            "version": report.database.version,
        },
        "started": rfc3339(report.started),
        "finished": rfc3339(report.finished),
        "counts": {str(severity): count for severity, count in report.counts().items()},
        "matches": [finding_document(finding) for finding in report.findings],
        "notes": list(report.notes),
        "gaps": list(report.gaps),
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """Return one finding as JSON."""
    package = finding.package
    return {
        "id": finding.id,
        "aliases": list(finding.aliases),
        "severity": str(finding.severity),
        "severitySource": finding.severity_source,
        "package": {
            "name": package.name,
            "version": package.version,
            "type": package.type,
            "purl": package.purl,
            "language": package.language,
            "locations": list(package.locations),
            "layer": package.layer,
            "upstreams": list(package.upstreams),
        },
        "fix": {"state": str(finding.fix_state), "versions": list(finding.fix_versions)},
        "namespace": finding.namespace,
        "matchType": finding.match_type,
        "description": finding.description,
        "url": finding.url,
    }


def results_file_name(report: ScanReport) -> str:
    """Return the name of the file with :func:`results_document`."""
    return f"{platform_slug(report.platform)}-scan-results.json"


def raw_file_name(report: ScanReport) -> str:
    """Return the name of the file with the scanner's own report."""
    return f"{platform_slug(report.platform)}-{report.scanner}.json"


def platform_slug(platform: Platform) -> str:
    """Return a platform as part of a file name: ``linux-arm-v7``."""
    return str(platform).replace("/", "-")
