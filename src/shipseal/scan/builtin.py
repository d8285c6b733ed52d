"""The built-in matcher: packages of an SBOM against OSV advisories, in this process.

Steps for each document:

(1) packages are read with their package URLs; what a distribution's package owns is left out (``overlap``);
(2) each package is looked up in its ecosystem, a distribution's package also by its source packages;
(3) a vulnerability of an inner package that its owner's distribution says is fixed is left out;
(4) kernel headers found through their source package are left out: they hold no code that runs;
(5) notices of a distribution that are about no vulnerability are left out;
(6) what could not be looked up is told: as a gap where the ecosystem should have been covered, else as a note.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from shipseal import __version__
from shipseal._internal.clock import Clock, rfc3339
from shipseal.advisories.interface import AdvisoryIndex, Answer, Hit, PackageQuery
from shipseal.scan.database_age import check_age
from shipseal.scan.interface import (
    Database,
    DatabasePolicy,
    Finding,
    Package,
    Scanner,
    ScanReport,
    ScanRequest,
)
from shipseal.scan.inventory import Inventory, ListedPackage
from shipseal.scan.native import NativeCatalogue
from shipseal.scan.overlap import Overlap, find_overlap, names
from shipseal.scan.purl_packages import KINDS, SYSTEM_TYPES, queries
from shipseal.scan.read_inventory import read_inventory
from shipseal.scan.read_request import ReadRequest
from shipseal.scan.sorting import sort_findings

NAME = "shipseal-builtin"
URI = "pkg:pypi/shipseal"
SCHEMA = "osv-1"
_HINT = "import newer advisories, or allow older data with scan.max_age in shipseal.yaml"
_HEADERS = re.compile(r"linux(-.*)?-headers-.*")
_SHOWN_PROBLEMS = 20
# Bug fixes and enhancements of AlmaLinux, Rocky Linux and Red Hat, which stand beside security advisories.
_NOT_SECURITY = ("ALBA-", "ALEA-", "RLBA-", "RLEA-", "RHBA-", "RHEA-")


class BuiltinScanner(Scanner):
    """Scans SBOMs with advisories that are open in this process.

    Args:
        database: the advisories.
        clock: where the time comes from.
        policy: how old the newest advisory may be.
    """

    name = NAME

    def __init__(
        self, database: AdvisoryIndex, clock: Clock, policy: DatabasePolicy | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy or DatabasePolicy()

    def scan(self, request: ScanRequest) -> ScanReport:
        """See :meth:`Scanner.scan`."""
        started = self._clock.now()
        facts = Database(
            uri=self._database.origin,
            digest=self._database.digest,
            built=self._database.newest,
            version=SCHEMA,
            kev=self._database.kev,
            epss=self._database.epss,
        )
        check_age(facts, self._policy, started, hint=_HINT)
        native = NativeCatalogue.read(request.native)
        inventory = (
            request.inventory
            if isinstance(request, ReadRequest)
            else read_inventory(request.sbom).inventory
        )
        outcome = match_inventory(inventory, self._database, native)
        return ScanReport(
            platform=request.platform,
            sbom_digest=request.sbom_digest,
            scanner=self.name,
            scanner_version=__version__,
            scanner_uri=URI,
            database=facts,
            findings=outcome.findings,
            started=started,
            finished=self._clock.now(),
            raw=_raw(request, facts, outcome),
            notes=(*self._database.notes, *outcome.notes),
            gaps=outcome.gaps,
        )


class Outcome(msgspec.Struct):
    """What matching a document came to.

    Attributes:
        findings: worst first.
        notes: what a person should know.
        gaps: what should have been looked up and was not.
    """

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


class _Run(msgspec.Struct):
    """One document on its way."""

    database: AdvisoryIndex
    native: NativeCatalogue
    overlap: Overlap
    findings: list[Finding] = msgspec.field(default_factory=list)
    covered: dict[str, bool] = msgspec.field(default_factory=dict)
    problems: dict[str, None] = msgspec.field(default_factory=dict)
    uncompared: dict[str, None] = msgspec.field(default_factory=dict)
    uncovered: dict[str, list[ListedPackage]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    foreign: dict[str, list[ListedPackage]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    headers: int = 0
    notices: int = 0
    resolved: int = 0

    def look_up(self, item: ListedPackage) -> None:
        """Steps (2) to (6) for one package."""
        if not self._is_covered(item):
            return
        seen: set[str] = set()
        package: Package | None = None
        for query, match_type in _queries(item):
            answer = self.database.match(query)
            if answer.problems or answer.gaps:
                self.problems.update(dict.fromkeys(answer.problems))
                self.uncompared.update(dict.fromkeys(answer.gaps))
            for hit in self._hits(item, query, match_type, answer):
                if hit.id not in seen:
                    seen.add(hit.id)
                    package = package or self.native.complete(item.package, item.element)
                    self.findings.append(_finding(hit, package, item.ecosystem, match_type))

    def _is_covered(self, item: ListedPackage) -> bool:
        ecosystem = item.ecosystem
        if not ecosystem:
            kind = item.identity.purl_type
            known = kind in KINDS or kind in SYSTEM_TYPES
            (self.uncovered if known else self.foreign)[kind or item.type].append(item)
            return False
        covered = self.covered.get(ecosystem)
        if covered is None:
            covered = self.covered[ecosystem] = self.database.covers(ecosystem)
        if not covered:
            self.uncovered[ecosystem].append(item)
        return covered

    def _hits(
        self, item: ListedPackage, query: PackageQuery, match_type: str, answer: Answer
    ) -> Iterator[Hit]:
        if not answer.hits:
            return
        fixed = self._fixed_by_owner(item)
        for hit in answer.hits:
            if not self._left_out(item, hit, query, match_type, fixed):
                yield hit

    def _left_out(
        self,
        item: ListedPackage,
        hit: Hit,
        query: PackageQuery,
        match_type: str,
        fixed: frozenset[str],
    ) -> bool:
        if fixed and not fixed.isdisjoint((hit.id, *hit.aliases)):  # (3)
            self.resolved += 1
            return True
        if match_type == "exact-indirect-match" and is_kernel_header(item, query.name):  # (4)
            self.headers += 1
            return True
        if hit.id.startswith(_NOT_SECURITY) and not any(_is_cve(one) for one in hit.aliases):  # (5)
            self.notices += 1
            return True
        return False

    def _fixed_by_owner(self, item: ListedPackage) -> frozenset[str]:
        found: set[str] = set()
        for owner in self.overlap.owners.get(item.element, ()):
            if owner.ecosystem and owner.type in SYSTEM_TYPES:
                for query, _ in queries(owner.identity, owner.ecosystem, owner.version):
                    found |= self.database.resolved(query)
        return frozenset(found)


def _is_cve(identifier: str) -> bool:
    return identifier.startswith("CVE-")


def _queries(item: ListedPackage) -> Iterator[tuple[PackageQuery, str]]:
    # A version that was never released is compared with nothing, and told where there is something.
    version = "(devel)" if item.unreleased else item.version
    yield from queries(item.identity, item.ecosystem, version)
    for name in item.other_names:
        if name != item.identity.name:
            yield PackageQuery(item.ecosystem, name, version), "exact-direct-match"


def _finding(hit: Hit, package: Package, ecosystem: str, match_type: str) -> Finding:
    return Finding(
        id=hit.id,
        severity=hit.severity,
        package=package,
        aliases=hit.aliases,
        fix_state=hit.fix_state,
        fix_versions=hit.fix_versions,
        namespace=f"osv:{ecosystem}",
        match_type=match_type,
        severity_source=hit.severity_source,
        description=hit.summary,
        url=hit.url,
        cvss=hit.cvss,
        kev=hit.kev,
        epss=hit.epss,
        published=hit.published,
    )


def match_inventory(
    inventory: Inventory, database: AdvisoryIndex, native: NativeCatalogue
) -> Outcome:
    """Return the findings of a document's packages."""
    overlap = find_overlap(inventory)  # (1)
    run = _Run(database, native, overlap)
    dropped: list[ListedPackage] = []
    for item in inventory.packages:
        if item.element in overlap.dropped:
            dropped.append(item)
        else:
            run.look_up(item)
    return Outcome(
        findings=sort_findings(run.findings),
        notes=tuple(_notes(inventory, run, dropped)),
        gaps=tuple(_gaps(inventory, run)),
    )


