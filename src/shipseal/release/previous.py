"""What the previous release had, so that the gate can tell what is new.

That is the highest public version below this one at the first target: its scan is read from its evidence there, and
counts only if that release verifies by today's policy. Where no version is public, the newest release of this machine
that is done stands for it. An old scan is no reason against it: it says what was known then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from shipseal.errors import AttestError
from shipseal.evidence.collect import collect
from shipseal.gate.previous import PastFinding, Previous
from shipseal.intoto.predicates import Family
from shipseal.intoto.vuln import FindingFacts, parse_findings
from shipseal.oci import Digest
from shipseal.registry.interface import Target
from shipseal.release.context import Context
from shipseal.release.departures import departure_from
from shipseal.release.known import Known
from shipseal.release.result import Status
from shipseal.release.rollback.assure import root_statements
from shipseal.release.tags import TagRule, version_tags
from shipseal.release.version import Version
from shipseal.verify.decide import decide
from shipseal.verify.policy import TargetRule


def previous_release(ctx: Context, digest: Digest) -> Previous | None:
    """Return what new findings are told by; None when there is nothing to compare with, so that all is new.

    Args:
        ctx: the release that asks.
        digest: of its image: no release is compared with itself.

    Raises:
        ShipsealError: a target could not be read.
    """
    if ctx.rules.since:
        return ctx.rules.since
    found = None if ctx.mode.fork else _public(ctx, ctx.parts.targets[0], digest)
    return found or ctx.parts.earlier()


def _public(ctx: Context, target: Target, digest: Digest) -> Previous | None:
    for version, tag in _below(ctx, target):
        named = target.resolve(tag)
        if named is None or named.digest == digest:
            continue
        if left := _left(ctx, target, named.digest, version):
            ctx.parts.reporter.note(f"gate.new_only: {version} is passed over: {left}")
            continue
        return _verified(ctx, target, named.digest, version)
    return None


def _below(ctx: Context, target: Target) -> Iterator[tuple[str, str]]:
    """Yield the final versions that are public and lower than this one, the highest first, each with its tag."""
    rules = [TagRule(tag.template, None if tag.immutable else tag.move) for tag in ctx.rules.tags]
    own = Version.parse(ctx.request.version)
    for version, tag in version_tags(rules, target.list_tags()).items():
        parsed = Version.parse(version)
        if own and parsed and parsed < own and not parsed.prerelease:
            yield version, tag


def _left(ctx: Context, target: Target, digest: Digest, version: str) -> str:
    """Return why people should not be on this version: a rollback took a tag from it."""
    moving = [tag.name for tag in ctx.rules.tags if not tag.immutable]
    left = next((tag for tag in moving if departure_from(target, digest, version, tag)), "")
    return f"{left} was rolled back from it" if left else ""


def _verified(ctx: Context, target: Target, digest: Digest, version: str) -> Previous | None:
    policy = replace(ctx.rules.verify, targets=TargetRule.ANY, scan_max_age=None)
    collected = [collect(target, digest)]
    verdict = decide(policy, collected, ctx.rules.trust, now=ctx.parts.clock.now())
    if not verdict.passed:
        ctx.parts.reporter.note(
            f"gate.new_only: {version} ({digest}) does not verify, so nothing is compared with it: all is new"
        )
        return None
    found: list[PastFinding] = []
    try:
        for family, raw in root_statements(collected, verdict, ctx.rules.trust):
            if family is Family.SCAN:
                found += _past(parse_findings(raw))
    except AttestError as error:
        ctx.parts.reporter.note(f"gate.new_only: the scan of {version}: {error.message}")
        return None
    return Previous.of(f"release {version} ({digest})", found)


def _past(findings: Iterable[FindingFacts]) -> Iterator[PastFinding]:
    for finding in findings:
        for platform in finding.platforms:
            yield PastFinding(platform, frozenset({finding.id}), finding.type, finding.package)


def newest_done(releases: Iterable[Known], image: str, version: str) -> Known | None:
    """Return the newest release of ``image`` that is done, of a lower version than this, and was not rolled back.

    Args:
        releases: those of this machine.
        image: its name.
        version: what is being released: another run of it is no previous release. Of versions without an order, any
            other is one.
    """
    found = [
        one
        for one in releases
        if one.state.plan
        and one.state.plan.image == image
        and _is_before(one.state.plan.version, version)
        and one.state.status == Status.DONE
        and one.state.rolled_back is None
        and one.state.scans
    ]
    return max(found, key=lambda one: one.state.last, default=None)


def _is_before(version: str, own: str) -> bool:
    left, right = Version.parse(version), Version.parse(own)
    return left < right if left and right else version != own
