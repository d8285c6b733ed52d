"""Scanners: which vulnerabilities do the packages of an SBOM have.

A scanner reports every finding; it never decides. The gate (``gate/``) decides, and ignores are applied by it alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from pathlib import Path

import msgspec

from shipseal._internal.clock import rfc3339
from shipseal.oci import Digest, Platform

_DAY = 86400.0


class Severity(IntEnum):
    """Ordered, ``HIGH < CRITICAL``. UNKNOWN is not a low severity: the gate has a rule of its own for it."""

    UNKNOWN = 0
    NEGLIGIBLE = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @classmethod
    def parse(cls, text: str) -> "Severity":
        """Return the severity that ``text`` names in any case; UNKNOWN for anything else."""
        return cls.__members__.get(text.strip().upper(), cls.UNKNOWN)

    def __str__(self) -> str:
        return self.name.lower()


class FixState(StrEnum):
    """Whether upstream has a fix, in Grype's words."""

    FIXED = "fixed"
    NOT_FIXED = "not-fixed"
    WONT_FIX = "wont-fix"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Who brought a package into the image: its base image, or the application on top of it (S24)."""

    BASE = "base"
    APPLICATION = "application"
    UNKNOWN = "unknown"


class Cvss(msgspec.Struct, frozen=True):
    """One CVSS rating, computed from its vector.

    Attributes:
        version: ``2.0``, ``3.0``, ``3.1`` or ``4.0``.
        vector: as the source writes it.
        score: base score, 0.0 to 10.0.
        source: id of the record that states it.
    """

    version: str
    vector: str
    score: float
    source: str


class Exploited(msgspec.Struct, frozen=True):
    """An entry of CISA's catalogue of known exploited vulnerabilities (KEV).

    Attributes:
        added: when it was entered.
        due: by when agencies must act; None when not stated.
        ransomware: known to be used by ransomware.
    """

    added: date
    due: date | None = None
    ransomware: bool = False


class Likelihood(msgspec.Struct, frozen=True):
    """How likely exploitation is within 30 days, by FIRST's EPSS.

    Attributes:
        probability: 0.0 to 1.0.
        percentile: 0.0 to 1.0, among all rated vulnerabilities.
        scored: day of the score.
    """

    probability: float
    percentile: float
    scored: date | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """The package that a finding is in.

    Attributes:
        name: as the catalogue has it.
        version: likewise.
        type: Syft's type: ``deb``, ``apk``, ``python``, ``npm``, ``gem``, ``go-module``, ``java-archive``, …
        purl: package URL; empty when there is none.
        language: Syft's language; empty when there is none.
        locations: paths in the image, the real one before another by which it was reached.
        layer: diff-id of the layer it came from; empty when unknown.
        upstreams: names of source packages.
    """

    name: str
    version: str
    type: str
    purl: str = ""
    language: str = ""
    locations: tuple[str, ...] = ()
    layer: str = ""
    upstreams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability in one package of one platform.

    Attributes:
        id: as the advisory is called there (``CVE-…``, ``GHSA-…``, ``PYSEC-…``).
        aliases: other ids of the same vulnerability, sorted.
        severity: see :class:`Severity`.
        package: where.
        fix_state: see :class:`FixState`.
        fix_versions: versions that have the fix.
        namespace: Grype's namespace (``debian:distro:debian:12``); the builtin matcher's ``osv:ECOSYSTEM``.
        match_type: ``exact-direct-match``, ``exact-indirect-match``, ``cpe-match``; several joined by a comma.
        severity_source: where the severity comes from; empty when unknown.
        description: one line; may be empty.
        url: of the advisory; may be empty.
        cvss: all ratings that are known, the deciding one first.
        kev: set when it is known to be exploited.
        epss: set when a score is known.
        published: when the advisory was first published; None when not stated.
        origin: see :class:`Origin`.
    """

    id: str
    severity: Severity
    package: Package
    aliases: tuple[str, ...] = ()
    fix_state: FixState = FixState.UNKNOWN
    fix_versions: tuple[str, ...] = ()
    namespace: str = ""
    match_type: str = ""
    severity_source: str = ""
    description: str = ""
    url: str = ""
    cvss: tuple[Cvss, ...] = ()
    kev: Exploited | None = None
    epss: Likelihood | None = None
    published: datetime | None = None
    origin: Origin = Origin.UNKNOWN


