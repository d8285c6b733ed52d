"""VEX statements out of ignores: what our own rules say of our own image, honestly. Pure.

An ignore is not the same as ``not_affected``: a risk that is accepted until a date is still there. So a rule says
``not_affected`` only where its assessment has one of OpenVEX's justifications in it, word for word; otherwise it says
``affected``, with what is going to be done about it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from shipseal._internal.clock import rfc3339
from shipseal.ignores.found import Found
from shipseal.ignores.matching import RuleMatcher
from shipseal.ignores.rules import IgnoreRule
from shipseal.ignores.vex.document import (
    ImageNames,
    VexJustification,
    VexProduct,
    VexStatement,
    VexStatus,
)
from shipseal.scan.interface import Finding

_WORDS = re.compile("|".join(sorted(VexJustification, key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Left:
    """A rule that no statement was made of.

    Attributes:
        rule: which.
        why: a sentence.
    """

    rule: IgnoreRule
    why: str


def statements_of(
    rules: Sequence[IgnoreRule],
    findings: Sequence[Finding],
    image: ImageNames,
    *,
    now: datetime,
) -> tuple[tuple[VexStatement, ...], tuple[Left, ...]]:
    """Return a statement for each vulnerability that a rule in force takes out, and the rules that make none.

    Args:
        rules: of the file, in order; the first that holds for a finding speaks for it.
        findings: of the image.
        image: its names.
        now: when, for the ends of rules.
    """
    made: list[VexStatement] = []
    left: list[Left] = []
    spoken: set[tuple[str, str]] = set()
    present = Found(findings)
    for rule in rules:
        matcher = RuleMatcher(rule)
        held = present.held(matcher)
        named = [one for one in held if one.package.purl]
        taken = [one for one in named if _key(one) not in spoken]
        if why := _why_not(rule, matcher, held, taken, now):
            left.append(Left(rule, why))
            continue
        spoken |= {_key(one) for one in taken}
        made += [
            _statement(rule, [one for one in taken if one.id == id_], image)
            for id_ in dict.fromkeys(one.id for one in taken)
        ]
    return tuple(made), tuple(left)


def _why_not(
    rule: IgnoreRule,
    matcher: RuleMatcher,
    held: Sequence[Finding],
    taken: Sequence[Finding],
    now: datetime,
) -> str:
    if rule.expired(now):
        return f"it ended {rfc3339(rule.until) if rule.until else ''}"
    if matcher.problem:
        return matcher.problem
    if not held:
        return "no finding of the image is taken out by it"
    if not any(one.package.purl for one in held):
        # A statement about the whole image would speak for packages that it does not take out, too.
        return (
            "what it takes out is in packages without a package URL, which nothing can be said of"
        )
    return "" if taken else "rules before it speak for all that it takes out"


def justification_in(rule: IgnoreRule) -> str:
    """Return OpenVEX's justification that the words of a rule hold; empty when there is none."""
    found = _WORDS.search(" ".join((rule.impact, rule.reason, rule.comment)))
    return found[0] if found else ""


def image_purl(repository: str, digest: str) -> str:
    """Return the package URL of an image; its name is the last part of the repository, in lower case."""
    name = repository.rpartition("/")[2].lower()
    where = quote(repository, safe="/")
    return f"pkg:oci/{name}@{quote(digest, safe='')}?repository_url={where}"


def _key(finding: Finding) -> tuple[str, str]:
    return finding.id, finding.package.purl or f"{finding.package.name}@{finding.package.version}"


def _statement(rule: IgnoreRule, findings: Sequence[Finding], image: ImageNames) -> VexStatement:
    first = findings[0]
    justification = justification_in(rule)
    status = VexStatus.NOT_AFFECTED if justification else VexStatus.AFFECTED
    return VexStatement(
        ids=(first.id, *first.aliases),
        status=status,
        products=tuple(_products(findings, image)),
        justification=justification,
        impact=(rule.impact or rule.why) if justification else "",
        action="" if justification else _action(rule),
        description=rule.description or first.description,
    )


def _action(rule: IgnoreRule) -> str:
    """Return what is done about it: OpenVEX demands that where something is affected."""
    parts = (
        f"accepted until {rfc3339(rule.until)}" if rule.until else "accepted",
        rule.impact or rule.why,
        f"ends when {rule.remove_when}" if rule.remove_when else "",
        f"see {rule.issue or rule.tracking}" if rule.issue or rule.tracking else "",
    )
    return "; ".join(filter(None, parts))


def _products(findings: Iterable[Finding], image: ImageNames) -> Iterable[VexProduct]:
    """Yield the image by each digest: readers know it by the index's or by that of the platform that they run."""
    parts = tuple(dict.fromkeys(one.package.purl for one in findings if one.package.purl))
    if not image.digests:
        yield from (VexProduct((part,)) for part in parts)
        return
    for digest in image.digests:
        for repository in image.repositories or ("",):
            purls = [image_purl(name, digest) for name in _written(repository) if name]
            yield VexProduct((*purls, digest), parts)


def _written(repository: str) -> Sequence[str]:
    """Return a repository as tools write it: Grype, Trivy and others name Docker Hub by its API's host."""
    host, slash, path = repository.partition("/")
    return (repository, f"index.{host}{slash}{path}") if host == "docker.io" else (repository,)
