"""Attest: sign what is not signed, store what is not stored (S3, S6). Nothing is done twice.

Order: every attestation but the seal is signed and put to every target and store; then the seal, which names those by
digest. So whoever finds a seal finds all that it stands on, and a runner that takes over never makes a second one.
Referrers of one subject are written one after another, because registries without the referrers API keep them in one
tag, and two writers would lose one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from shipseal.attest.interface import Signer
from shipseal.build.interface import BuiltImage
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import put_artifact
from shipseal.evidence.interface import EvidenceStore, Placed
from shipseal.intoto.predicates import Family
from shipseal.intoto.statement import parse_statement
from shipseal.intoto.summary import SealedInput, SealFacts, parse_summary
from shipseal.oci import Digest, RawManifest, parse_digest
from shipseal.oci import media_types as mt
from shipseal.registry.interface import Target
from shipseal.release.context import Context
from shipseal.release.places import public_name
from shipseal.release.records import EvidenceRecord, PlacementRecord, StatementRecord
from shipseal.release.statements import Speaker
from shipseal.release.steps.prepare import record_statement
from shipseal.release.workers import workers

SIGNATURES = 16
"""At once: signing waits for a log that answers once a second, however many ask, and takes neither core nor disk."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """One subject at one store, and the evidence that belongs there.

    What the journal calls stored is put again: a store that has it says so at once, and one that lost it gets it back.
    """

    store: EvidenceStore
    subject: RawManifest
    evidence: tuple[tuple[EvidenceRecord, bytes], ...]


def attest(ctx: Context, built: BuiltImage, signer: Signer) -> None:
    """Sign and store all evidence.

    Raises:
        AttestError: signing failed.
        ShipsealError: a store refused or could not be reached.
    """
    # Opened once: a store remembers the entries that it has read, and they are listed again for every bundle.
    stores = ctx.stores()
    with ctx.step("sign"), workers(ctx.cancel, SIGNATURES, "sign") as pool:
        statements = [
            record
            for record in ctx.ledger.state.statements.values()
            if record.family != Family.SEAL
        ]
        list(pool.map(partial(_sign, ctx, signer), statements))
    with workers(ctx.cancel, ctx.rules.parallel, "attest") as pool:
        with ctx.step("store evidence"):
            errands = _errands(ctx, built, stores, statements)
            list(pool.map(_check, errands))
            list(pool.map(partial(_place_full, ctx, built), ctx.parts.targets))
            list(pool.map(partial(_place, ctx), errands))
        with ctx.step("seal"):
            seal = _seal(ctx, built, statements)
            _sign(ctx, signer, seal)
            list(pool.map(partial(_place, ctx), _errands(ctx, built, stores, [seal])))


def _sign(ctx: Context, signer: Signer, record: StatementRecord) -> None:
    ctx.cancel.check()
    known = ctx.ledger.state.evidence.get(record.key)
    if (
        known
        and known.statement == record.statement
        and ctx.parts.blobs.has(parse_digest(known.bundle))
    ):
        return
    bundle = signer.sign(ctx.parts.blobs.read(parse_digest(record.statement)))
    # The bundle is on disk before the journal names it: a crash in between signs again, and stores nothing twice.
    ctx.parts.blobs.put(bundle.raw)
    evidence = EvidenceRecord(
        key=record.key,
        family=record.family,
        platform=record.platform,
        predicate_type=record.predicate_type,
        statement=record.statement,
        bundle=bundle.digest,
        subjects=record.subjects,
    )
    ctx.ledger.record("evidence.signed", evidence)


def _seal(
    ctx: Context, built: BuiltImage, statements: Sequence[StatementRecord]
) -> StatementRecord:
    """Return the seal's statement; one over the same attestations under the same policy is kept as it is."""
    state = ctx.ledger.state
    inputs = tuple(
        SealedInput(parse_digest(state.evidence[record.key].bundle), record.predicate_type)
        for record in statements
    )
    if (sealed := state.statements.get(str(Family.SEAL))) and _still_right(ctx, sealed, inputs):
        return sealed
    plan = state.plan
    facts = SealFacts(
        verifier_version=ctx.origin.shipseal_version,
        verified=ctx.parts.clock.now(),
        resource_uri=_resource_uri(ctx, built.image.digest),
        policy_uri=ctx.rules.policy_uri,
        policy_digest=Digest(ctx.rules.policy_digest),
        inputs=inputs,
        release={
            "id": plan.release if plan else "",
            "version": ctx.request.version,
            **{f"sbom {name}": one.spdx for name, one in sorted(state.catalogues.items())},
        },
        break_glass=state.glass.sealed() if state.glass else None,
    )
    return record_statement(ctx, Speaker(built.image, ctx.image_name).seal(facts))


