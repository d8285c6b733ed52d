"""The scan as SARIF 2.1.0, as GitHub's code scanning shows it best.

Source: OASIS SARIF 2.1.0; GitHub's documentation, "SARIF support for code scanning": ``security-severity``, Markdown in
the help of rules, ``partialFingerprints``, at most 25,000 results and as many rules in a run.

One rule stands for one vulnerability, one result for one package that has it. The location is the package's file in the
image, relative to the image's root, because GitHub wants one for each result; the logical location names package and
image. Findings that an ignore took out are results with a suppression.
"""

import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from shipseal._internal.clock import rfc3339
from shipseal.report.interface import FindingEntry, ScanOverview
from shipseal.report.links import web_link
from shipseal.report.text import markdown, printable
from shipseal.scan.interface import Finding, FixState, Severity

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MOST_RESULTS = 25_000
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.NEGLIGIBLE: "note",
    Severity.UNKNOWN: "warning",
}
# Where nobody gives a score: the middle of what GitHub calls so (over 9.0 critical, 7.0 high, 4.0 medium).
_SCORES = {
    Severity.CRITICAL: 9.5,
    Severity.HIGH: 8.0,
    Severity.MEDIUM: 5.5,
    Severity.LOW: 2.0,
    Severity.NEGLIGIBLE: 0.5,
    Severity.UNKNOWN: 0.0,
}
_BANDS = {
    Severity.CRITICAL: (9.0, 10.0),
    Severity.HIGH: (7.0, 8.9),
    Severity.MEDIUM: (4.0, 6.9),
    Severity.LOW: (0.1, 3.9),
}
_IMAGE_FILE = "image"
"""Stands for a file where nobody says in which file a package is."""


def sarif_document(overview: ScanOverview) -> dict[str, Any]:
    """Return the scan as a SARIF log with one run."""
    entries = overview.entries[:MOST_RESULTS]
    rules: dict[str, FindingEntry] = {}
    for entry in entries:
        rules.setdefault(entry.finding.id, entry)
    numbers = {name: number for number, name in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": _driver(overview, rules.values())},
        "automationDetails": {"id": f"shipseal/{_category(overview)}/"},
        "originalUriBaseIds": {
            "IMAGE": {"description": {"text": f"the root of {_subject(overview)}"}}
        },
        "invocations": [_invocation(overview)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(overview, entry, numbers) for entry in entries],
        "properties": _run_properties(overview),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(overview: ScanOverview, rules: Iterable[FindingEntry]) -> dict[str, Any]:
    return {
        "name": "shipseal",
        "fullName": f"shipseal {overview.version}",
        "version": overview.version,
        "semanticVersion": overview.version,
        "rules": [_rule(entry) for entry in rules],
    }


def _rule(entry: FindingEntry) -> dict[str, Any]:
    finding = entry.finding
    name = entry.cve or finding.id
    summary = printable(finding.description, 900) or f"{name} in {finding.package.name}"
    rule: dict[str, Any] = {
        "id": finding.id,
        "name": "KnownVulnerability",
        "shortDescription": {
            "text": f"{name}: {finding.severity} vulnerability in {_name(finding)}"
        },
        "fullDescription": {"text": summary},
        "help": {"text": _help_text(entry), "markdown": _help_markdown(entry)},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "security-severity": f"{security_severity(finding):.1f}",
            "precision": "very-high",
            "tags": _tags(finding),
        },
    }
    address = web_link(finding.url, finding.id)
    return rule | ({"helpUri": address} if address else {})


def _tags(finding: Finding) -> list[str]:
    tags = ["security", "vulnerability", str(finding.severity)]
    if finding.kev:
        tags.append("known-exploited")
    if finding.fix_state is FixState.FIXED:
        tags.append("fixable")
    return [*tags, *(name for name in finding.aliases if name.startswith("CVE-"))][:10]


def security_severity(finding: Finding) -> float:
    """Return the number by which GitHub sorts: the deciding score, within the severity that is shown beside it."""
    score = finding.cvss[0].score if finding.cvss else _SCORES[finding.severity]
    low, high = _BANDS.get(finding.severity, (0.0, 10.0))
    return min(max(score, low), high) if finding.severity in _BANDS else _SCORES[finding.severity]


def _help_text(entry: FindingEntry) -> str:
    return "\n".join(f"{name}: {printable(value, 300)}" for name, value in _facts(entry))


def _help_markdown(entry: FindingEntry) -> str:
    rows = "\n".join(
        f"| {markdown(name)} | {markdown(value, 300)} |" for name, value in _facts(entry)
    )
    text = f"| | |\n| --- | --- |\n{rows}\n"
    if entry.advice.command:
        text += (
            f"\nTo get the fixed version:\n\n```sh\n{printable(entry.advice.command, 500)}\n```\n"
        )
    address = web_link(entry.finding.url, entry.finding.id)
    return text + (f"\n[Advisory]({quote(address, safe=':/?&=%#~+,;@!')})\n" if address else "")


