"""Which findings statements of others take out of the gate, and why a statement takes out none. Pure.

A statement takes a finding out when (1) it is about that vulnerability, by any of its ids on either side, (2) it names
the image, or the package itself, (3) no later statement does the same, and (4) it says ``not_affected`` or ``fixed``.
Where rules of ``.grype.yaml`` have a ``vex-status``, such a rule must ask for it in place of (4), as for Grype.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shipseal.ignores.causes import Cause, nearest_cause
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule, PackageCondition, Vouched
from shipseal.ignores.vex.document import (
    ImageNames,
    VexDocument,
    VexProduct,
    VexStatement,
    VexStatus,
)
from shipseal.ignores.vex.names import Mismatch, image_mismatch, package_mismatch
from shipseal.scan.interface import Finding

_ACTS = (VexStatus.NOT_AFFECTED, VexStatus.FIXED)
_MOST_SHOWN = 3
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_IMAGES = ("pkg:oci/", "pkg:docker/", "sha256:")
_NO_PRODUCT = Mismatch(Cause.PRODUCT, "it names no product")


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
        cause: why, for programs.
        why: a sentence.
    """

    statement: VexStatement
    document: VexDocument
    cause: Cause
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
    counting, elsewhere = _by_subject(documents, image)
    held = [
        (document, _Found(statement, findings, image, asked))
        for document in counting
        for statement in document.statements
    ]
    last = _last_words(found for _, found in held)
    matches: list[VexMatch] = []
    unmatched = [*elsewhere]
    for document, found in held:
        taken = [one for one in found.taken if last[id(one)] is found]
        matches += [VexMatch(finding, found.statement, document) for finding in taken]
        if not taken:
            late = Mismatch(Cause.LATER, "a later statement speaks of the same")
            why = late if found.taken else found.why()
            unmatched.append(Unmatched(found.statement, document, why.cause, why.text))
    return VexResult(tuple(matches), tuple(unmatched))


def _by_subject(
    documents: Iterable[VexDocument], image: ImageNames
) -> tuple[list[VexDocument], list[Unmatched]]:
    """Return the documents that count for this image, and the statements of those that were signed for another."""
    counting: list[VexDocument] = []
    elsewhere: list[Unmatched] = []
    for document in documents:
        if not document.signed_for or not set(document.signed_for).isdisjoint(image.digests):
            counting.append(document)
            continue
        known = ", ".join(image.digests) or "it is not known"
        why = f"it is signed for {', '.join(document.signed_for)}, and the image is {known}"
        elsewhere += [
            Unmatched(statement, document, Cause.SIGNED_FOR, why)
            for statement in document.statements
        ]
    return counting, elsewhere


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

    def why(self) -> Mismatch:
        """Return why nothing is taken out."""
        statement = self.statement
        if not self._same:
            told = f"no finding is {' or '.join(statement.ids)}, by any of its ids"
            return Mismatch(Cause.VULNERABILITY, told)
        if not statement.products:
            return _NO_PRODUCT
        if not self.about:
            return self._nobody_meant()
        if statement.status not in _ACTS and not self._asked:
            told = f"{statement.status} takes nothing out; not_affected and fixed do"
            return Mismatch(Cause.STATUS, told)
        told = "no rule with vex-status asks for it, and where there are such rules, one must"
        return Mismatch(Cause.UNASKED, told)

    def _nobody_meant(self) -> Mismatch:
        found = [one for finding in self._same for one in self._strange(finding)]
        reasons = list(dict.fromkeys(one.text for one in found))
        shown = reasons[:_MOST_SHOWN]
        more = f"; and {len(reasons) - len(shown)} more" if len(reasons) > len(shown) else ""
        cause = nearest_cause((one.cause for one in found), Cause.PRODUCT)
        return Mismatch(cause, "; ".join(shown) + more)

    def _acts(self, finding: Finding) -> bool:
        if self._asked:
            return any(rule.holds(self.statement, finding) for rule in self._asked)
        return self.statement.status in _ACTS

    def _strange(self, finding: Finding) -> tuple[Mismatch, ...]:
        """Return why the statement is not about a finding's package in this image; empty when it is."""
        reasons: list[Mismatch] = []
        for product in self.statement.products:
            problems = tuple(self._problems(product, finding))
            if not problems:
                return ()
            reasons += problems
        return tuple(reasons) or (_NO_PRODUCT,)

    def _problems(self, product: VexProduct, finding: Finding) -> Iterator[Mismatch]:
        purl = finding.package.purl
        as_image = _all_fail((name, image_mismatch(name, self._image)) for name in product.names)
        if not product.parts:
            as_package = _all_fail((name, package_mismatch(name, purl)) for name in product.names)
            if as_image and as_package:
                told = f"{as_image.text}; and it is not {_called(finding)}: {as_package.text}"
                yield Mismatch(_meant(product, as_image, as_package), told)
            return
        if as_image:
            yield as_image
        as_part = _all_fail((name, package_mismatch(name, purl)) for name in product.parts)
        if as_part:
            told = f"{as_part.text}, and the finding is in {_called(finding)}"
            yield Mismatch(as_part.cause, told)


def _meant(product: VexProduct, as_image: Mismatch, as_package: Mismatch) -> Cause:
    """Return why a product is not meant that may be an image or a package: by what its name looks like."""
    images = any(name.startswith(_IMAGES) or not name.startswith("pkg:") for name in product.names)
    return as_image.cause if images else as_package.cause


def _all_fail(reasons: Iterable[tuple[str, Mismatch | None]]) -> Mismatch | None:
    """Return why none of the names is meant; None when one is."""
    found: list[tuple[str, Mismatch]] = []
    for name, why in reasons:
        if why is None:
            return None
        found.append((name, why))
    told = "; ".join(f"{name}: {why.text}" for name, why in found) or "it has no name"
    return Mismatch(nearest_cause((why.cause for _, why in found), Cause.PRODUCT), told)


def _called(finding: Finding) -> str:
    return finding.package.purl or f"{finding.package.name} {finding.package.version}"


def _rule(found: VexMatch) -> IgnoreRule:
    statement, package, document = found.statement, found.finding.package, found.document
    return IgnoreRule(
        vouched=Vouched(
            signer=document.signer,
            author=document.author,
            document=document.id or document.source,
            status=str(statement.status),
            justification=statement.justification,
            statement=statement.label,
        ),
        vulnerability=found.finding.id,
        package=PackageCondition(
            name=_exactly(package.name), version=package.version, type=package.type
        ),
        reason=statement.impact or statement.justification or str(statement.status),
        owner=document.author,
        description=statement.description,
        component=_called(found.finding),
        remove_when="the VEX statement is changed or withdrawn",
    )


def _exactly(name: str) -> str:
    """Return a condition that only this name meets: an expression where signs of one are in it."""
    return (
        re.sub(r"([\^$*+?\[\](){}|\\.])", r"\\\1", name)
        if re.search(r"[\^$*+?\[\](){}|\\]", name)
        else name
    )