def is_kernel_header(item: ListedPackage, upstream: str) -> bool:
    """Return whether ``item`` is a package of kernel headers that was found through the kernel's source."""
    if item.type != "deb" or not upstream.startswith("linux"):
        return False
    name = item.name
    if name == "linux-libc-dev":
        return upstream == "linux"
    return name.startswith("linux-kbuild-") or bool(_HEADERS.fullmatch(name))


def _gaps(inventory: Inventory, run: _Run) -> Iterator[str]:
    for ecosystem, items in sorted(run.uncovered.items()):
        yield (
            f"{len(items)} package(s) of {ecosystem} were not looked up: the advisory database has nothing for it "
            f"({names(items)})"
        )
    if inventory.malformed:
        yield (
            f"{len(inventory.malformed)} package URL(s) do not parse, so that nothing was looked up for them: "
            + ", ".join(repr(purl[:100]) for purl in inventory.malformed[:3])
        )
    yield from _limited(run.uncompared)


def _notes(inventory: Inventory, run: _Run, dropped: list[ListedPackage]) -> Iterator[str]:
    if dropped:
        yield (
            f"{len(dropped)} package(s) belong to packages of the distribution, which speak for them "
            f"({names(dropped)})"
        )
    if run.resolved:
        yield f"{run.resolved} match(es) left out: the owning distribution package has the fix"
    if run.headers:
        yield f"{run.headers} match(es) in kernel headers left out: they hold no code that runs"
    if run.notices:
        yield (
            f"{run.notices} match(es) with bug-fix or enhancement notices left out: they name no vulnerability"
        )
    for kind, items in sorted(run.foreign.items()):
        yield f"{len(items)} package(s) of type {kind} are in no advisory ecosystem ({names(items)})"
    if inventory.unnamed:
        yield f"{inventory.unnamed} package(s) have no package URL and were not looked up"
    yield from _limited(run.problems)


def _limited(problems: Iterable[str]) -> Iterator[str]:
    listed = list(problems)
    yield from listed[:_SHOWN_PROBLEMS]
    if len(listed) > _SHOWN_PROBLEMS:
        yield f"{len(listed) - _SHOWN_PROBLEMS} more problems of this kind"


def _raw(request: ScanRequest, facts: Database, outcome: Outcome) -> bytes:
    """Return the matcher's own report: findings in short, for whoever wants to see what it said before the gate."""
    document = {
        "scanner": {"name": NAME, "version": __version__},
        "database": {
            "uri": facts.uri,
            "digest": facts.digest,
            "newest": rfc3339(facts.built) if facts.built else None,
        },
        "sbom": request.sbom_digest,
        "findings": [
            {
                "id": item.id,
                "package": item.package.purl,
                "severity": str(item.severity),
                "match": item.match_type,
            }
            for item in outcome.findings
        ],
        "notes": outcome.notes,
        "gaps": outcome.gaps,
    }
    return msgspec.json.encode(document, order="sorted")
