"""What is wrong with a file of rules: what each rule owes and lacks, and whether it does what it was meant to. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shipseal._internal.clock import rfc3339
from shipseal.ignores.comments import about
from shipseal.ignores.conditions import Met, never_met
from shipseal.ignores.found import Found
from shipseal.ignores.justification import (
    DEFAULT_TERMS,
    REQUIRED,
    IgnoreTerms,
    Part,
    missing_parts,
)
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.nearest import why_nothing
from shipseal.ignores.overlap import Others, breadth
from shipseal.ignores.read import IgnoreFile, Remark
from shipseal.ignores.rules import IgnoreRule
from shipseal.scan.interface import Finding


class Kind(StrEnum):
    """A kind of problem; its word begins what is told."""

    EXPIRED = "expired"
    SOON = "expiring soon"
    MET = "condition met"
    NOTHING = "matches nothing"
    TOO_MUCH = "matches too much"
    MISSPELT = "misspelt key"
    NO_CONDITION = "no condition"
    UNUSABLE = "cannot be used"
    DUPLICATE = "duplicate"
    HIDDEN = "hidden by another"
    OTHER = "comment of another"
    OTHERWISE = "read otherwise"


# These make a rule another one than its author wrote: nobody can mean them.
DEFECTS = frozenset({Kind.MISSPELT, Kind.NO_CONDITION, Kind.UNUSABLE})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a rule.

    Attributes:
        kind: see there.
        text: what, with the line where it is not that of the rule.
    """

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True, slots=True)
class LintedRule:
    """One rule.

    Attributes:
        rule: the rule.
        missing: parts of a justification that it lacks: of the six, and of others that are required.
        lacking: those of them that are required.
        problems: in the order of :class:`Kind`.
        findings: how many it holds for; None when there was nothing to hold it against.
    """

    rule: IgnoreRule
    missing: tuple[Part, ...]
    lacking: tuple[Part, ...]
    problems: tuple[Problem, ...]
    findings: int | None = None

    @property
    def refused(self) -> bool:
        """Whether it lacks what is required, or is not the rule that its author meant."""
        return bool(self.lacking) or any(item.kind in DEFECTS for item in self.problems)

    def to_json(self) -> dict[str, object]:
        """Return the rule (schema ``ignore-lint.schema.json``)."""
        return {
            "index": self.rule.index,
            "vulnerability": self.rule.vulnerability,
            "missing": [str(part) for part in self.missing],
            "problems": [str(problem) for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class LintReport:
    """What a lint found.

    Attributes:
        rules: all of them, in their order.
        remarks: about the file itself.
    """

    rules: tuple[LintedRule, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether any rule is refused."""
        return any(item.refused for item in self.rules)

    @property
    def spotless(self) -> bool:
        """Whether there is nothing to say of any rule."""
        return not any(item.problems or item.missing for item in self.rules)

    def to_json(self) -> dict[str, object]:
        """Return the report (schema ``ignore-lint.schema.json``)."""
        return {"rules": [item.to_json() for item in self.rules]}


@dataclass(frozen=True, slots=True)
class Against:
    """What rules are held against.

    Attributes:
        now: the time.
        soon: how long before its end a rule expires soon.
        findings: of a scan; None when nothing was scanned.
        met: says whether the condition for a rule's removal is met.
    """

    now: datetime
    soon: timedelta = timedelta(days=14)
    findings: Sequence[Finding] | None = None
    met: Met = field(default=never_met)


def lint(file: IgnoreFile, against: Against, terms: IgnoreTerms = DEFAULT_TERMS) -> LintReport:
    """Return what is wrong with the rules of a file.

    Args:
        file: the rules.
        against: what they are held against.
        terms: which parts of a justification are required.
    """
    asked = (*REQUIRED, *(part for part in terms.require if part not in REQUIRED))
    linter = _Linter(file, against)
    return LintReport(
        rules=tuple(
            LintedRule(
                rule=rule,
                missing=missing_parts(rule, asked),
                lacking=terms.lacking(rule),
                problems=tuple(linter.problems(rule)),
                findings=linter.count(rule),
            )
            for rule in file.rules
        ),
        remarks=tuple(remark for remark in file.remarks if remark.rule is None),
    )


class _Linter:
    def __init__(self, file: IgnoreFile, against: Against) -> None:
        self._rules = file.rules
        self._against = against
        self._found = Found(against.findings or ())
        self._known: dict[int, list[Finding]] = {}
        self._matchers: Mapping[int, RuleMatcher] = {
            rule.index: RuleMatcher(rule) for rule in file.rules
        }
        self._overlaps = Others(file.rules, self._counts)
        self._told: dict[int, list[Remark]] = {}
        for remark in file.remarks:
            if remark.rule is not None:
                self._told.setdefault(remark.rule, []).append(remark)

    def count(self, rule: IgnoreRule) -> int | None:
        """Return how many findings a rule holds for."""
        return None if self._against.findings is None else len(self._held(rule))

    def problems(self, rule: IgnoreRule) -> Iterator[Problem]:
        """Yield what is wrong with one rule."""
        yield from self._times(rule)
        yield from self._matches(rule)
        told = self._told.get(rule.index, ())
        for remark in (one for one in told if one.key):
            yield Problem(Kind.MISSPELT, f"{remark.text} (line {remark.line})")
        yield from self._use(rule)
        yield from self._others(rule)
        if other := _other_cve(rule):
            yield Problem(Kind.OTHER, f"it is about {other}")
        for remark in (one for one in told if one.otherwise):
            yield Problem(Kind.OTHERWISE, f"{remark.text} (line {remark.line})")

    def _times(self, rule: IgnoreRule) -> Iterator[Problem]:
        owner = rule.owner or "not named"
        if rule.until and rule.expired(self._against.now):
            yield Problem(Kind.EXPIRED, f"it ended {rfc3339(rule.until)}, owner {owner}")
        elif rule.until and rule.expired(self._against.now + self._against.soon):
            yield Problem(Kind.SOON, f"it ends {rfc3339(rule.until)}, owner {owner}")
        if told := self._against.met(rule, self._held(rule)):
            yield Problem(Kind.MET, told)

    def _matches(self, rule: IgnoreRule) -> Iterator[Problem]:
        findings, matcher = self._against.findings, self._matchers[rule.index]
        if findings is not None and not matcher.problem and not self._held(rule):
            yield Problem(Kind.NOTHING, why_nothing(matcher, self._found))
        if wide := breadth(rule):
            held = self._held(rule)
            count = f": {len(held)} finding(s) now" if findings is not None else ""
            yield Problem(Kind.TOO_MUCH, f"{wide}{count}")

    def _use(self, rule: IgnoreRule) -> Iterator[Problem]:
        if rule.problem:
            yield Problem(Kind.UNUSABLE, f"{rule.problem} (line {rule.line})")
        elif not rule.conditions():
            yield Problem(
                Kind.NO_CONDITION, f"a rule without condition never applies (line {rule.line})"
            )
        elif (problem := self._matchers[rule.index].problem) and not rule.vex_status:
            yield Problem(Kind.UNUSABLE, f"{problem} (line {rule.line})")

    def _others(self, rule: IgnoreRule) -> Iterator[Problem]:
        if not rule.conditions():
            return
        if same := self._overlaps.duplicate_of(rule):
            yield Problem(Kind.DUPLICATE, f"the same conditions stand in line {same.line}")
        elif wide := self._overlaps.hidden_by(rule):
            yield Problem(Kind.HIDDEN, f"{wide.label} in line {wide.line} takes out all of it")

    def _counts(self, rule: IgnoreRule) -> bool:
        unusable = bool(self._matchers[rule.index].problem) and not rule.vex_status
        return not unusable and not rule.expired(self._against.now)

    def _held(self, rule: IgnoreRule) -> list[Finding]:
        if rule.index not in self._known:
            self._known[rule.index] = self._found.held(self._matchers[rule.index])
        return self._known[rule.index]


def _other_cve(rule: IgnoreRule) -> str:
    """Return the CVE that the comment is about where the rule is about another; ids of other kinds may be the same."""
    mine, ids = rule.vulnerability.upper(), [name.upper() for name in about(rule.comment)]
    if not mine.startswith("CVE-") or mine in ids:
        return ""
    return ids[0] if ids and all(name.startswith("CVE-") for name in ids) else ""
