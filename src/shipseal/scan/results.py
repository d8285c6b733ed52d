"""What a scan found, as files beside the release (``PLATFORM-scan-results.json``)."""

from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.oci import Platform
from shipseal.scan.interface import Database, Exploited, Finding, Likelihood, ScanReport

SCHEMA = "urn:shipseal:schema:scan-results:1"


def results_document(report: ScanReport) -> dict[str, Any]:
    """Return the report as JSON (schema ``scan-results.schema.json``), whichever scanner made it."""
    return {
        "schema": SCHEMA,
        "platform": str(report.platform),
        "sbom": report.sbom_digest,
        "scanner": scanner_document(report),
        "database": database_document(report.database),
        "started": rfc3339(report.started),
        "finished": rfc3339(report.finished),
        "counts": {str(severity): count for severity, count in report.counts().items()},
        "matches": [finding_document(finding) for finding in report.findings],
        "notes": list(report.notes),
        "gaps": list(report.gaps),
    }


def scanner_document(report: ScanReport) -> dict[str, Any]:
    """Return who scanned, as JSON."""
    return {
        "name": report.scanner,
        "version": report.scanner_version,
        "uri": report.scanner_uri,
    }


def database_document(database: Database) -> dict[str, Any]:
    """Return the data that was used, as JSON."""
    return {
        "uri": database.uri,
        "digest": database.digest,
        "built": rfc3339(database.built) if database.built else None,
        "version": database.version,
        "kev": database.kev.isoformat() if database.kev else None,
        "epss": database.epss.isoformat() if database.epss else None,
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
        "published": rfc3339(finding.published) if finding.published else None,
        "cvss": [
            {
                "version": item.version,
                "vector": item.vector,
                "score": item.score,
                "source": item.source,
            }
            for item in finding.cvss
        ],
        "kev": _kev(finding.kev) if finding.kev else None,
        "epss": _epss(finding.epss) if finding.epss else None,
        "origin": str(finding.origin),
    }


def _kev(entry: Exploited) -> dict[str, Any]:
    return {
        "added": entry.added.isoformat(),
        "due": entry.due.isoformat() if entry.due else None,
        "ransomware": entry.ransomware,
    }


def _epss(likelihood: Likelihood) -> dict[str, Any]:
    return {
        "probability": likelihood.probability,
        "percentile": likelihood.percentile,
        "scored": likelihood.scored.isoformat() if likelihood.scored else None,
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
