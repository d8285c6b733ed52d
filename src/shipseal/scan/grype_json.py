"""Grype's JSON report, decoded as far as findings need.

Read from reports of Grype 0.121 (database schema 6) and 0.7x (schema 5, which has the database's facts one level up).
"""

from collections.abc import Iterable
from datetime import date, datetime
from urllib.parse import parse_qs, urlsplit

import msgspec

from shipseal._internal.clock import parse_rfc3339
from shipseal.scan.grype_ratings import (
    Epss,
    KnownExploited,
    Rating,
    captured,
    exploited,
    likelihood,
    ratings,
)
from shipseal.scan.interface import Database, Finding, FixState, Package, Severity
from shipseal.scan.native import NativeCatalogue
from shipseal.scan.sorting import sort_findings

UNSTATED = "[not provided]"


class _Fix(msgspec.Struct, frozen=True, gc=False):
    versions: tuple[str, ...] | None = None
    state: str = ""


class _Vulnerability(msgspec.Struct, frozen=True):
    id: str
    namespace: str = ""
    severity: str = ""
    dataSource: str = ""
    description: str = ""
    fix: _Fix = _Fix()
    cvss: tuple[Rating, ...] | None = None
    knownExploited: tuple[KnownExploited, ...] | None = None
    epss: tuple[Epss, ...] | None = None


class _Related(msgspec.Struct, frozen=True):
    id: str
    namespace: str = ""
    severity: str = ""
    cvss: tuple[Rating, ...] | None = None
    knownExploited: tuple[KnownExploited, ...] | None = None
    epss: tuple[Epss, ...] | None = None


class _Detail(msgspec.Struct, frozen=True, gc=False):
    type: str = ""


class _Location(msgspec.Struct, frozen=True, gc=False):
    path: str = ""
    layerID: str = ""
    accessPath: str = ""


class _Upstream(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _Artifact(msgspec.Struct, frozen=True):
    name: str
    version: str
    type: str
    id: str = ""
    language: str = ""
    purl: str = ""
    locations: tuple[_Location, ...] | None = None
    upstreams: tuple[_Upstream, ...] | None = None


class _Match(msgspec.Struct, frozen=True):
    vulnerability: _Vulnerability
    artifact: _Artifact
    relatedVulnerabilities: tuple[_Related, ...] | None = None
    matchDetails: tuple[_Detail, ...] | None = None


class _DbStatus(msgspec.Struct, frozen=True):
    schemaVersion: str | int = ""
    built: str = ""
    path: str = ""
    location: str = ""
    checksum: str = ""
    source: str = msgspec.field(default="", name="from")
    valid: bool = True
    error: str | None = None


class _Provenance(msgspec.Struct, frozen=True):
    captured: str = ""


class _Db(_DbStatus, frozen=True):
    status: _DbStatus | None = None
    providers: dict[str, _Provenance] | None = None


class _Descriptor(msgspec.Struct, frozen=True):
    name: str
    version: str = ""
    db: _Db = _Db()


class GrypeReport(msgspec.Struct, frozen=True):
    """What Grype printed; only a document with these three members is a report."""

    matches: tuple[_Match, ...]
    descriptor: _Descriptor
    source: msgspec.Raw
    ignoredMatches: tuple[msgspec.Raw, ...] | None = None

    @property
    def version(self) -> str:
        """Grype's version; ``unknown`` for one that was built without it."""
        return stated_version(self.descriptor.version)

    @property
    def status(self) -> "_DbStatus":
        """The database's facts, wherever this version puts them."""
        return self.descriptor.db.status or self.descriptor.db

    def captured(self, provider: str) -> date | None:
        """Return the day of what ``provider`` has in the database; None when it has nothing, or that is not said."""
        known = (self.descriptor.db.providers or {}).get(provider)
        return captured(known.captured) if known else None


class GrypeVersion(msgspec.Struct, frozen=True):
    """What ``grype version -o json`` prints."""

    version: str = ""


_REPORT = msgspec.json.Decoder(GrypeReport)
_STATUS = msgspec.json.Decoder(_DbStatus)


def decode_report(data: bytes) -> GrypeReport | None:
    """Return the report, or None when ``data`` is none."""
    try:
        report = _REPORT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return report if report.descriptor.name == "grype" else None


def decode_status(data: bytes) -> "_DbStatus | None":
    """Return what ``grype db status -o json`` printed, or None when ``data`` is something else."""
    try:
        return _STATUS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def stated_version(text: str) -> str:
    """Return a version, or ``unknown`` for what a build without one says."""
    return text if text and text != UNSTATED else "unknown"


def built_at(status: _DbStatus) -> datetime | None:
    """Return when the database was built, or None when that is not said."""
    try:
        return parse_rfc3339(status.built)
    except ValueError:
        return None


def database_of(status: _DbStatus, checksum: str = "") -> Database:
    """Return the database's facts; ``checksum`` is what lies beside it, for when the report has none."""
    query = parse_qs(urlsplit(status.source).query)
    digest = status.checksum or (query.get("checksum") or [""])[0] or checksum
    return Database(
        uri=status.source or status.path or status.location,
        digest=digest,
        built=built_at(status),
        version=str(status.schemaVersion),
    )


def findings_of(report: GrypeReport, native: NativeCatalogue) -> tuple[Finding, ...]:
    """Return the findings, worst first."""
    return sort_findings(_finding(match, native) for match in report.matches)


def _finding(match: _Match, native: NativeCatalogue) -> Finding:
    vulnerability, artifact = match.vulnerability, match.artifact
    locations = artifact.locations or ()
    paths = dict.fromkeys(path for item in locations for path in (item.path, item.accessPath))
    package = Package(
        name=artifact.name,
        version=artifact.version,
        type=artifact.type,
        purl=artifact.purl,
        language=artifact.language,
        locations=tuple(path for path in paths if path),
        layer=next((item.layerID for item in locations if item.layerID), ""),
        upstreams=tuple(item.name for item in artifact.upstreams or ()),
    )
    related = match.relatedVulnerabilities or ()
    told: tuple[_Vulnerability | _Related, ...] = (vulnerability, *related)
    severity = Severity.parse(vulnerability.severity)
    return Finding(
        id=vulnerability.id,
        severity=severity,
        package=native.complete(package, artifact.id),
        aliases=tuple(sorted({item.id for item in related} - {vulnerability.id})),
        fix_state=_fix_state(vulnerability.fix.state),
        fix_versions=vulnerability.fix.versions or (),
        namespace=vulnerability.namespace,
        match_type=",".join(sorted({item.type for item in match.matchDetails or () if item.type})),
        severity_source=_severity_source(vulnerability, related, severity),
        description=" ".join(vulnerability.description.split()),
        url=vulnerability.dataSource,
        cvss=ratings((item.id, item.cvss or ()) for item in told),
        kev=exploited(entry for item in told for entry in item.knownExploited or ()),
        epss=likelihood(entry for item in told for entry in item.epss or ()),
    )


def _fix_state(text: str) -> FixState:
    try:
        return FixState(text)
    except ValueError:
        return FixState.UNKNOWN


def _severity_source(
    vulnerability: _Vulnerability, related: Iterable[_Related], severity: Severity
) -> str:
    """Return whose word it is: Grype takes that of a related record where the advisory itself has none."""
    if severity is Severity.UNKNOWN:
        return ""
    if not vulnerability.cvss:
        for item in related:
            if Severity.parse(item.severity) is severity:
                return f"{item.id}: {item.namespace}"
    return f"{vulnerability.id}: {vulnerability.namespace}"
