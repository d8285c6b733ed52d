"""How a verdict is shown to a person: the digest, a table, and the same questions for cosign."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipseal.cli.bundle_view import print_root, root_json
from shipseal.cli.output import print_json, print_table, say
from shipseal.cli.verify_places import Place
from shipseal.verify.equivalent import Identified, cosign_commands, gh_commands
from shipseal.verify.verdict import ItemCheck, Verdict
from shipseal.wiring.trust import TrustWish

if TYPE_CHECKING:
    from shipseal.attest.trust_root import TrustRoot

_DIGEST = re.compile(r"\b(sha(?:256|512):[0-9a-f]{12})[0-9a-f]{52,}")


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown beside a verdict.

    Attributes:
        trust: who is trusted.
        root: by whose word; None where only keys are trusted.
        explain: whether to print every piece of evidence that was looked at.
    """

    trust: TrustWish
    root: "TrustRoot | None"
    explain: bool


def print_verdicts(
    groups: Sequence[Sequence[Place]], verdicts: Sequence[Verdict], shown: Shown
) -> None:
    """Print each verdict, with an empty line between two."""
    for number, (group, verdict) in enumerate(zip(groups, verdicts, strict=True)):
        say() if number else None
        print_verdict(group, verdict, shown)


def print_verdicts_json(
    groups: Sequence[Sequence[Place]], verdicts: Sequence[Verdict], shown: Shown
) -> None:
    """Print one verification as its own shape, and several, of different digests, as a list of these."""
    told = {"trustRoot": root_json(shown.root)} if shown.root else {}
    values = [
        {**verdict.to_json(explain=shown.explain), **told, **group[0].told}
        for group, verdict in zip(groups, verdicts, strict=True)
    ]
    print_json(values[0] if len(values) == 1 else {"verifications": values})


def print_verdict(places: Sequence[Place], verdict: Verdict, shown: Shown) -> None:
    """Print what was asked, how each item stands, and what it comes to.

    Args:
        places: where the image lies.
        verdict: the answer.
        shown: what else is printed.
    """
    for place in places:
        say(place.text)
    say(f"digest {verdict.digest}")
    say()
    _print_checks(verdict, whole=shown.explain)
    if shown.explain:
        _print_evidence(verdict)
    for note in (note for place in places for note in place.notes):
        say(f"note: {note}")
    _print_notes(verdict)
    if shown.root is not None:
        print_root(shown.root)
    say(_sum(verdict))
    _print_commands(places, verdict, shown.trust)


def _print_checks(verdict: Verdict, *, whole: bool) -> None:
    several = len({check.target for check in verdict.checks}) > 1
    head = ("platform", "evidence", "status", "expected", "got")
    rows = [_row(check, whole=whole) for check in verdict.checks]
    if several:
        rows = [(check.target, *row) for check, row in zip(verdict.checks, rows, strict=True)]
        print_table(("target", *head), rows)
    else:
        print_table(head, rows)
    say()


def _row(check: ItemCheck, *, whole: bool) -> tuple[str, ...]:
    told = (check.expected, check.got)
    if not whole:
        # Twelve digits, as Docker shows them; --explain and --json show all.
        told = (_DIGEST.sub(r"\1", check.expected), _DIGEST.sub(r"\1", check.got))
    return (check.platform, check.family, check.standing, *told)


def _print_evidence(verdict: Verdict) -> None:
    rows = [
        (
            one.subject,
            one.predicate_type or "unknown",
            one.standing,
            one.signer or "nobody known",
            one.bundle,
            f"{one.target} {one.where} ({one.origin})",
            one.reason,
        )
        for one in verdict.looked_at
    ]
    head = ("listed for", "predicate type", "status", "signed by", "bundle", "where", "reason")
    print_table(head, rows, title="evidence that was looked at")
    say()


def _print_notes(verdict: Verdict) -> None:
    for note in dict.fromkeys(check.note for check in verdict.checks if check.note):
        say(f"note: {note}")


def _sum(verdict: Verdict) -> str:
    good = sum(check.passed for check in verdict.checks)
    total = len(verdict.checks)
    if verdict.passed:
        return f"verified: all {total} required items"
    codes = dict.fromkeys(str(check.standing.code) for check in verdict.failures())
    return (
        f"NOT verified: {total - good} of {total} required items do not count ({', '.join(codes)})"
    )


def _print_commands(places: Iterable[Place], verdict: Verdict, trust: TrustWish) -> None:
    names = [place.name for place in places if place.is_registry]
    who = _identified(trust)
    ours = [line for name in names for line in cosign_commands(name, trust.keys, verdict, who)]
    theirs = [line for name in names for line in gh_commands(name, who, verdict)]
    for tool, commands in (("cosign", ours), ("gh", theirs)):
        if commands:
            say()
            say(f"signature and subject of each, asked of {tool}:")
            for command in commands:
                say(f"  {command}")


def _identified(trust: TrustWish) -> list[Identified]:
    if not trust.identities:
        return []
    from shipseal.cli.identity_equivalent import identified  # noqa: PLC0415 - not needed with keys

    return [identified(one, trust.trusted_root) for one in trust.identities]
