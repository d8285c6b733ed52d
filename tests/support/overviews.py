"""Scans that are over, for tests of what is written about them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from shipseal.report.entries import entries_of
from shipseal.report.interface import GateView, Judgement, ScanOverview, ScanSubject
from shipseal.scan.interface import (
    Cvss,
    Exploited,
    Finding,
    FixAdvice,
    FixState,
    Likelihood,
    Origin,
    ScanReport,
    Severity,
)
from tests.support.scanning import ARM64, finding, scan_report

MADE = datetime(2026, 1, 14, 12, tzinfo=UTC)
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
DIGEST = "sha256:" + "1" * 64

WORST = finding(
    "GHSA-232r-66cg-79px",
    Severity.CRITICAL,
    aliases=("CVE-2018-7750",),
    fix_state=FixState.FIXED,
    fix_versions=("2.4.1",),
    namespace="osv:PyPI",
    match_type="exact-direct-match",
    severity_source="GHSA-232r-66cg-79px: CVSS:3.1 9.8",
    description="Authentication is not checked before a channel is opened",
    url="https://osv.dev/vulnerability/GHSA-232r-66cg-79px",
    cvss=(Cvss("3.1", VECTOR, 9.8, "GHSA-232r-66cg-79px"),),
    kev=Exploited(date(2022, 3, 1), date(2022, 4, 1), ransomware=True),
    epss=Likelihood(0.42, 0.97, date(2026, 1, 10)),
    published=datetime(2018, 3, 13, tzinfo=UTC),
    origin=Origin.APPLICATION,
    layer="sha256:" + "a" * 64,
)
SECOND = finding(
    "PYSEC-2022-1",
    Severity.HIGH,
    aliases=("CVE-2022-24302",),
    fix_state=FixState.FIXED,
    fix_versions=("2.10.1",),
    origin=Origin.APPLICATION,
)
SYSTEM = finding(
    "CVE-2023-5363",
    Severity.MEDIUM,
    name="libssl3",
    version="3.0.11-1",
    type="deb",
    language="",
    purl="pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12.5&upstream=openssl",
    locations=("/var/lib/dpkg/status.d/libssl3",),
    upstreams=("openssl",),
    namespace="osv:Debian:12",
    match_type="exact-indirect-match",
    fix_state=FixState.WONT_FIX,
    origin=Origin.BASE,
)
UNRATED = finding("CVE-2024-9999", Severity.UNKNOWN, name="left", purl="", locations=())

SUBJECT = ScanSubject(
    text="registry.example.org/shop/app:1.4.0",
    kind="image",
    name="registry.example.org/shop/app",
    version="1.4.0",
    digest=DIGEST,
    base="registry.example.org/base:12",
)
REFUSED = GateView(
    outcome="fail",
    headline="the gate refuses: GHSA-232r-66cg-79px (critical) in paramiko 2.4.0",
    reasons=("GHSA-232r-66cg-79px (critical) in paramiko 2.4.0 on linux/amd64, fixed in 2.4.1",),
    policy=("critical refuses",),
    code="scan.gate-failed",
)


def judge(platform: object, found: Finding) -> Judgement:
    """Refuse what is critical, ignore what is medium, let the rest pass."""
    words = {
        Severity.CRITICAL: Judgement("fail", "gate.fail_on: critical"),
        Severity.MEDIUM: Judgement("ignored", "ignored by CVE-2023-5363 (line 3)"),
    }
    return words.get(found.severity, Judgement("pass", "below gate.fail_on: critical"))


def advise(found: Finding) -> FixAdvice:
    """Advise what pip says, where there is a fix."""
    if not found.fix_versions:
        return FixAdvice(note="there is no fixed version yet")
    version = found.fix_versions[0]
    return FixAdvice(f"pip install {found.package.name}=={version}", version)


def later(package_type: str, one: str, other: str) -> bool:
    """Compare versions of numbers alone."""
    numbers = [tuple(map(int, text.split("."))) for text in (one, other)]
    return numbers[0] > numbers[1]


def overview(*reports: ScanReport, gated: bool = True, **members: Any) -> ScanOverview:
    """Return a scan of ``reports``; by default of an image for two platforms with one finding of each kind."""
    reports = reports or (
        scan_report(WORST, SECOND, SYSTEM, UNRATED),
        scan_report(WORST, platform=ARM64),
    )
    entries = entries_of(reports, judge, advise) if gated else entries_of(reports, advise=advise)
    made = ScanOverview(
        subject=SUBJECT,
        reports=reports,
        entries=entries,
        made=MADE,
        version="9.9.9",
        choice="scan engine builtin: --db names its data",
        databases=tuple(dict.fromkeys(report.database.text(MADE) for report in reports)),
        gate=REFUSED if gated else None,
        notes=("linux/amd64: a note",),
    )
    return replace(made, **members)
