"""Ignore rules as values: Grype's conditions, and the keys that shipseal adds to them.

Grype reads the conditions and drops the rest, so one file serves both (``grype/match/ignore.go``; proved against real
Grype in the tests).
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PackageCondition:
    """Conditions on the package; empty ones are none.

    Attributes:
        name: exact, or an expression when it holds any of ``^$*+?[](){}|`` or a backslash.
        version: exact.
        language: exact.
        type: exact.
        location: a glob over the whole path.
        upstream_name: as ``name``, for source packages.
    """

    name: str = ""
    version: str = ""
    language: str = ""
    type: str = ""
    location: str = ""
    upstream_name: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """Where an entry comes from, as far as the history of its file says it.

    Attributes:
        by: who approved it: the reviewers that its commit names, else its author.
        commit: id of that commit.
        pull_request: ``#12`` where the commit names one; else empty.
    """

    by: tuple[str, ...]
    commit: str
    pull_request: str = ""


@dataclass(frozen=True, slots=True)
class Vouched:
    """The VEX statement of somebody else that a rule stands for.

    Attributes:
        signer: who signed it, as it was verified; empty when nobody did, and that was accepted.
        author: who wrote it, as the document says itself.
        document: its own name, else where it came from.
        status: ``not_affected`` or ``fixed``, unless a rule with ``vex-status`` asks for another.
        justification: in OpenVEX's words; may be empty.
        statement: in short, ``CVE-…: not_affected (component_not_present)``.
    """

    signer: str
    author: str
    document: str
    status: str
    justification: str
    statement: str

    @property
    def by(self) -> str:
        """Whose word it is."""
        return self.signer or self.author or self.document

    @property
    def label(self) -> str:
        """Whose statement it is, and what it says."""
        return f"VEX of {self.by}: {self.statement}"


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One entry of ``ignore:``. All conditions that are given must hold; one without any never applies.

    Attributes:
        index: position in the list, from 0.
        line: of the file, from 1.
        vulnerability: exact id.
        include_aliases: whether the id may also be one of the finding's aliases.
        namespace: exact.
        fix_state: exact.
        package: see there.
        match_type: exact; any of the finding's.
        vex_status: rules that have one act through VEX documents only, never here.
        vex_justification: only with ``vex_status``.
        reason: why; no condition.
        until: when it stops to ignore; None when it has no end. The earliest, where the entry states several.
        owner: who answers for it.
        tracking: link to the upstream issue.
        issue: link to the own issue.
        impact: assessed impact.
        component: affected component.
        remove_when: criteria for its removal.
        description: what the vulnerability is.
        comment: the comment lines that belong to the entry, without ``#``.
        approval: who let it in; None when that is not known, or was not asked.
        vouched: the VEX statement that it stands for; such a rule owes no justification of ours. None for our own.
        problem: why it cannot be used (a date that is none); such a rule never ignores. Empty when it can.
    """

    index: int = 0
    line: int = 0
    vulnerability: str = ""
    include_aliases: bool = False
    namespace: str = ""
    fix_state: str = ""
    package: PackageCondition = field(default_factory=PackageCondition)
    match_type: str = ""
    vex_status: str = ""
    vex_justification: str = ""
    reason: str = ""
    until: datetime | None = None
    owner: str = ""
    tracking: str = ""
    issue: str = ""
    impact: str = ""
    component: str = ""
    remove_when: str = ""
    description: str = ""
    comment: str = ""
    vouched: Vouched | None = None
    problem: str = ""
    approval: Approval | None = None

    def conditions(self) -> dict[str, str]:
        """Return the conditions that are given, by their key in the file."""
        stated = {
            "vulnerability": self.vulnerability,
            "namespace": self.namespace,
            "fix-state": self.fix_state,
            "package.name": self.package.name,
            "package.version": self.package.version,
            "package.language": self.package.language,
            "package.type": self.package.type,
            "package.location": self.package.location,
            "package.upstream-name": self.package.upstream_name,
            "match-type": self.match_type,
        }
        return {key: value for key, value in stated.items() if value}

    @property
    def label(self) -> str:
        """The rule in short: its vulnerability, and the other conditions; or whose statement it stands for."""
        if self.vouched:
            return self.vouched.label
        given = self.conditions()
        first = given.pop("vulnerability", "")
        rest = ", ".join(f"{key} {value}" for key, value in given.items())
        if first and rest:
            return f"{first} ({rest})"
        return first or rest or "a rule without condition"

    @property
    def why(self) -> str:
        """The reason, or else what the entry says of the vulnerability, or its comment."""
        return self.reason or self.description or " ".join(self.comment.split())

    def expired(self, now: datetime) -> bool:
        """Return whether the rule has come to its end."""
        return self.until is not None and now >= self.until
