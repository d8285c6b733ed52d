"""The scan in the shape of Grype's own JSON report, so that lines written for that keep working.

Read from reports of Grype 0.121 (schema of its ``-o json``). What only Grype knows is empty, but there: the members
``cpes`` and ``licenses`` of an artifact, the range of an advisory, sub-scores of a CVSS rating.
"""

import hashlib
from typing import Any

from shipseal._internal.clock import rfc3339
from shipseal.report.entries import platform_name
from shipseal.report.interface import FindingEntry, ScanOverview
from shipseal.report.links import link_of
from shipseal.scan.interface import Cvss, Finding, Package, ScanReport, Severity

_MATCHERS = {
    "deb": "dpkg-matcher",
    "apk": "apk-matcher",
    "rpm": "rpm-matcher",
    "python": "python-matcher",
    "npm": "javascript-matcher",
    "java-archive": "java-matcher",
    "go-module": "go-module-matcher",
    "gem": "ruby-gem-matcher",
    "rust-crate": "rust-matcher",
    "bitnami": "bitnami-matcher",
}
_SYSTEM = frozenset({"deb", "apk", "rpm", "alpm", "portage"})
# The middle of each severity's range, as Grype reckons; an unknown one is in the middle of all.
_SCORES = {
    Severity.NEGLIGIBLE: 0.5,
    Severity.LOW: 3.0,
    Severity.MEDIUM: 5.0,
    Severity.HIGH: 7.5,
    Severity.CRITICAL: 9.0,
    Severity.UNKNOWN: 5.0,
}


def grype_document(overview: ScanOverview) -> dict[str, Any]:
    """Return the scan as Grype would have written it; findings that are ignored are ``ignoredMatches``."""
    report = overview.reports[0]
    ignored = [entry for entry in overview.entries if entry.ignored]
    document: dict[str, Any] = {
        "matches": [_match(entry) for entry in overview.entries if not entry.ignored],
        "source": _source(overview),
        "distro": _distro(overview),
        "descriptor": _descriptor(overview, report),
    }
    if ignored:
        document["ignoredMatches"] = [_match(entry) | _rules(entry) for entry in ignored]
    return document


def _match(entry: FindingEntry) -> dict[str, Any]:
    finding = entry.finding
    own = [item for item in finding.cvss if _is_own(item, finding)]
    return {
        "vulnerability": {
            "id": finding.id,
            "dataSource": finding.url or link_of(finding.id),
            "namespace": finding.namespace,
            "severity": str(finding.severity).capitalize(),
            "urls": [finding.url] if finding.url else [],
            "description": finding.description,
            "cvss": [_cvss(item) for item in own],
            **_exploited(finding),
            "fix": {"versions": list(finding.fix_versions), "state": str(finding.fix_state)},
            "advisories": [
                {"id": name, "link": link_of(name)}
                for name in finding.aliases
                if _is_advisory(name)
            ],
            "risk": risk_score(finding),
        },
        "relatedVulnerabilities": [
            _related(name, finding)
            for name in finding.aliases
            if name.startswith(("CVE-", "GHSA-"))
        ],
        "matchDetails": [_detail(kind, finding) for kind in (finding.match_type or "").split(",")],
        "artifact": _artifact(finding.package),
    }


def _is_own(rating: Cvss, finding: Finding) -> bool:
    """Return whether a rating is the advisory's own, not that of another record of the same vulnerability."""
    return rating.source not in finding.aliases


def _is_advisory(name: str) -> bool:
    return not name.startswith(("CVE-", "GHSA-"))


def _cvss(rating: Cvss) -> dict[str, Any]:
    return {
        "source": rating.source,
        "type": "Primary",
        "version": rating.version,
        "vector": rating.vector,
        "metrics": {"baseScore": rating.score},
        "vendorMetadata": {},
    }


def _exploited(finding: Finding) -> dict[str, Any]:
    names = (finding.id, *finding.aliases)
    cve = next((name for name in names if name.startswith("CVE-")), finding.id)
    found: dict[str, Any] = {}
    if finding.kev:
        used = "Known" if finding.kev.ransomware else "Unknown"
        entry: dict[str, Any] = {
            "cve": cve,
            "dateAdded": finding.kev.added.isoformat(),
            "knownRansomwareCampaignUse": used,
        }
        if finding.kev.due:
            entry["dueDate"] = finding.kev.due.isoformat()
        found["knownExploited"] = [entry]
    if finding.epss:
        scored = finding.epss.scored.isoformat() if finding.epss.scored else ""
        found["epss"] = [
            {
                "cve": cve,
                "epss": finding.epss.probability,
                "percentile": finding.epss.percentile,
                "date": scored,
            }
        ]
    return found


