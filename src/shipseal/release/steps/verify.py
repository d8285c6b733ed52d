"""Verify before promotion: read the evidence back from every target, as a consumer would (invariant 6).

The other stores (GitHub, folders) are read back, too: each must give what was verified at the targets.
"""

from collections.abc import Sequence
from functools import partial

from shipseal.build.interface import BuiltImage
from shipseal.errors import AttestError, Code
from shipseal.evidence.collect import collect
from shipseal.evidence.interface import Collected, EvidenceStore
from shipseal.evidence.payload import same_bundle
from shipseal.oci import parse_digest
from shipseal.registry.interface import Target
from shipseal.release.context import Context
from shipseal.release.unverified import explaining, unverified
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
        targets = {target.name for target in ctx.parts.targets}
        stores = ctx.stores()
        own = [store for store in stores if store.name in targets]
        further = [store for store in stores if store.name not in targets]
        with workers(ctx.cancel, ctx.rules.parallel, "verify") as pool:
            collected = list(pool.map(partial(_read_back, built, own), ctx.parts.targets))
            list(pool.map(partial(_compare, ctx, built), further))
        verdict = decide(
            ctx.rules.verify, collected, trust=ctx.rules.trust, now=ctx.parts.clock.now()
        )
        ctx.ledger.record(
            "release.verified",
            outcome="pass" if verdict.passed else "fail",
            checks=len(verdict.checks),
        )
        if not verdict.passed:
            raise unverified(
                verdict,
                "the evidence that was just stored does not verify",
                nothing="there is none",
                hint="nothing is public: "
                f"`{explaining(ctx.parts.targets[0].name, verdict.digest)}` shows every check",
            )
    return verdict


def _read_back(built: BuiltImage, stores: Sequence[EvidenceStore], target: Target) -> Collected:
    own = [store for store in stores if store.name == target.name]
    return collect(target, built.image.digest, stores=own)


def _compare(ctx: Context, built: BuiltImage, store: EvidenceStore) -> None:
    """Make sure that a store besides the targets gives back every bundle: those are what was verified at the targets.

    Raises:
        AttestError: ``service.outage``: it took a bundle, and does not have it.
    """
    for subject in built.image.subjects():
        found = {item.digest: item.raw for item in store.find(subject.digest) if not item.problem}
        for record in ctx.ledger.state.evidence.values():
            # Stores that keep bytes have it by its digest; only what was spelled anew must be read to be compared.
            if subject.digest not in record.subjects or record.bundle in found:
                continue
            wanted = ctx.parts.blobs.read(parse_digest(record.bundle))
            if not any(same_bundle(raw, wanted) for raw in found.values()):
                raise AttestError(
                    Code.SERVICE_OUTAGE,
                    f"{store.name}: took the {record.key} of {subject.digest} and does not give it back",
                    hint="a store may need some time until it lists what it took",
                    context={"store": store.name, "bundle": record.bundle},
                    retryable=True,
                )
