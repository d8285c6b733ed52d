"""What a rule owes: the parts of its justification (S26, S27), and which of them an organisation requires."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shipseal.ignores.rules import IgnoreRule


class Part(StrEnum):
    """One part of a justification."""

    DESCRIPTION = "description"
    IMPACT = "impact"
    COMPONENT = "component"
    TRACKING = "tracking"
    REMOVAL = "removal"
    ISSUE = "issue"
    EXPIRES = "expires"
    OWNER = "owner"


REQUIRED = (
    Part.DESCRIPTION,
    Part.IMPACT,
    Part.COMPONENT,
    Part.TRACKING,
    Part.REMOVAL,
    Part.ISSUE,
)
"""What every ignore owes by default; an end and an owner only where the configuration asks for them."""

HOW_TO: Mapping[Part, str] = {
    Part.DESCRIPTION: "# CVE-…: what it is",
    Part.IMPACT: "# Impact assessment: what it can do here",
    Part.COMPONENT: "# Affected component: where it is",
    Part.TRACKING: "# Tracking: URL of the upstream issue",
    Part.REMOVAL: "# TODO: Remove when …",
    Part.ISSUE: "# Issue: URL of your own issue",
    Part.EXPIRES: "expires: 2026-05-31",
    Part.OWNER: "owner: who answers for it",
}

_URL = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_OWN_ISSUE = re.compile(r"(?:^|\s)(?:[\w.-]+/[\w.-]+)?#\d+\b|\b[A-Z][A-Z0-9_]+-\d+\b")
_VULNERABILITY = re.compile(r"(?:CVE|GHSA|PYSEC|RUSTSEC)-", re.IGNORECASE)
# What stands in a form that nobody has filled in.
_PLACEHOLDERS = frozenset({
    "", "tbd", "todo", "fixme", "tba", "n/a", "unknown", "?", "??", "???", "-", "--", "...", "\u2026", "xxx",
})  # fmt: skip


class Unjustified(StrEnum):
    """What a rule does that lacks a part which is required, or whose time is over by its own criteria."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class IgnoreTerms:
    """On which terms ignores count.

    Attributes:
        require: parts that each must have.
        unjustified: ``refuse``: one that lacks a part does not ignore; ``warn``: it does, and it is told.
        condition_met: the same for one whose removal criteria name what has come about.
    """

    require: tuple[Part, ...] = REQUIRED
    unjustified: Unjustified = Unjustified.REFUSE
    condition_met: Unjustified = Unjustified.REFUSE

    @property
    def ends_when_met(self) -> bool:
        """Whether a rule is over when what its removal criteria name has come about."""
        return self.condition_met is Unjustified.REFUSE

    def lacking(self, rule: IgnoreRule) -> tuple[Part, ...]:
        """Return the required parts that ``rule`` has not."""
        if rule.vouched:
            return ()
        return tuple(part for part in self.require if not has_part(rule, part))

    def refused(self, rule: IgnoreRule) -> tuple[Part, ...]:
        """Return the parts for lack of which ``rule`` does not ignore."""
        return self.lacking(rule) if self.unjustified is Unjustified.REFUSE else ()


DEFAULT_TERMS = IgnoreTerms()


def has_part(rule: IgnoreRule, part: Part) -> bool:
    """Return whether a rule has a part, in its keys or in its comment; a form that is not filled in is none."""
    return _TESTS[part](rule)


def missing_parts(rule: IgnoreRule, parts: Iterable[Part] = REQUIRED) -> tuple[Part, ...]:
    """Return which of ``parts`` a rule has not, in their order."""
    return tuple(part for part in parts if not has_part(rule, part))


def parts_text(parts: Iterable[Part]) -> str:
    """Return parts for people: ``impact, tracking and issue``."""
    *first, last = map(str, parts)
    return f"{', '.join(first)} and {last}" if first else last


def _is_said(text: str) -> bool:
    return text.strip().rstrip(".:!").strip().lower() not in _PLACEHOLDERS


def _is_issue(text: str) -> bool:
    own = any(not _VULNERABILITY.match(found[0].strip()) for found in _OWN_ISSUE.finditer(text))
    return bool(_URL.search(text)) or own


_TESTS: Mapping[Part, Callable[[IgnoreRule], bool]] = {
    # Grype's own key says why; where a team writes keys instead of comments, that is where it says what.
    Part.DESCRIPTION: lambda rule: _is_said(rule.description) or _is_said(rule.reason),
    Part.IMPACT: lambda rule: _is_said(rule.impact),
    Part.COMPONENT: lambda rule: _is_said(rule.component),
    Part.TRACKING: lambda rule: bool(_URL.search(rule.tracking)),
    Part.REMOVAL: lambda rule: _is_said(rule.remove_when),
    Part.ISSUE: lambda rule: _is_issue(rule.issue),
    Part.EXPIRES: lambda rule: rule.until is not None,
    Part.OWNER: lambda rule: _is_said(rule.owner),
}