def risk_score(finding: Finding) -> float:
    """Return Grype's risk, 0 to 100: how likely exploitation is, by how severe it would be."""
    threat = 1.0 if finding.kev else finding.epss.probability if finding.epss else 0.0
    severity = _SCORES[finding.severity] / 10
    scores = [rating.score for rating in finding.cvss if rating.score and _is_own(rating, finding)]
    if scores:
        severity = (severity + sum(scores) / len(scores) / 10) / 2
    more = (1.1 if finding.kev.ransomware else 1.05) if finding.kev else 1.0
    return min(threat * severity * more, 1.0) * 100


def _related(name: str, finding: Finding) -> dict[str, Any]:
    return {
        "id": name,
        "dataSource": link_of(name),
        "namespace": "nvd:cpe" if name.startswith("CVE-") else finding.namespace,
        "severity": str(finding.severity).capitalize(),
        "urls": [],
        "cvss": [_cvss(item) for item in finding.cvss if item.source == name],
    }


def _detail(kind: str, finding: Finding) -> dict[str, Any]:
    package = finding.package
    searched: dict[str, Any] = {
        "namespace": finding.namespace,
        "package": {"name": package.name, "version": package.version},
    }
    if package.language:
        searched["language"] = package.language
    elif package.type in _SYSTEM:
        name, version = _distro_of(package.purl)
        searched["distro"] = {"type": name, "version": version}
    detail: dict[str, Any] = {
        "type": kind or "exact-direct-match",
        "matcher": _MATCHERS.get(package.type, "stock-matcher"),
        "searchedBy": searched,
        "found": {"vulnerabilityID": finding.id, "versionConstraint": ""},
    }
    if finding.fix_versions:
        detail["fix"] = {"suggestedVersion": finding.fix_versions[0]}
    return detail


def _artifact(package: Package) -> dict[str, Any]:
    identity = "\n".join((package.purl, package.name, package.version, *package.locations))
    return {
        "id": hashlib.sha256(identity.encode()).hexdigest()[:16],
        "name": package.name,
        "version": package.version,
        "type": package.type,
        "locations": [
            {"path": path, "accessPath": path}
            | ({"layerID": package.layer} if package.layer else {})
            | {"annotations": {"evidence": "supporting" if number else "primary"}}
            for number, path in enumerate(package.locations)
        ],
        "language": package.language,
        "licenses": [],
        "cpes": [],
        "purl": package.purl,
        "upstreams": [{"name": name} for name in package.upstreams],
    }


def _rules(entry: FindingEntry) -> dict[str, Any]:
    rule = {"vulnerability": entry.finding.id, "reason": entry.judgement.rule}
    return {"appliedIgnoreRules": [rule]}


def _source(overview: ScanOverview) -> dict[str, Any]:
    subject = overview.subject
    if subject.kind == "sbom":
        return {"type": "file", "target": subject.text.partition(":")[2]}
    name = f"{subject.name}:{subject.version}" if subject.version else subject.name
    target: dict[str, Any] = {
        "userInput": subject.text,
        "imageID": "",
        "manifestDigest": subject.digest,
        "tags": [name] if subject.version else [],
        "repoDigests": [f"{subject.name}@{subject.digest}"] if subject.digest else [],
        "architecture": "",
        "os": "",
    }
    names = [platform_name(report.platform) for report in overview.reports]
    if len(names) == 1 and names[0]:
        target["os"], _, target["architecture"] = names[0].partition("/")
    return {"type": "image", "target": target}


def _distro(overview: ScanOverview) -> dict[str, Any]:
    """Return the distribution that findings name; empty as Grype writes it where there is none."""
    purls = (
        entry.finding.package.purl
        for entry in overview.entries
        if entry.finding.package.type in _SYSTEM
    )
    name, version = next((found for found in map(_distro_of, purls) if found[0]), ("", ""))
    return {"name": name, "version": version, "idLike": []}


def _distro_of(purl: str) -> tuple[str, str]:
    _, _, qualifiers = purl.partition("?")
    values = (word.partition("=") for word in qualifiers.partition("#")[0].split("&"))
    distro = next((value for key, _, value in values if key == "distro"), "")
    name, _, version = distro.partition("-")
    return name, version


def _descriptor(overview: ScanOverview, report: ScanReport) -> dict[str, Any]:
    database = report.database
    return {
        "name": report.scanner,
        "version": report.scanner_version,
        "db": {
            "status": {
                "schemaVersion": database.version,
                "from": database.uri,
                "built": rfc3339(database.built) if database.built else "",
                "path": database.uri,
                "checksum": database.digest,
                "valid": True,
            },
            "providers": {},
        },
        "timestamp": rfc3339(overview.made),
    }
