"""Read findings back from the files that hold them.

Known are the results beside a release, what ``shipseal scan -o json`` prints, the gate's own report, and Grype's JSON.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec

from shipseal.errors import Code, ConfigError, ImageError
from shipseal.oci import Digest, Platform
from shipseal.scan.grype_json import decode_report, findings_of
from shipseal.scan.interface import (
    Cvss,
    Database,
    Exploited,
    Finding,
    FixState,
    Likelihood,
    Origin,
    Package,
    ScanReport,
    Severity,
)
from shipseal.scan.native import NativeCatalogue
from shipseal.scan.sorting import sort_findings

_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_UNKNOWN_PLATFORM = "unknown/unknown"
_NO_DIGEST = Digest("sha256:" + "0" * 64)


class _Package(msgspec.Struct, frozen=True):
    name: str
    version: str
    type: str = ""
    purl: str = ""
    language: str = ""
    locations: tuple[str, ...] = ()
    layer: str = ""
    upstreams: tuple[str, ...] = ()


class _Fix(msgspec.Struct, frozen=True):
    state: FixState = FixState.UNKNOWN
    versions: tuple[str, ...] = ()


class _Rating(msgspec.Struct, frozen=True):
    version: str
    vector: str
    score: float
    source: str = ""


class _Exploited(msgspec.Struct, frozen=True):
    added: date
    due: date | None = None
    ransomware: bool = False

    def value(self) -> Exploited:
        return Exploited(self.added, self.due, self.ransomware)


class _Likelihood(msgspec.Struct, frozen=True):
    probability: float
    percentile: float = 0.0
    scored: date | None = None

    def value(self) -> Likelihood:
        return Likelihood(self.probability, self.percentile, self.scored)


class _Match(msgspec.Struct, frozen=True):
    id: str
    severity: str
    package: _Package
    aliases: tuple[str, ...] = ()
    fix: _Fix = _Fix()
    severitySource: str = ""
    namespace: str = ""
    matchType: str = ""
    description: str = ""
    url: str = ""
    published: _Time | None = None
    cvss: tuple[_Rating, ...] = ()
    kev: _Exploited | None = None
    epss: _Likelihood | None = None
    origin: Origin = Origin.UNKNOWN
    platform: str | None = None
    platforms: tuple[str, ...] | None = None

    def on(self) -> tuple[str, ...]:
        """Return the platforms that it names; empty where the document names one for all."""
        return self.platforms or ((self.platform,) if self.platform else ())

    def finding(self) -> Finding:
        package = self.package
        return Finding(
            id=self.id,
            severity=Severity.parse(self.severity),
            package=Package(
                name=package.name,
                version=package.version,
                type=package.type,
                purl=package.purl,
                language=package.language,
                locations=package.locations,
                layer=package.layer,
                upstreams=package.upstreams,
            ),
            aliases=self.aliases,
            fix_state=self.fix.state,
            fix_versions=self.fix.versions,
            namespace=self.namespace,
            match_type=self.matchType,
            severity_source=self.severitySource,
            description=self.description,
            url=self.url,
            cvss=tuple(Cvss(one.version, one.vector, one.score, one.source) for one in self.cvss),
            kev=self.kev.value() if self.kev else None,
            epss=self.epss.value() if self.epss else None,
            published=self.published,
            origin=self.origin,
        )


class _Scanner(msgspec.Struct, frozen=True):
    name: str = ""
    version: str = ""
    uri: str = ""


class _Database(msgspec.Struct, frozen=True):
    uri: str = ""
    digest: str = ""
    built: _Time | None = None
    version: str = ""
    kev: date | None = None
    epss: date | None = None


class _Platform(msgspec.Struct, frozen=True):
    platform: str | None = None
    sbom: str = ""
    scanner: _Scanner = _Scanner()
    database: _Database = _Database()
    started: _Time | None = None
    finished: _Time | None = None
    notes: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


class _Document(_Platform, frozen=True):
    schema: str = ""
    platforms: tuple[_Platform, ...] | None = None
    matches: tuple[_Match, ...] | None = None
    findings: tuple[_Match, ...] | None = None
    decided: _Time | None = None


_DECODER = msgspec.json.Decoder(_Document)
_OURS = ("urn:shipseal:schema:scan", "urn:shipseal:schema:gate-")


def read_reports(data: bytes, *, what: str, now: datetime) -> tuple[ScanReport, ...]:
    """Return the reports that ``data`` holds, one for each platform.

    Args:
        data: JSON of one of the known forms.
        what: names it in errors.
        now: stands for times that the document does not say.

    Raises:
        ConfigError: ``config.invalid``: it is none of the known forms.
    """
    grype = decode_report(data)
    if grype is not None:
        database = _Database(
            uri=grype.status.source or grype.status.path,
            digest=grype.status.checksum,
            kev=grype.captured("kev"),
            epss=grype.captured("epss"),
        )
        about = _Platform(scanner=_Scanner("grype", grype.version), database=database)
        return (_report(about, findings_of(grype, NativeCatalogue()), data, now),)
    document = _decode(data, what)
    listed = document.matches if document.matches is not None else document.findings or ()
    platforms = document.platforms if document.platforms is not None else (document,)
    names = {about.platform for about in platforms}
    for match in listed:
        if strange := next((name for name in match.on() if name not in names), None):
            raise _unreadable(what, f"{match.id} is on {strange}, which is not among its platforms")
    return tuple(
        _report(about, _findings(listed, about.platform), data, document.decided or now)
        for about in platforms
    )


def _decode(data: bytes, what: str) -> _Document:
    try:
        document = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(what, str(error)) from error
    if not document.schema.startswith(_OURS):
        raise _unreadable(what, f"its schema is {document.schema[:80]!r}")
    if document.matches is None and document.findings is None:
        raise _unreadable(what, "it lists neither matches nor findings")
    return document


def _findings(listed: Iterable[_Match], platform: str | None) -> tuple[Finding, ...]:
    return tuple(match.finding() for match in listed if not match.on() or platform in match.on())


def _report(
    about: _Platform, findings: Sequence[Finding], data: bytes, now: datetime
) -> ScanReport:
    database = about.database
    try:
        platform = Platform.parse(about.platform or _UNKNOWN_PLATFORM)
    except ImageError:
        platform = Platform.parse(_UNKNOWN_PLATFORM)
    return ScanReport(
        platform=platform,
        sbom_digest=Digest(about.sbom) if about.sbom else _NO_DIGEST,
        scanner=about.scanner.name or "unknown",
        scanner_version=about.scanner.version or "unknown",
        scanner_uri=about.scanner.uri,
        database=Database(
            uri=database.uri,
            digest=database.digest,
            built=database.built,
            version=database.version,
            kev=database.kev,
            epss=database.epss,
        ),
        findings=sort_findings(findings),
        started=about.started or now,
        finished=about.finished or now,
        raw=data,
        notes=about.notes,
        gaps=about.gaps,
    )


def _unreadable(what: str, problem: str) -> ConfigError:
    return ConfigError(
        f"{what}: no results of a scan: {problem}",
        hint="name a release's results or the gate's report, or what `shipseal scan -o json` or `grype -o json` prints",
        code=Code.CONFIG_INVALID,
    )
