"""What an earlier release had, so that the gate can tell what is new."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shipseal.scan.interface import Finding

_Component = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class PastFinding:
    """One finding of an earlier release.

    Attributes:
        platform: whose.
        ids: all names of the vulnerability that are known.
        type: of the package; empty when it is not known.
        package: its name.
    """

    platform: str
    ids: frozenset[str]
    type: str
    package: str


@dataclass(frozen=True, slots=True)
class Previous:
    """An earlier release's findings.

    Attributes:
        source: which release, or where its scan was read.
        known: ids by platform, type and name of the package.
    """

    source: str
    known: Mapping[_Component, frozenset[str]]

    @classmethod
    def of(cls, source: str, findings: Iterable[PastFinding]) -> "Previous":
        """Return the findings of ``source``."""
        known: dict[_Component, frozenset[str]] = {}
        for finding in findings:
            key = (finding.platform, finding.type, finding.package)
            known[key] = known.get(key, frozenset()) | {name.upper() for name in finding.ids}
        return cls(source, known)

    def has(self, platform: str, finding: Finding) -> bool:
        """Return whether it had this vulnerability in this package, in whatever version, on this platform."""
        package = finding.package
        ids = {name.upper() for name in (finding.id, *finding.aliases)}
        return any(
            not ids.isdisjoint(self.known.get((platform, kind, package.name), ()))
            for kind in (package.type, "")
        )
