"""Verify before promotion: read the evidence back from every target, as a consumer would (invariant 6)."""

from functools import partial

from shipseal.build.interface import BuiltImage
from shipseal.errors import AttestError, Code
from shipseal.evidence.collect import collect
from shipseal.evidence.interface import Collected
from shipseal.registry.interface import Target
from shipseal.release.context import Context
from shipseal.release.workers import workers
from shipseal.verify.decide import decide
from shipseal.verify.verdict import Verdict


def verify(ctx: Context, built: BuiltImage) -> Verdict:
    """Return the verdict over all targets, which is positive.

    Raises:
        AttestError: it is not; the first item that does not count is named.
        ShipsealError: a target could not be read.
    """
    with ctx.step("verify"):
        with workers(ctx.cancel, ctx.rules.parallel, "verify") as pool:
            read = partial(_read_back, ctx, built)
            collected = list(pool.map(read, ctx.parts.targets))
        verdict = decide(
            ctx.rules.verify, collected, trust=ctx.rules.trust, now=ctx.parts.clock.now()
        )
        ctx.ledger.record(
            "release.verified",
            outcome="pass" if verdict.passed else "fail",
            checks=len(verdict.checks),
        )
        if not verdict.passed:
            raise _refusal(verdict)
    return verdict


def _read_back(ctx: Context, built: BuiltImage, target: Target) -> Collected:
    own = [store for store in ctx.stores() if store.name == target.name]
    return collect(target, built.image.digest, stores=own)


def _refusal(verdict: Verdict) -> AttestError:
    failed = verdict.failures()
    told = "; ".join(
        f"{item.family} of {item.platform} at {item.target}: {item.standing}"
        + (f", expected {item.expected}" if item.expected else "")
        + (f", got {item.got}" if item.got else "")
        for item in failed[:3]
    )
    return AttestError(
        failed[0].standing.code if failed else Code.ATTEST_MISSING,
        f"the evidence that was just stored does not verify: {told or 'there is none'}"
        + (f" (and {len(failed) - 3} more)" if len(failed) > 3 else ""),
        hint="nothing is public: `shipseal verify --explain` on the digest shows every check",
        context={"failed": str(len(failed))},
    )