def _still_right(ctx: Context, sealed: StatementRecord, inputs: Iterable[SealedInput]) -> bool:
    digest = parse_digest(sealed.statement)
    if not ctx.parts.blobs.has(digest):
        return False
    seal = parse_summary(parse_statement(ctx.parts.blobs.read(digest)).predicate)
    same_inputs = set(seal.inputs) == {item.digest for item in inputs}
    glass = ctx.ledger.state.glass
    same_glass = seal.break_glass == (glass.sealed() if glass else None)
    return same_inputs and same_glass and ctx.rules.policy_digest in seal.policy_digests


def _resource_uri(ctx: Context, digest: Digest) -> str:
    return f"{public_name(ctx.parts.targets)}@{digest}"


def _errands(
    ctx: Context,
    built: BuiltImage,
    stores: Sequence[EvidenceStore],
    statements: Iterable[StatementRecord],
) -> list[_Errand]:
    """Return what to store of the signed ``statements``; each bundle is read once, however many stores want it."""
    signed = [ctx.ledger.state.evidence[record.key] for record in statements]
    bundles = [(record, ctx.parts.blobs.read(parse_digest(record.bundle))) for record in signed]
    return [
        _Errand(
            store,
            subject,
            tuple(item for item in bundles if subject.digest in item[0].subjects),
        )
        for store in stores
        for subject in built.image.subjects()
    ]


def _check(errand: _Errand) -> None:
    """Make sure that a store will take everything, before any store is given anything."""
    for _, raw in errand.evidence:
        errand.store.check(raw)


def _place(ctx: Context, errand: _Errand) -> None:
    for record, raw in errand.evidence:
        ctx.cancel.check()
        placed = errand.store.put(errand.subject, raw, predicate_type=record.predicate_type)
        _note(ctx, record.key, errand.subject.digest, record.bundle, placed)


def _place_full(ctx: Context, built: BuiltImage, target: Target) -> None:
    """Put each platform's full SBOM beside its image: the signed evidence names it by digest."""
    for image in built.image.platforms:
        catalogue = ctx.ledger.state.catalogues[str(image.platform)]
        key = f"full sbom {image.platform}"
        ctx.cancel.check()
        digest = parse_digest(catalogue.spdx)
        content = Content.of_blob(ctx.parts.blobs, digest, catalogue.spdx_size, mt.SPDX_JSON)
        label = f"{target.name} full SBOM {image.platform}"
        transfer = ctx.parts.reporter.transfer(label, catalogue.spdx_size)
        content = replace(content, transfer=transfer)
        stored = put_artifact(target, image.manifest.source, content, artifact_type=mt.SPDX_JSON)
        transfer.done()
        placed = Placed(target.name, stored.manifest, "stored")
        _note(ctx, key, image.digest, catalogue.spdx, placed)


def _note(ctx: Context, key: str, subject: str, content: str, placed: Placed) -> None:
    known = ctx.ledger.state.placed.get((key, subject, placed.store))
    if known is None or (known.content, known.where) != (content, placed.where):
        record = PlacementRecord(key, subject, placed.store, placed.where, placed.answer, content)
        ctx.ledger.record("evidence.placed", record)