def _facts(entry: FindingEntry) -> Iterable[tuple[str, str]]:
    finding = entry.finding
    yield "Severity", str(finding.severity)
    for rating in finding.cvss[:2]:
        yield f"CVSS {rating.version}", f"{rating.score} {rating.vector} ({rating.source})"
    if finding.kev:
        yield "Known to be exploited", f"since {finding.kev.added} (CISA KEV)"
    if finding.epss:
        yield "Exploitation within 30 days", f"{finding.epss.probability:.1%} (EPSS)"
    yield "Package", _name(finding)
    yield "Fix", fix_text(entry)
    if finding.aliases:
        yield "Also known as", ", ".join(finding.aliases)


def fix_text(entry: FindingEntry) -> str:
    """Return what there is to do, in a sentence."""
    finding = entry.finding
    if finding.fix_versions:
        return f"update {finding.package.name} to {', '.join(finding.fix_versions)}"
    words = {
        FixState.WONT_FIX: "the distribution will not fix it",
        FixState.NOT_FIXED: "there is no fixed version yet",
    }
    return entry.advice.note or words.get(finding.fix_state, "no fixed version is known")


def _result(overview: ScanOverview, entry: FindingEntry, numbers: dict[str, int]) -> dict[str, Any]:
    finding = entry.finding
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": numbers[finding.id],
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(entry)},
        "locations": [_location(overview, entry)],
        "partialFingerprints": {"shipsealFinding/v1": fingerprint(finding)},
        "properties": _properties(entry),
    }
    if entry.ignored:
        why = printable(entry.judgement.rule, 500)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _message(entry: FindingEntry) -> str:
    finding = entry.finding
    where = (
        "" if str(finding.origin) == "unknown" else f" (from the {_ORIGINS[str(finding.origin)]})"
    )
    named = f"{finding.id} ({entry.cve})" if entry.cve not in ("", finding.id) else finding.id
    text = f"{_name(finding)}{where} has {named}, {finding.severity}: {fix_text(entry)}."
    return printable(text, 1000)


_ORIGINS = {"base": "base image", "application": "application"}


def _location(overview: ScanOverview, entry: FindingEntry) -> dict[str, Any]:
    package = entry.finding.package
    path = entry.locations[0] if entry.locations else ""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(path), "uriBaseId": "IMAGE"},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
        },
        "logicalLocations": [
            {
                "name": printable(package.name, 200),
                "fullyQualifiedName": printable(
                    f"{_subject(overview)}@{package.name}:{package.version}", 500
                ),
                "kind": "module",
            }
        ],
        "message": {"text": printable(f"{path or 'in the image'} of {_subject(overview)}", 500)},
    }


def _uri(path: str) -> str:
    """Return a path in the image as a reference relative to its root, which nothing can climb out of."""
    words = [quote(word, safe="-._~@+") for word in path.split("/") if word not in ("", ".", "..")]
    return "/".join(words) or _IMAGE_FILE


def fingerprint(finding: Finding) -> str:
    """Return what stays the same from scan to scan: vulnerability and package, not its version or platform."""
    package = finding.package
    place = package.locations[0] if package.locations else ""
    text = "\n".join((finding.id, package.type, package.name, place))
    return hashlib.sha256(text.encode()).hexdigest()


def _properties(entry: FindingEntry) -> dict[str, Any]:
    finding = entry.finding
    return {
        "purl": finding.package.purl,
        "version": finding.package.version,
        "origin": str(finding.origin),
        "platforms": [name for name in entry.platforms if name],
        "fixState": str(finding.fix_state),
        "fixVersions": list(finding.fix_versions),
        "gate": entry.judgement.status or "none",
        "rule": entry.judgement.rule,
    }


def _invocation(overview: ScanOverview) -> dict[str, Any]:
    return {
        "executionSuccessful": True,
        "startTimeUtc": rfc3339(min(report.started for report in overview.reports)),
        "endTimeUtc": rfc3339(max(report.finished for report in overview.reports)),
        "toolExecutionNotifications": [
            {"level": "note", "message": {"text": printable(text, 1000)}}
            for text in (*overview.incomplete, *overview.notes)
        ],
    }


def _run_properties(overview: ScanOverview) -> dict[str, Any]:
    report = overview.reports[0]
    left = len(overview.entries) - MOST_RESULTS
    return {
        "imageName": overview.subject.name,
        "imageVersion": overview.subject.version,
        "imageDigest": overview.subject.digest,
        "sboms": [item.sbom_digest for item in overview.reports],
        "scanner": f"{report.scanner} {report.scanner_version}",
        "databases": list(overview.databases),
        "gate": overview.gate.outcome if overview.gate else "none",
        "leftOut": max(0, left),
    }


def _category(overview: ScanOverview) -> str:
    """Return what tells runs of several images in one repository apart, without the version."""
    return quote(printable(overview.subject.name, 200).replace(" ", "-"), safe="/._-")


def _subject(overview: ScanOverview) -> str:
    subject = overview.subject
    return f"{subject.name}:{subject.version}" if subject.version else subject.name


def _name(finding: Finding) -> str:
    return printable(f"{finding.package.name} {finding.package.version}", 300)
