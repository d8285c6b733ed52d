"""Advisory data: which advisories touch a version of a package.

The data knows ecosystems, names and versions; it knows nothing of SBOMs or images (``scan/`` does).
"""

from abc import ABC, abstractmethod
from datetime import date, datetime

import msgspec

from shipseal.scan.interface import Cvss, Exploited, FixState, Likelihood, Severity


class PackageQuery(msgspec.Struct, frozen=True, gc=False):
    """One package to look up.

    Attributes:
        ecosystem: OSV's name, with the release for distributions: ``PyPI``, ``Debian:12``, ``Alpine:v3.11``.
        name: as the ecosystem writes it; ``group:artifact`` for Maven, the source package for distributions.
        version: as it is installed.
    """

    ecosystem: str
    name: str
    version: str


class Hit(msgspec.Struct, frozen=True, gc=False):
    """One advisory that touches the package.

    Attributes:
        id: of the advisory.
        aliases: other ids of the same vulnerability, sorted; distributions' ``upstream`` ids are among them.
        severity: UNKNOWN when no source states one.
        severity_source: which record and which field it comes from; empty when unknown.
        fix_state: whether there is a fix.
        fix_versions: the version that ends the affected range the package is in, for each such range.
        summary: one line; may be empty.
        url: of the advisory; may be empty.
        cvss: all ratings that are known, the deciding one first.
        kev: set when the vulnerability, under any of its ids, is known to be exploited.
        epss: set when a score is known for one of its ids.
        published: when the advisory was first published; None when not stated.
    """

    id: str
    aliases: tuple[str, ...] = ()
    severity: Severity = Severity.UNKNOWN
    severity_source: str = ""
    fix_state: FixState = FixState.UNKNOWN
    fix_versions: tuple[str, ...] = ()
    summary: str = ""
    url: str = ""
    cvss: tuple[Cvss, ...] = ()
    kev: Exploited | None = None
    epss: Likelihood | None = None
    published: datetime | None = None


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What the data says about one package.

    Attributes:
        hits: sorted by id.
        problems: what was compared only approximately, a sentence each.
        gaps: what could not be compared at all, so that hits may be missing, a sentence each.
    """

    hits: tuple[Hit, ...] = ()
    problems: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


class AdvisoryIndex(ABC):
    """Advisory data, opened. Safe to use from several threads; never changes.

    Attributes:
        origin: where the data came from.
        digest: ``sha256:…`` of its content.
        newest: what its age is counted from: when its sources were last asked for newer data, or, where they were
            files, the newest ``modified`` date in it; None when it is empty.
        records: how many advisories it holds.
        notes: what a person should know about the data, a sentence each.
        kev: day of the catalogue of known exploited vulnerabilities in it; None when it has none.
        epss: day of the EPSS scores in it; likewise.
    """

    origin: str
    digest: str
    newest: datetime | None
    records: int
    notes: tuple[str, ...] = ()
    kev: date | None = None
    epss: date | None = None

    @abstractmethod
    def covers(self, ecosystem: str) -> bool:
        """Return whether there is any advisory for ``ecosystem``, so that an empty answer means something."""

    @abstractmethod
    def match(self, query: PackageQuery) -> Answer:
        """Return the advisories that touch the package; what cannot be compared is told.

        Raises:
            ScanError: ``scan.db-unavailable``: the data was damaged since it was opened.
        """

    @abstractmethod
    def resolved(self, query: PackageQuery) -> frozenset[str]:
        """Return the ids, aliases included, of advisories for the package whose fix its version already has."""
