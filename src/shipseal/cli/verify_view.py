"""How a verdict is shown to a person: the digest, a table, and the same questions for cosign."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
        explain: whether to print every check, and every piece of evidence that was looked at.
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
        from shipseal.cli.verify_explained import print_steps  # noqa: PLC0415 - not needed otherwise

        print_steps(verdict)
        _print_evidence(verdict)
    for note in (note for place in places for note in place.notes):
        say(f"note: {note}")
    _print_notes(verdict)
    _print_commands(places, verdict, shown)
    if shown.root is not None:
        print_root(shown.root)
    # Last, where a terminal shows it.
    say(_sum(verdict))


def _print_checks(verdict: Verdict, *, whole: bool) -> None:
    several = len({check.target for check in verdict.checks}) > 1
    head: tuple[str, ...] = ("platform", "evidence", "status", "expected", "got")
    by_all = _signer_of_all(verdict)
    checks = [replace(one, got="") if by_all and one.passed else one for one in verdict.checks]
    rows = [_row(check, whole=whole) for check in checks]
    if several:
        head = ("target", *head)
        rows = [(check.target, *row) for check, row in zip(checks, rows, strict=True)]
    filled = [number for number in range(len(head)) if any(row[number] for row in rows)]
    print_table(
        [head[number] for number in filled],
        [[row[number] for number in filled] for row in rows],
    )
    if by_all:
        say(f"signed by {by_all}")
    say()


def _signer_of_all(verdict: Verdict) -> str:
    """Return who signed all that is there, in the words of the table; empty when it is not one, or one item alone."""
    signers = {check.got for check in verdict.checks if check.passed}
    several = sum(check.passed for check in verdict.checks) > 1
    return signers.pop() if several and len(signers) == 1 else ""


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


def _print_commands(places: Iterable[Place], verdict: Verdict, shown: Shown) -> None:
    """Print the same questions for cosign and gh: for what was named, and with ``--explain`` for each platform too."""
    names = [place.name for place in places if place.is_registry]
    who = _identified(shown)
    asked = verdict if shown.explain else _of_root(verdict)
    ours = [line for name in names for line in cosign_commands(name, shown.trust.keys, asked, who)]
    theirs = [line for name in names for line in gh_commands(name, who, asked)]
    for tool, commands in (("cosign", ours), ("gh", theirs)):
        if commands:
            say(f"signature and subject alone, asked of {tool}{_how(commands, len(names), asked)}:")
            for command in commands:
                say(f"  {command}")
    if (ours or theirs) and len(asked.checks) < len(verdict.checks):
        say("  (--explain prints them for each platform, too)")
    if ours or theirs:
        say()


def _of_root(verdict: Verdict) -> Verdict:
    """Return the part of a verdict that is about the very digest that was named."""
    return replace(
        verdict, checks=tuple(one for one in verdict.checks if one.subject == verdict.digest)
    )


def _how(commands: Sequence[str], places: int, asked: Verdict) -> str:
    """Return what must be known to use the commands."""
    items = len({(one.subject, one.family) for one in asked.checks})
    told = []
    if len(commands) > items * max(places, 1):
        told.append("one of those for the same kind suffices")
    if any("<(" in one for one in commands):
        told.append("in bash")
    return f" ({', '.join(told)})" if told else ""


def _identified(shown: Shown) -> list[Identified]:
    if not shown.trust.identities:
        return []
    # Not needed with keys.
    from shipseal.cli.identity_equivalent import identified  # noqa: PLC0415
    from shipseal.cli.root_words import root_words  # noqa: PLC0415

    root = root_words(shown.trust.trusted_root, shown.root)
    return [words for one in shown.trust.identities for words in identified(one, root)]
