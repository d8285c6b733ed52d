"""How verdicts over bundles are shown, to people and to programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shipseal.attest.artifact import Artifact
from shipseal.attest.judge_bundle import BundleVerdict
from shipseal.cli.output import print_table, say

if TYPE_CHECKING:
    from shipseal.attest.trust_root import TrustRoot

_DAY = 86_400


def bundles_json(
    verdicts: Sequence[BundleVerdict],
    artifact: Artifact,
    root: "TrustRoot | None",
    *,
    explain: bool,
) -> dict[str, Any]:
    """Return the value of ``bundle-verification.schema.json``."""
    good = bool(verdicts) and all(one.genuine for one in verdicts)
    return {
        "verdict": "genuine" if good else "not-genuine",
        "artifact": list(artifact.names()),
        "trustRoot": root_json(root),
        "bundles": [_bundle_json(one, explain=explain) for one in verdicts],
    }


def root_json(root: "TrustRoot | None") -> dict[str, Any] | None:
    """Return a trusted root by its digest, its origin and its age in days; None where none was needed."""
    if root is None:
        return None
    age = None if root.age is None else max(int(root.age.total_seconds() // _DAY), 0)
    value = {"digest": str(root.digest), "origin": str(root.origin), "ageDays": age}
    return value | ({"note": root.note} if root.note else {})


def print_bundles(
    verdicts: Sequence[BundleVerdict],
    artifact: Artifact,
    root: "TrustRoot | None",
    *,
    explain: bool,
) -> None:
    """Print each verdict, by whose word, and what it comes to."""
    say(f"artifact {artifact}")
    for number, verdict in enumerate(verdicts, 1):
        say(
            f"bundle {number}: {verdict.digest}"
            if len(verdicts) > 1
            else f"bundle {verdict.digest}"
        )
        _print_one(verdict, explain=explain)
    if root is not None:
        print_root(root)
    _print_sum(verdicts)


def print_root(root: "TrustRoot") -> None:
    """Print by whose word identities are believed."""
    say(f"trusted root: {root}")
    if root.note:
        say(f"note: {root.note}")


def _print_one(verdict: BundleVerdict, *, explain: bool) -> None:
    what = verdict.predicate_type or ("signature over a file" if verdict.genuine else "")
    if verdict.genuine:
        say(f"  {what}")
        say(f"  signed by {verdict.signer}")
    else:
        say(f"  {verdict.status} ({verdict.status.code}): {verdict.reason}")
        say(f"  {verdict.hint}" if verdict.hint else "  do not use it")
    if verdict.mismatches:
        rows = [(one.field, one.expected, one.got or "not stated") for one in verdict.mismatches]
        print_table(("field", "expected", "got"), rows)
    if explain:
        steps = [(one.number, one.what, one.expected, one.got) for one in verdict.steps]
        print_table(("step", "what held", "expected", "what was there"), steps)


def _print_sum(verdicts: Sequence[BundleVerdict]) -> None:
    bad = [number for number, one in enumerate(verdicts, 1) if not one.genuine]
    if not bad:
        say("genuine" if len(verdicts) == 1 else f"genuine: all {len(verdicts)} bundles")
    elif len(verdicts) == 1:
        say("NOT genuine")
    else:
        say(f"NOT genuine: {len(bad)} of {len(verdicts)} bundles ({', '.join(map(str, bad))})")


def _bundle_json(verdict: BundleVerdict, *, explain: bool) -> dict[str, Any]:
    value: dict[str, Any] = {
        "digest": str(verdict.digest),
        "status": str(verdict.status),
        "code": "" if verdict.genuine else str(verdict.status.code),
        "signer": verdict.signer,
        "predicateType": verdict.predicate_type,
        "reason": verdict.reason,
        "hint": verdict.hint,
        "expected": verdict.expected,
        "got": verdict.got,
        "mismatches": [
            {"field": one.field, "expected": one.expected, "got": one.got}
            for one in verdict.mismatches
        ],
    }
    if explain:
        value["checks"] = [
            {"step": one.number, "what": one.what, "expected": one.expected, "got": one.got}
            for one in verdict.steps
        ]
    return value
