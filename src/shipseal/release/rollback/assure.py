"""Whether the release that tags go to is genuine at every target, by today's policy, and what its scan said.

Verified as the release itself is verified before it is published. Only the age of its scan is a question of its own: a
previous release is older than the current one by nature, and an old scan does not say that anything is wrong with it.
So that is told apart from evidence that is missing or false, and a person may allow it; nothing else can be allowed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shipseal._internal.threads import thread_pool
from shipseal.attest.interface import Trust
from shipseal.errors import AttestError, Code, ImageError, ReleaseError
from shipseal.evidence.collect import collect
from shipseal.evidence.interface import Collected
from shipseal.intoto.predicates import Family, family_of
from shipseal.intoto.summary import parse_summary
from shipseal.intoto.vuln import ScanSummary, parse_scan
from shipseal.oci import Digest, RawManifest
from shipseal.registry.interface import Target
from shipseal.release.rollback.values import Point
from shipseal.release.unverified import explaining, unverified
from shipseal.verify.decide import decide
from shipseal.verify.policy import VerifyPolicy
from shipseal.verify.verdict import Standing, Verdict


@dataclass(frozen=True, slots=True)
class Assurance:
    """What was found of a release that verifies.

    Attributes:
        root: its root, as every target has it.
        checks: how many required items were verified.
        versions: those that its seals name.
        scan: the newest scan of it that counts; None when the policy requires none and there is none.
        old: what the policy says of the scan's age; empty when it is young enough.
    """

    root: RawManifest
    checks: int
    versions: tuple[str, ...]
    scan: ScanSummary | None
    old: str


def assure(
    targets: Sequence[Target], digest: Digest, policy: VerifyPolicy, trust: Trust, *, now: datetime
) -> Assurance:
    """Read the release at every target, and verify it.

    Raises:
        AttestError: it does not verify.
        ImageError: it is not at one of the targets, or not whole.
        ShipsealError: a target could not be read.
    """
    _check_there(targets, digest)
    with thread_pool(len(targets), "assure") as pool:
        collected = list(pool.map(lambda target: collect(target, digest), targets))
    verdict = decide(policy, collected, trust, now=now)
    old = ""
    if not verdict.passed and policy.scan_max_age is not None:
        old = _too_old(verdict, policy)
        verdict = decide(replace(policy, scan_max_age=None), collected, trust, now=now)
    if not verdict.passed:
        raise unverified(
            verdict,
            f"{verdict.digest} does not verify, so no tag goes there",
            nothing="there is no evidence",
            hint=_what_to_do(verdict),
        )
    statements = list(root_statements(collected, verdict, trust))
    seals = (parse_summary(raw) for family, raw in statements if family is Family.SEAL)
    scans = [parse_scan(raw) for family, raw in statements if family is Family.SCAN]
    return Assurance(
        root=collected[0].image.root,
        checks=len(verdict.checks),
        versions=tuple(dict.fromkeys(seal.version for seal in seals if seal.version)),
        scan=max(scans, key=lambda scan: scan.finished, default=None),
        old=old,
    )


def _what_to_do(verdict: Verdict) -> str:
    """Return how to see why a release is not accepted; one that another key signed may have to be trusted again."""
    failed = verdict.failures()
    told = ["name another release with --to"]
    if failed:
        told.append(f"`{explaining(failed[0].target, verdict.digest)}` shows every check")
    if any(item.standing is Standing.UNTRUSTED for item in failed):
        told.append(
            "if the key was changed since, and the old one is still trusted, put its public key back under "
            "verify.keys, beside the new one"
        )
    return "; ".join(told)


def check_sealed_as(assurance: Assurance, to: Point) -> None:
    """Refuse an image that was sealed as another version than the tag says: somebody let an old image stand for it.

    Raises:
        AttestError: ``attest.wrong-subject``.
    """
    if to.version and assurance.versions and to.version not in assurance.versions:
        raise AttestError(
            Code.WRONG_SUBJECT,
            f"{to.version} names {to.digest}, which was sealed as {', '.join(assurance.versions)}",
            hint="a version tag was moved: find out by whom, and name another release with --to",
            context={"expected": to.version, "got": ", ".join(assurance.versions)},
        )


def check_age(assurance: Assurance, to: Point, *, allowed: bool) -> None:
    """Refuse a release whose scan is older than the policy allows, unless that is allowed.

    Raises:
        ReleaseError: ``scan.undecided``.
    """
    if assurance.old and not allowed:
        raise ReleaseError(
            Code.GATE_UNDECIDED,
            f"{to.label}: the scan in its evidence is too old to say that it is good enough today: {assurance.old}",
            hint="if going back is right all the same, say --allow-old-scan; it is recorded",
            context={"digest": to.digest},
        )


def _check_there(targets: Iterable[Target], digest: Digest) -> None:
    absent = [target.name for target in targets if target.resolve(digest) is None]
    if absent:
        raise ImageError(
            Code.IMAGE_NOT_FOUND,
            f"{digest} is not at {', '.join(absent)}: nothing was moved",
            hint="name another release with --to, or only the targets that have it with --target",
            context={"digest": digest, "targets": ", ".join(absent)},
        )


def _too_old(verdict: Verdict, policy: VerifyPolicy) -> str:
    told = (
        f"expected {item.expected}, got: {item.got}"
        for item in verdict.failures()
        if item.standing is Standing.TOO_OLD
    )
    return next(told, f"expected a scan of the last {policy.scan_age}")


def root_statements(
    collected: Iterable[Collected], verdict: Verdict, trust: Trust
) -> Iterable[tuple[Family, bytes]]:
    """Return the predicates of the root's seals and scans that count by themselves, each once."""
    raws: Mapping[Digest, bytes] = {
        found.digest: found.raw
        for one in collected
        for found in one.evidence.get(verdict.digest, ())
    }
    wanted = {
        item.bundle: family
        for item in verdict.looked_at
        if item.standing is Standing.PRESENT
        and item.subject == verdict.digest
        and (family := family_of(item.predicate_type)) in (Family.SEAL, Family.SCAN)
    }
    for bundle, family in wanted.items():
        if family and bundle in raws:
            yield family, trust.verify(raws[bundle]).statement.predicate
