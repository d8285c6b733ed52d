"""What changed between two SBOMs: packages, versions, and bytes per section (S33)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from packageurl import PackageURL

from shipseal.spdx import SpdxDocument, SpdxPackage


@dataclass(frozen=True, slots=True)
class Change:
    """One package that differs.

    Attributes:
        name: as the catalogue has it.
        type: of its package URL (``deb``, ``npm``); empty without one.
        old: versions that are gone, sorted; empty when it is new.
        new: versions that have come, sorted; empty when it is gone.
    """

    name: str
    type: str
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """How one section changed.

    Attributes:
        section: its name.
        old: bytes before.
        new: bytes now.
        old_count: items before.
        new_count: items now.
    """

    section: str
    old: int
    new: int
    old_count: int
    new_count: int

    @property
    def delta(self) -> int:
        """Bytes more than before."""
        return self.new - self.old


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences between two SBOMs.

    Attributes:
        added: packages that are new, by name.
        removed: packages that are gone, by name.
        changed: packages whose versions differ, by name.
        same: how many packages are as they were.
        sections: of both, those that grew most first.
        old_size: bytes before.
        new_size: bytes now.
    """

    added: tuple[Change, ...]
    removed: tuple[Change, ...]
    changed: tuple[Change, ...]
    same: int
    sections: tuple[Growth, ...]
    old_size: int
    new_size: int

    @property
    def equal(self) -> bool:
        """Whether both list the same packages in the same versions."""
        return not (self.added or self.removed or self.changed)


_Versions = dict[tuple[str, str, str], Counter[str]]


def compare(old: SpdxDocument, new: SpdxDocument) -> Comparison:
    """Return what changed from ``old`` to ``new``; the images themselves are not compared.

    Packages are the same when type, namespace and name of their package URLs are; without one, when their names are.
    One package may be there in several versions, and in one version several times.
    """
    before, after = _versions(old), _versions(new)
    changes = [_change(key, before, after) for key in sorted(before.keys() | after.keys())]
    differing = [change for change in changes if change.old or change.new]
    return Comparison(
        added=tuple(change for change in differing if not change.old),
        removed=tuple(change for change in differing if not change.new),
        changed=tuple(change for change in differing if change.old and change.new),
        same=sum((before[key] & after[key]).total() for key in before.keys() & after.keys()),
        sections=_growth(old, new),
        old_size=len(old.raw),
        new_size=len(new.raw),
    )


def _change(key: tuple[str, str, str], before: _Versions, after: _Versions) -> Change:
    was, now = before.get(key, Counter()), after.get(key, Counter())
    name, kind, _ = key
    return Change(
        name, kind, tuple(sorted((was - now).elements())), tuple(sorted((now - was).elements()))
    )


def _versions(document: SpdxDocument) -> _Versions:
    found: _Versions = {}
    for package in document.contents:
        found.setdefault(_key(package), Counter())[package.version] += 1
    return found


def _key(package: SpdxPackage) -> tuple[str, str, str]:
    """Return name, type and namespace; the name first, because that is what people look for."""
    for purl in _parsed(package):
        return (package.name, purl.type, f"{purl.namespace or ''}/{purl.name}")
    return (package.name, "", "")


def _parsed(package: SpdxPackage) -> Iterator[PackageURL]:
    for text in package.purls:
        try:
            yield PackageURL.from_string(text)
        except ValueError:
            continue  # a tool's mistake; the name tells packages apart well enough


def _growth(old: SpdxDocument, new: SpdxDocument) -> tuple[Growth, ...]:
    before = {section.name: section for section in old.sections}
    after = {section.name: section for section in new.sections}
    found = []
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        found.append(
            Growth(
                name,
                was.size if was else 0,
                now.size if now else 0,
                was.count if was else 0,
                now.count if now else 0,
            )
        )
    return tuple(sorted(found, key=lambda growth: (-growth.delta, growth.section)))
