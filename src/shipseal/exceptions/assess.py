"""What is known of one vulnerability in an image, for whoever has to decide about it (S37). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shipseal._internal.clock import rfc3339
from shipseal.ignores.found import Found
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule
from shipseal.report.entries import Advise, entries_of
from shipseal.report.interface import FindingEntry
from shipseal.scan.interface import Finding, FixState, ScanReport

SCHEMA = "urn:shipseal:schema:ignore-assessment:1"


@dataclass(frozen=True, slots=True)
class ReleaseHit:
    """A release of this machine that has it.

    Attributes:
        release: its id.
        version: its version.
        image: what was released.
        digest: of the image; empty when it has none yet.
        status: how the release stands.
        platforms: where it was found.
        packages: in what, ``name version``.
    """

    release: str
    version: str
    image: str
    digest: str
    status: str
    platforms: tuple[str, ...]
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExistingIgnore:
    """A rule that holds for it, or would.

    Attributes:
        rule: which.
        state: ``in force``, ``ended`` or ``unusable``.
        problem: why it can never hold; empty otherwise.
        findings: how many of the findings it holds for.
    """

    rule: IgnoreRule
    state: str
    problem: str
    findings: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known.

    Attributes:
        asked: the id that was asked for.
        source: where findings come from, for people.
        entries: findings, one for each package and version.
        platforms: that were scanned.
        releases: of this machine that have it.
        ignores: that are there already.
        databases: what data was used, a sentence each.
        notes: what a person should know, a sentence each.
        made: when.
    """

    asked: str
    source: str
    entries: tuple[FindingEntry, ...]
    platforms: tuple[str, ...]
    releases: tuple[ReleaseHit, ...]
    ignores: tuple[ExistingIgnore, ...]
    databases: tuple[str, ...]
    notes: tuple[str, ...]
    made: datetime

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids that it is known by, the one that was asked for first."""
        found = (name for one in self.entries for name in (one.finding.id, *one.finding.aliases))
        return tuple(dict.fromkeys((self.asked, *found)))

    @property
    def first(self) -> Finding | None:
        """The worst finding; None when there is none."""
        return self.entries[0].finding if self.entries else None

    @property
    def fix(self) -> str:
        """The fix status upstream, for people: for each package where they differ."""
        texts = {one.finding.package.name: fix_text(one.finding) for one in self.entries}
        if len(set(texts.values())) <= 1:
            return next(iter(texts.values()), "unknown")
        return "; ".join(f"{name}: {text}" for name, text in texts.items())

    def to_json(self) -> dict[str, object]:
        """Return it as JSON (schema ``ignore-assessment.schema.json``)."""
        first = self.first
        return {
            "schema": SCHEMA,
            "vulnerability": self.asked,
            "ids": list(self.ids),
            "source": self.source,
            "found": bool(self.entries),
            "severity": str(first.severity) if first else None,
            "description": first.description if first else "",
            "url": first.url if first else "",
            "published": rfc3339(first.published) if first and first.published else None,
            "fix": self.fix,
            "kev": _kev(first),
            "epss": _epss(first),
            "matches": [_match(one) for one in self.entries],
            "platforms": list(self.platforms),
            "releases": [_release(one) for one in self.releases],
            "ignores": [_ignore(one) for one in self.ignores],
            "databases": list(self.databases),
            "notes": list(self.notes),
        }


def assess(
    asked: str,
    reports: Sequence[ScanReport],
    ignores: Sequence[IgnoreRule],
    *,
    source: str,
    now: datetime,
    advise: Advise,
    releases: Iterable[ReleaseHit] = (),
) -> Assessment:
    """Return what is known of one vulnerability.

    Args:
        asked: any of its ids.
        reports: one for each platform.
        ignores: rules that are there.
        source: where the reports come from, for people.
        now: when.
        advise: says how to be rid of a finding.
        releases: those that have it.
    """
    entries = tuple(
        entry for entry in entries_of(reports, advise=advise) if has_id(entry.finding, asked)
    )
    return Assessment(
        asked=asked,
        source=source,
        entries=entries,
        platforms=tuple(str(report.platform) for report in reports),
        releases=tuple(releases),
        ignores=tuple(_existing(ignores, [entry.finding for entry in entries], asked, now)),
        databases=tuple(dict.fromkeys(report.database.text(now) for report in reports)),
        notes=tuple(dict.fromkeys(gap for report in reports for gap in report.gaps)),
        made=now,
    )


def has_id(finding: Finding, asked: str) -> bool:
    """Return whether a finding is known by that id, in any case."""
    return asked.upper() in {name.upper() for name in (finding.id, *finding.aliases)}


def release_hit(
    asked: str, reports: Sequence[ScanReport], *, release: str, version: str, image: str,
    digest: str, status: str,
) -> ReleaseHit | None:  # fmt: skip
    """Return where a release has the vulnerability; None when it has not.

    Args:
        asked: any of its ids.
        reports: of the release.
        release: its id.
        version: its version.
        image: what was released.
        digest: of the image.
        status: how it stands.
    """
    found = [
        (str(report.platform), finding.package)
        for report in reports
        for finding in report.findings
        if has_id(finding, asked)
    ]
    if not found:
        return None
    return ReleaseHit(
        release=release,
        version=version,
        image=image,
        digest=digest,
        status=status,
        platforms=tuple(sorted({platform for platform, _ in found})),
        packages=tuple(dict.fromkeys(f"{one.name} {one.version}" for _, one in found)),
    )


def fix_text(finding: Finding) -> str:
    """Return whether upstream has a fix, for people."""
    if finding.fix_state is FixState.FIXED and finding.fix_versions:
        return f"fixed in {', '.join(finding.fix_versions)}"
    words = {
        FixState.FIXED: "fixed, but nobody says in which version",
        FixState.NOT_FIXED: "not fixed yet",
        FixState.WONT_FIX: "will not be fixed",
        FixState.UNKNOWN: "unknown",
    }
    return words[finding.fix_state]


def component_text(entries: Iterable[FindingEntry]) -> str:
    """Return where it is, in a line: packages with versions, whose they are, and a path."""
    parts = []
    for entry in entries:
        package = entry.finding.package
        where = f", {entry.locations[0]}" if entry.locations else ""
        origin = {"base": ", of the base image", "application": ", of the application"}
        parts.append(
            f"{package.name} {package.version} ({package.type}"
            f"{origin.get(str(entry.finding.origin), '')}{where})"
        )
    return "; ".join(dict.fromkeys(parts))


def _existing(
    rules: Iterable[IgnoreRule], findings: Sequence[Finding], asked: str, now: datetime
) -> Iterable[ExistingIgnore]:
    present = Found(findings)
    for rule in rules:
        matcher = RuleMatcher(rule)
        holds = len(present.held(matcher))
        if holds or rule.vulnerability.upper() == asked.upper():
            state = "unusable" if matcher.problem else "ended" if rule.expired(now) else "in force"
            yield ExistingIgnore(rule, state, matcher.problem, holds)


def _kev(finding: Finding | None) -> dict[str, object] | None:
    if finding is None or finding.kev is None:
        return None
    kev = finding.kev
    return {
        "added": kev.added.isoformat(),
        "due": kev.due.isoformat() if kev.due else None,
        "ransomware": kev.ransomware,
    }


def _epss(finding: Finding | None) -> dict[str, object] | None:
    if finding is None or finding.epss is None:
        return None
    return {"probability": finding.epss.probability, "percentile": finding.epss.percentile}


def _match(entry: FindingEntry) -> dict[str, object]:
    finding, package = entry.finding, entry.finding.package
    return {
        "id": finding.id,
        "aliases": list(finding.aliases),
        "severity": str(finding.severity),
        "package": package.name,
        "version": package.version,
        "type": package.type,
        "purl": package.purl,
        "platforms": list(filter(None, entry.platforms)),
        "locations": list(entry.locations),
        "layer": package.layer,
        "origin": str(finding.origin),
        "fix": {"state": str(finding.fix_state), "versions": list(finding.fix_versions)},
        "advice": entry.advice.text,
    }


def _release(hit: ReleaseHit) -> dict[str, object]:
    return {
        "release": hit.release,
        "version": hit.version,
        "image": hit.image,
        "digest": hit.digest,
        "status": hit.status,
        "platforms": list(hit.platforms),
        "packages": list(hit.packages),
    }


def _ignore(one: ExistingIgnore) -> dict[str, object]:
    rule = one.rule
    return {
        "rule": rule.label,
        "line": rule.line,
        "state": one.state,
        "problem": one.problem,
        "findings": one.findings,
        "until": rfc3339(rule.until) if rule.until else None,
        "owner": rule.owner,
        "reason": rule.why,
        "issue": rule.issue,
    }
