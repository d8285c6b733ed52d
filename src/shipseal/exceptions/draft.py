"""A new ignore on its way: what a person says, what the findings say, and what is still missing. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shipseal.errors import ConfigError
from shipseal.exceptions.assess import Assessment, component_text
from shipseal.ignores.justification import Part
from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.ignores.vex.document import VexJustification
from shipseal.scan.interface import Package

_SIGNS = re.compile(r"[\^$*+?\[\](){}|\\]")
_ESCAPED = re.compile(r"([\^$*+?\[\](){}|\\.])")
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """What is said of a new ignore; empty where nothing is.

    Attributes:
        vulnerability: its id.
        description: what the vulnerability is.
        impact: what it can do here.
        component: where it is.
        tracking: link to the upstream issue.
        remove_when: when it is to be removed.
        issue: link to the own issue.
        owner: who answers for it.
        until: when it ends.
        reason: Grype's own key.
        packages: names of packages that it is for; empty for all that have it.
        version: of the package; empty for every one.
        not_affected: OpenVEX's justification; empty when the risk is accepted.
    """

    vulnerability: str
    description: str = ""
    impact: str = ""
    component: str = ""
    tracking: str = ""
    remove_when: str = ""
    issue: str = ""
    owner: str = ""
    until: datetime | None = None
    reason: str = ""
    packages: tuple[str, ...] = ()
    version: str = ""
    not_affected: str = ""


IN_THE_IMAGE = "in the image"
"""Ends the criteria of a rule that waits for the package: a fix that upstream has released does not end it."""

ASKED = {
    Part.DESCRIPTION: "description",
    Part.IMPACT: "impact",
    Part.COMPONENT: "component",
    Part.TRACKING: "tracking",
    Part.REMOVAL: "remove_when",
}
"""The parts that a person or the findings say, with the member of a draft that holds each; the issue is made."""


def with_facts(draft: Draft, found: Assessment) -> Draft:
    """Return the draft with what the findings say where a person said nothing; the impact is a person's alone.

    Args:
        draft: what was said.
        found: what is known.
    """
    first = found.first
    if first is None:
        return draft
    link = first.url if first.url.startswith(("https://", "http://")) else ""
    return replace(
        draft,
        description=draft.description or " ".join(first.description.split()),
        component=draft.component or component_text(found.entries),
        tracking=draft.tracking or link,
        remove_when=draft.remove_when or removal(found),
    )


def removal(found: Assessment) -> str:
    """Return when a rule for these findings can go, in words that `shipseal ignore prune` understands.

    Who ignores what is fixed already waits for the package, not for upstream.
    """
    first = found.first
    if first is None:
        return ""
    if first.fix_versions:
        return f"{first.package.name} {first.fix_versions[0]} or newer is {IN_THE_IMAGE}"
    return "a fix is available"


def missing(draft: Draft) -> tuple[Part, ...]:
    """Return the parts that nobody has said."""
    return tuple(part for part, name in ASKED.items() if not getattr(draft, name))


def rule_of(draft: Draft, found: Assessment) -> IgnoreRule:
    """Return the rule.

    Args:
        draft: whole.
        found: what it is for.

    Raises:
        ConfigError: a package that is named has no such finding, or the justification is none.
    """
    packages = [entry.finding.package for entry in found.entries]
    unknown = set(draft.packages) - {one.name for one in packages}
    if unknown and packages:
        raise ConfigError(
            f"--package {', '.join(sorted(unknown))}: has no finding of {draft.vulnerability}",
            hint=f"it is in {', '.join(sorted({one.name for one in packages}))}",
        )
    chosen = [one for one in packages if not draft.packages or one.name in draft.packages]
    names = sorted({one.name for one in chosen} or set(draft.packages))
    is_alias = bool(found.entries) and any(
        entry.finding.id != draft.vulnerability for entry in found.entries
    )
    return IgnoreRule(
        vulnerability=draft.vulnerability,
        include_aliases=is_alias,
        package=PackageCondition(
            name=name_condition(names), version=draft.version, type=_type(chosen)
        ),
        reason=draft.reason,
        until=draft.until,
        owner=draft.owner,
        tracking=draft.tracking,
        issue=draft.issue,
        impact=_impact(draft),
        component=draft.component,
        remove_when=draft.remove_when,
        description=draft.description,
    )


def name_condition(names: Sequence[str]) -> str:
    """Return the condition that exactly these names meet, in Grype's form; empty for no names.

    Raises:
        ConfigError: there are too many.
    """
    if len(names) > _MOST_NAMES:
        raise ConfigError(
            f"{len(names)} packages have it",
            hint="name those that the ignore is for with --package",
        )
    if len(names) == 1:
        return _exactly(names[0]) if _SIGNS.search(names[0]) else names[0]
    return f"({'|'.join(map(_exactly, names))})" if names else ""


def _exactly(name: str) -> str:
    return _ESCAPED.sub(r"\\\1", name)


def _type(packages: Iterable[Package]) -> str:
    types = {one.type for one in packages}
    return next(iter(types)) if len(types) == 1 else ""


def _impact(draft: Draft) -> str:
    if not draft.not_affected:
        return draft.impact
    if draft.not_affected not in set(VexJustification):
        raise ConfigError(
            f"--not-affected {draft.not_affected!r}: no such justification",
            hint=f"OpenVEX knows {', '.join(VexJustification)}",
        )
    return f"{draft.not_affected}: {draft.impact}" if draft.impact else draft.not_affected
