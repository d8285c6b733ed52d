"""Which findings statements of others take out of the gate, and why a statement takes out none. Pure.

A statement takes a finding out when (1) it is about that vulnerability, by any of its ids on either side, (2) it names
the image, or the package itself, (3) no later statement does the same, and (4) it says ``not_affected`` or ``fixed``.
Where rules of ``.grype.yaml`` have a ``vex-status``, such a rule must ask for it in place of (4), as for Grype.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule, PackageCondition
from shipseal.ignores.vex.document import (
    ImageNames,
    VexDocument,
    VexProduct,
    VexStatement,
    VexStatus,
)
from shipseal.ignores.vex.names import image_mismatch, package_mismatch
from shipseal.scan.interface import Finding

_ACTS = (VexStatus.NOT_AFFECTED, VexStatus.FIXED)
_MOST_SHOWN = 3
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class VexMatch:
    """A finding that a statement takes out.

    Attributes:
        finding: which.
        statement: by which.
        document: that it stands in.
    """

    finding: Finding
    statement: VexStatement
    document: VexDocument


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A statement that takes nothing out.

    Attributes:
        statement: which.
        document: that it stands in.
        why: a sentence.
    """

    statement: VexStatement
    document: VexDocument
    why: str


@dataclass(frozen=True, slots=True)
class VexResult:
    """What statements come to.

    Attributes:
        matches: findings that are taken out.
        unmatched: statements that take out nothing.
    """

    matches: tuple[VexMatch, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()

    def rules(self, first: int = 0) -> tuple[IgnoreRule, ...]:
        """Return the matches as ignore rules, one for each vulnerability in each version of a package.

        Args:
            first: index of the first of them: no two rules of a gate have the same.
        """
        made = {
            (found.finding.id, found.finding.package.name, found.finding.package.version): _rule(
                found
            )
            for found in self.matches
        }
        return tuple(replace(rule, index=n) for n, rule in enumerate(made.values(), start=first))


def apply_vex(
    documents: Iterable[VexDocument],
    findings: Sequence[Finding],
    image: ImageNames,
    rules: Sequence[IgnoreRule] = (),
) -> VexResult:
    """Return which findings are taken out, and which statements take out none.

    Args:
        documents: that are believed.
        findings: of the image.
        image: its names.
        rules: of ``.grype.yaml``; only those with a ``vex-status`` count here.
    """
    asked = [_as_plain(rule) for rule in rules if rule.vex_status]
    held = [
        (document, _Found(statement, findings, image, asked))
        for document in documents
        for statement in document.statements
    ]
    last = _last_words(found for _, found in held)
    matches: list[VexMatch] = []
    unmatched: list[Unmatched] = []
    for document, found in held:
        taken = [one for one in found.taken if last[id(one)] is found]
        matches += [VexMatch(finding, found.statement, document) for finding in taken]
        if not taken:
            why = "a later statement speaks of the same" if found.taken else found.why()
            unmatched.append(Unmatched(found.statement, document, why))
    return VexResult(tuple(matches), tuple(unmatched))


def _last_words(found: "Iterable[_Found]") -> "dict[int, _Found]":
    """Return, for each finding, the statement about it that was made last; of equals the one that stands last."""
    ordered = sorted(found, key=lambda one: one.statement.made or _LONG_AGO)
    return {id(finding): one for one in ordered for finding in one.about}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule with a ``vex-status``: its conditions, and what it asks of a statement."""

    rule: IgnoreRule
    matcher: RuleMatcher | None

    def holds(self, statement: VexStatement, finding: Finding) -> bool:
        wanted = self.rule.vex_justification
        if self.rule.vex_status != statement.status or (
            wanted and wanted != statement.justification
        ):
            return False
        return self.matcher is None or self.matcher.holds(finding)


def _as_plain(rule: IgnoreRule) -> _Asked:
    plain = replace(rule, vex_status="", vex_justification="")
    return _Asked(rule, RuleMatcher(plain) if plain.conditions() else None)


class _Found:
    """One statement, held against all findings."""

    def __init__(
        self,
        statement: VexStatement,
        findings: Sequence[Finding],
        image: ImageNames,
        asked: Sequence[_Asked],
    ) -> None:
        self.statement = statement
        self._image = image
        self._asked = asked
        names = {name.upper() for name in statement.ids}
        self._same = [
            finding
            for finding in findings
            if not names.isdisjoint(name.upper() for name in (finding.id, *finding.aliases))
        ]
        self.about = [finding for finding in self._same if not self._strange(finding)]
        self.taken = [finding for finding in self.about if self._acts(finding)]

    def why(self) -> str:
        """Return why nothing is taken out."""
        statement = self.statement
        if not self._same:
            return f"no finding is {' or '.join(statement.ids)}, by any of its ids"
        if not statement.products:
            return "it names no product"
        if not self.about:
            reasons = dict.fromkeys(
                text for finding in self._same for text in self._strange(finding)
            )
            shown = list(reasons)[:_MOST_SHOWN]
            more = f"; and {len(reasons) - len(shown)} more" if len(reasons) > len(shown) else ""
            return "; ".join(shown) + more
        if statement.status not in _ACTS and not self._asked:
            return f"{statement.status} takes nothing out; not_affected and fixed do"
        return "no rule with vex-status asks for it, and where there are such rules, one must"

    def _acts(self, finding: Finding) -> bool:
        if self._asked:
            return any(rule.holds(self.statement, finding) for rule in self._asked)
        return self.statement.status in _ACTS

    def _strange(self, finding: Finding) -> tuple[str, ...]:
        """Return why the statement is not about a finding's package in this image; empty when it is."""
        reasons: list[str] = []
        for product in self.statement.products:
            problems = tuple(self._problems(product, finding))
            if not problems:
                return ()
            reasons += problems
        return tuple(reasons) or ("it names no product",)

    def _problems(self, product: VexProduct, finding: Finding) -> Iterator[str]:
        purl = finding.package.purl
        as_image = _all_fail((name, image_mismatch(name, self._image)) for name in product.names)
        if not product.parts:
            as_package = _all_fail((name, package_mismatch(name, purl)) for name in product.names)
            if as_image and as_package:
                yield f"{as_image}; and it is not {_called(finding)}: {as_package}"
            return
        if as_image:
            yield as_image
        as_part = _all_fail((name, package_mismatch(name, purl)) for name in product.parts)
        if as_part:
            yield f"{as_part}, and the finding is in {_called(finding)}"


def _all_fail(reasons: Iterable[tuple[str, str]]) -> str:
    """Return why none of the names is meant; empty when one is."""
    found = list(reasons)
    if any(not why for _, why in found):
        return ""
    return "; ".join(f"{name}: {why}" for name, why in found) or "it has no name"


def _called(finding: Finding) -> str:
    return finding.package.purl or f"{finding.package.name} {finding.package.version}"


def _rule(found: VexMatch) -> IgnoreRule:
    statement, package = found.statement, found.finding.package
    source = found.document.id or found.document.source
    why = statement.impact or statement.justification or str(statement.status)
    return IgnoreRule(
        vouched=found.document.signer or found.document.source,
        vulnerability=found.finding.id,
        package=PackageCondition(
            name=_exactly(package.name), version=package.version, type=package.type
        ),
        reason=f"VEX of {found.document.signer or found.document.author}: {statement.label}",
        owner=found.document.author,
        description=statement.description or f"{statement.ids[0]}: {statement.status}",
        impact=why,
        component=_called(found.finding),
        tracking=source,
        issue=source,
        remove_when="the VEX statement is changed or withdrawn",
    )


def _exactly(name: str) -> str:
    """Return a condition that only this name meets: an expression where signs of one are in it."""
    return (
        re.sub(r"([\^$*+?\[\](){}|\\.])", r"\\\1", name)
        if re.search(r"[\^$*+?\[\](){}|\\]", name)
        else name
    )