class FixAdvice(msgspec.Struct, frozen=True):
    """What to do about a finding.

    Attributes:
        command: one line for a shell that brings the fixed version; empty when there is none.
        version: the fixed version that it brings; empty when there is none.
        note: why there is no command, or what else a person should know; may be empty.
    """

    command: str = ""
    version: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """The command with its note, in one line."""
        return "  # ".join(part for part in (self.command, self.note) if part)


@dataclass(frozen=True, slots=True)
class Database:
    """The vulnerability data that a scan used.

    Attributes:
        uri: where it came from.
        digest: of its content, ``sha256:…`` or Grype's own checksum form; empty when unknown.
        built: when it was built; None when unknown.
        version: its schema version.
        kev: day of the catalogue of known exploited vulnerabilities in it; None when there is none, so that a finding
            without an entry says nothing.
        epss: day of the EPSS scores in it; likewise.
    """

    uri: str
    digest: str
    built: datetime | None
    version: str
    kev: date | None = None
    epss: date | None = None

    def text(self, now: datetime) -> str:
        """Return what data this is and how old it is, in a sentence."""
        name = " ".join(part for part in (self.uri, self.digest) if part)
        if self.built is None:
            return f"{name}, of unknown age"
        days = int((now - self.built).total_seconds() // _DAY)
        age = "today" if days < 1 else f"{days} day{'s' if days != 1 else ''} old"
        return f"{name}, built {rfc3339(self.built)} ({age})"


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One SBOM to scan.

    Attributes:
        platform: whose.
        sbom: the file with the full SPDX document.
        sbom_digest: its digest.
        native: the file with the Syft JSON of the same run, for locations and layers; None when there is none.
        timeout: seconds.
    """

    platform: Platform
    sbom: Path
    sbom_digest: Digest
    native: Path | None = None
    timeout: float = 600.0


@dataclass(frozen=True, slots=True)
class ScanReport:
    """All findings of one SBOM.

    Attributes:
        platform: whose.
        sbom_digest: of the full SBOM that was scanned.
        scanner: ``grype`` or ``shipseal-builtin``.
        scanner_version: its version.
        scanner_uri: its home.
        database: what it used.
        findings: sorted by severity (worst first), id, package name, version.
        started: when.
        finished: when.
        raw: the scanner's own JSON, kept as a file beside the release (``*-scan-results``).
        notes: what a person should know, a sentence each.
        gaps: what was not looked up although it should have been, a sentence each: without it, no findings means
            nothing, and the gate has a rule for it.
    """

    platform: Platform
    sbom_digest: Digest
    scanner: str
    scanner_version: str
    scanner_uri: str
    database: Database
    findings: tuple[Finding, ...]
    started: datetime
    finished: datetime
    raw: bytes
    notes: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()

    def counts(self) -> Mapping[Severity, int]:
        """Return the number of findings per severity, worst first, without empty ones."""
        found = dict.fromkeys(sorted(Severity, reverse=True), 0)
        for finding in self.findings:
            found[finding.severity] += 1
        return {severity: count for severity, count in found.items() if count}


class DatabasePolicy(msgspec.Struct, frozen=True):
    """How old data may be.

    Attributes:
        max_age: seconds since it was built; None means any age, said in so many words by the configuration.
    """

    max_age: float | None = 5 * 86400.0


class Scanner(ABC):
    """Finds vulnerabilities. Safe to use from several threads."""

    name: str

    @abstractmethod
    def scan(self, request: ScanRequest) -> ScanReport:
        """Return every finding of the SBOM.

        Raises:
            ScanError: ``scan.db-unavailable``, ``scan.db-stale``.
            ToolError: ``tool.missing``, ``tool.crashed`` with the tool's own words, ``resource.out-of-memory``.
        """
