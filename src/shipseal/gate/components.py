"""Rules for some components: which packages they are about, and what they ask of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from shipseal.ignores.globs import Glob, GlobError
from shipseal.scan.interface import Finding, Origin, Package, Severity

__all__ = ["ComponentAction", "ComponentRule", "GlobError", "matcher"]


class ComponentAction(StrEnum):
    """What a rule does with every finding in its components."""

    FAIL = "fail"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class ComponentRule:
    """A rule for some components. All conditions that are given must hold; the first rule that holds decides.

    Attributes:
        name: glob of the package's name, in any case; empty is any.
        purl: glob of its package URL without qualifiers, with its version or without; empty is any.
        type: its type (``deb``, ``npm``, ``python``, …); empty is any.
        path: glob of any of its paths in the image; empty is any.
        origin: where it comes from; None is any.
        fail_on: this severity and worse ones refuse here; None where ``action`` says it all.
        action: ``fail`` refuses whatever the severity, ``report`` lets pass; None where ``fail_on`` decides.
        reason: why, for people; may be empty.
    """

    name: str = ""
    purl: str = ""
    type: str = ""
    path: str = ""
    origin: Origin | None = None
    fail_on: Severity | None = None
    action: ComponentAction | None = None
    reason: str = ""

    @property
    def label(self) -> str:
        """The conditions in short: ``type npm, path /app/**``."""
        return ", ".join(f"{key} {value}" for key, value in self._conditions())

    @property
    def sentence(self) -> str:
        """The rule for people."""
        what = {
            ComponentAction.FAIL: "refuses whatever its severity",
            ComponentAction.REPORT: "is only reported",
        }
        does = what[self.action] if self.action else f"{self.fail_on} and worse refuses"
        return f"{self.label}: {does}{f' ({self.reason})' if self.reason else ''}"

    @property
    def refuses(self) -> bool:
        """Whether anything could be refused by it."""
        return self.fail_on is not None or self.action is ComponentAction.FAIL

    def to_json(self) -> dict[str, str]:
        """Return the rule as it stands in reports, without what is not given."""
        members = dict(self._conditions())
        members |= {"failOn": str(self.fail_on)} if self.fail_on is not None else {}
        members |= {"action": str(self.action)} if self.action else {}
        return members | ({"reason": self.reason} if self.reason else {})

    def _conditions(self) -> Iterable[tuple[str, str]]:
        given = (
            ("name", self.name),
            ("purl", self.purl),
            ("type", self.type),
            ("path", self.path),
            ("origin", str(self.origin) if self.origin else ""),
        )
        return [(key, value) for key, value in given if value]


def matcher(rule: ComponentRule) -> Callable[[Finding], bool]:
    """Return what says whether ``rule`` is about a finding's component. A rule without condition is about none.

    Raises:
        GlobError: a glob is malformed.
    """
    tests = tuple(_tests(rule))

    def holds(finding: Finding) -> bool:
        return bool(tests) and all(test(finding) for test in tests)

    return holds


def _tests(rule: ComponentRule) -> Iterable[Callable[[Finding], bool]]:
    if rule.name:
        name = Glob(rule.name.lower())
        yield lambda finding: name.matches(finding.package.name.lower())
    if rule.purl:
        purl = Glob(rule.purl.lower())
        yield lambda finding: any(map(purl.matches, _purls(finding.package)))
    if rule.type:
        yield lambda finding: finding.package.type.lower() == rule.type.lower()
    if rule.path:
        path = Glob(rule.path)
        yield lambda finding: any(map(path.matches, finding.package.locations))
    if rule.origin:
        yield lambda finding: finding.origin is rule.origin


def _purls(package: Package) -> tuple[str, ...]:
    """Return the package URL without qualifiers and subpath, and also without its version."""
    plain = package.purl.partition("#")[0].partition("?")[0].lower()
    head, at, _ = plain.rpartition("@")
    # In `pkg:npm/@scope/name`, written without escapes, the sign begins a name.
    bare = head if at and not head.endswith("/") else plain
    return (plain, bare) if plain else ()
