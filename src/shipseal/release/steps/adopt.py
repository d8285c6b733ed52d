"""Adopt: find what an earlier runner of this very release signed, where this runner's journal lacks it (invariant 7).

Only what is signed counts: a bundle is adopted when the release's own policy trusts its signature and it says that it
belongs to this release (its id stands in provenance, scan and seal; SBOMs are those that the scans name). A whole set
makes cataloguing and scanning superfluous; of a part, each piece that is still right is kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipseal.build.interface import BuiltImage
from shipseal.errors import AttestError
from shipseal.evidence.artifacts import find_artifacts
from shipseal.evidence.interface import StoredEvidence
from shipseal.intoto.predicates import Family, family_of
from shipseal.intoto.provenance import github_provenance_predicate
from shipseal.intoto.statement import decode_predicate
from shipseal.intoto.summary import parse_summary
from shipseal.intoto.vuln import parse_scan
from shipseal.oci import Digest, digest_of
from shipseal.oci import media_types as mt
from shipseal.release.context import Context
from shipseal.release.records import (
    CatalogueRecord,
    EvidenceRecord,
    GateRecord,
    OverrideRecord,
    PlacementRecord,
    ScanRecord,
    StatementRecord,
)
from shipseal.release.statements import Speaker
from shipseal.release.steps.record import find_records
from shipseal.spdx.document import read_document


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A genuine bundle, and where it was found."""

    family: Family
    platform: str
    found: StoredEvidence
    statement: bytes
    predicate: bytes
    predicate_type: str
    subjects: tuple[Digest, ...]

    @property
    def key(self) -> str:
        return f"{self.family} {self.platform}".strip()


def adopt(ctx: Context, built: BuiltImage) -> None:
    """Take over what an earlier runner did for this image, as far as the journal here knows nothing of it.

    That is all of it on a fresh machine; another one may have gone on meanwhile, or the end of the journal been lost.

    Raises:
        ShipsealError: a target could not be read.
    """
    state = ctx.ledger.state
    keys = Speaker(built.image, ctx.image_name).keys() | {str(Family.SEAL)}
    if keys <= state.evidence.keys() or state.plan is None:
        return
    candidates = list(_candidates(ctx, built))
    # Seals under today's policy first: one of an older policy may lie beside it.
    candidates.sort(key=lambda one: not _is_sealed_today(ctx, one))
    found = _belonging(candidates, state.plan.release, _own_build(ctx), state.evidence)
    chosen = {key: one for key, one in found.items() if key not in state.evidence}
    if not chosen:
        return
    with ctx.step("adopt"):
        _tell_records(ctx, built, state.plan.release)
        for candidate in chosen.values():
            _record(ctx, candidate)
        for candidate in candidates:
            _record_place(ctx, candidate, chosen)
        if _same_policy(ctx, found) and not state.gate_stands(
            ctx.rules.policy_digest, ctx.parts.clock.now()
        ):
            _adopt_catalogues(ctx, built, found)
        ctx.ledger.record("adoption.done", pieces=len(chosen))


def _candidates(ctx: Context, built: BuiltImage) -> Iterator[_Candidate]:
    platforms = {image.digest: str(image.platform) for image in built.image.platforms}
    for store in ctx.stores():
        for subject in built.image.subjects():
            for found in store.find(subject.digest):
                candidate = _read(ctx, found, platforms)
                if candidate:
                    yield candidate


def _read(
    ctx: Context, found: StoredEvidence, platforms: Mapping[Digest, str]
) -> _Candidate | None:
    if found.problem:
        return None
    try:
        statement = ctx.rules.trust.verify(found.raw).statement
    except AttestError:
        return None
    family = family_of(statement.predicate_type)
    if family is None or not statement.covers(found.subject):
        return None
    shared = family in (Family.PROVENANCE, Family.SEAL, Family.VEX)
    return _Candidate(
        family=family,
        platform="" if shared else platforms.get(found.subject, ""),
        found=found,
        statement=statement.raw,
        predicate=statement.predicate,
        predicate_type=statement.predicate_type,
        subjects=tuple(subject.digest for subject in statement.subjects),
    )


def _own_build(ctx: Context) -> Mapping[str, Any] | None:
    """Return what GitHub's provenance of this job would say of the build; None outside GitHub Actions.

    Its predicate has no place for the release's id: the same workflow, commit and event are the same build, whichever
    attempt ran it.
    """
    if not ctx.origin.github:
        return None
    found: Mapping[str, Any] = github_provenance_predicate(ctx.origin.github)["buildDefinition"]
    return found


def _belonging(
    candidates: Sequence[_Candidate],
    release: str,
    own_build: Mapping[str, Any] | None,
    own: Mapping[str, EvidenceRecord],
) -> dict[str, _Candidate]:
    """Return the pieces of this release by key: those that a seal of it names, if it names all; else what there is.

    Of a seal that stands on another piece than ``own`` ones, nothing counts: there is a newer piece here.
    """
    mark = f'"{release}"'.encode()
    for seal in candidates:
        if seal.family is Family.SEAL and mark in seal.predicate:
            inputs = set(parse_summary(seal.predicate).inputs)
            named = {one.key: one for one in candidates if one.found.digest in inputs}
            whole = {one.found.digest for one in named.values()} == inputs
            if whole and all(_agrees(one, own) for one in named.values()):
                return {**named, seal.key: seal}
    return _unsealed(candidates, mark, own_build)


def _agrees(candidate: _Candidate, own: Mapping[str, EvidenceRecord]) -> bool:
    known = own.get(candidate.key)
    return known is None or known.bundle == candidate.found.digest


def _unsealed(
    candidates: Sequence[_Candidate], mark: bytes, own_build: Mapping[str, Any] | None
) -> dict[str, _Candidate]:
    """Return what was signed before a seal was made: provenance and scans by the id, SBOMs by the scans."""
    chosen: dict[str, _Candidate] = {}
    for candidate in candidates:
        if candidate.family in (Family.PROVENANCE, Family.SCAN) and (
            mark in candidate.predicate or _is_build(candidate, own_build)
        ):
            chosen.setdefault(candidate.key, candidate)
    scanned = {
        digest
        for candidate in chosen.values()
        if candidate.family is Family.SCAN
        for digest in parse_scan(candidate.predicate).sboms
    }
    for candidate in candidates:
        if candidate.family is Family.SBOM and _names_any(candidate, scanned):
            chosen.setdefault(candidate.key, candidate)
    return chosen


def _is_build(candidate: _Candidate, own_build: Mapping[str, Any] | None) -> bool:
    if own_build is None or candidate.family is not Family.PROVENANCE:
        return False
    said = decode_predicate(candidate.predicate, what="provenance").get("buildDefinition")
    return said == own_build


def _names_any(candidate: _Candidate, sboms: Iterable[Digest]) -> bool:
    if digest_of(candidate.predicate) in set(sboms):
        return True
    return any(digest.removeprefix("sha256:").encode() in candidate.predicate for digest in sboms)


def _tell_records(ctx: Context, built: BuiltImage, release: str) -> None:
    """Note for people what an earlier runner's record says; it is signed by nobody, and nothing is done by it."""
    for record in find_records(ctx.parts.targets, built.image.digest, release):
        ctx.ledger.record("record.found", status=record.status, before=record.before)


def _same_policy(ctx: Context, chosen: Mapping[str, _Candidate]) -> bool:
    """Return whether the seal was made under the policy of today: only then does its gate stand."""
    seal = chosen.get(str(Family.SEAL))
    return seal is not None and _is_sealed_today(ctx, seal)


def _is_sealed_today(ctx: Context, candidate: _Candidate) -> bool:
    """Return whether it is a seal under the policy that is in force now."""
    if candidate.family is not Family.SEAL:
        return False
    return ctx.rules.policy_digest in parse_summary(candidate.predicate).policy_digests


def _record(ctx: Context, candidate: _Candidate) -> None:
    blobs = ctx.parts.blobs
    statement, bundle = blobs.put(candidate.statement), blobs.put(candidate.found.raw)
    ctx.ledger.record(
        "statement.made",
        StatementRecord(
            key=candidate.key,
            family=str(candidate.family),
            platform=candidate.platform,
            predicate_type=candidate.predicate_type,
            statement=statement,
            size=len(candidate.statement),
            subjects=candidate.subjects,
            note="signed by an earlier runner of this release",
        ),
    )
    ctx.ledger.record(
        "evidence.signed",
        EvidenceRecord(
            key=candidate.key,
            family=str(candidate.family),
            platform=candidate.platform,
            predicate_type=candidate.predicate_type,
            statement=statement,
            bundle=bundle,
            subjects=candidate.subjects,
            adopted=True,
        ),
    )


def _record_place(ctx: Context, candidate: _Candidate, chosen: Mapping[str, _Candidate]) -> None:
    known = chosen.get(candidate.key)
    if known and known.found.digest == candidate.found.digest:
        found = candidate.found
        record = PlacementRecord(
            candidate.key, found.subject, found.store, found.where, "exists", found.digest
        )
        ctx.ledger.record("evidence.placed", record)


def _adopt_catalogues(ctx: Context, built: BuiltImage, chosen: Mapping[str, _Candidate]) -> None:
    """Take the full SBOMs that the signed scans name from a target, and the gate's outcome from the scans.

    A gate that refused is taken over with the break-glass record of the seal, while that lasts.
    """
    records, gates = [], set()
    glass = parse_summary(chosen[str(Family.SEAL)].predicate).break_glass
    override = OverrideRecord.of(glass) if glass else None
    lasting = override if override and override.lasts(ctx.parts.clock.now()) else None
    for image in built.image.platforms:
        scan = chosen.get(f"{Family.SCAN} {image.platform}")
        said = parse_scan(scan.predicate).gate if scan else ""
        if said != "pass" and not (lasting and said in lasting.overrides):
            return
        gates.add(said)
        record = scan and _full_sbom(ctx, image.digest, str(image.platform), scan)
        if not record or f"{Family.SBOM} {image.platform}" not in chosen:
            return
        records.append(record)
    for record in records:
        ctx.ledger.record("sbom.made", record)
        ctx.ledger.record("scan.done", _scan(record, chosen[f"{Family.SCAN} {record.platform}"]))
    outcome = next(iter(gates)) if len(gates) == 1 else "fail"
    told = f"{outcome}, as the signed scans say"
    gate = GateRecord(outcome, "", told, _digests(records), ctx.rules.policy_digest)
    ctx.ledger.record("gate.decided", gate)
    if lasting:
        ctx.ledger.record("gate.overridden", lasting)


def _scan(record: CatalogueRecord, scan: _Candidate) -> ScanRecord:
    """Return what the signed scan of a platform says was found."""
    scanner = decode_predicate(scan.predicate, what="scan").get("scanner", {})
    counts = scanner.get("result", {}).get("counts", {})
    return ScanRecord(
        platform=record.platform,
        sbom=record.spdx,
        results="",
        raw="",
        counts={str(name): int(count) for name, count in counts.items()},
        scanner=str(scanner.get("result", {}).get("scanner", "")),
        choice="an earlier runner scanned",
    )


def _digests(records: Sequence[CatalogueRecord]) -> tuple[str, ...]:
    return tuple(sorted(record.spdx for record in records))


def _full_sbom(
    ctx: Context, subject: Digest, platform: str, scan: _Candidate
) -> CatalogueRecord | None:
    summary = parse_scan(scan.predicate)
    for target in ctx.parts.targets:
        for artifact in find_artifacts(target, subject, mt.SPDX_JSON):
            content = artifact.content
            if content.digest not in summary.sboms:
                continue
            chunks = target.open_blob(content)
            ctx.parts.blobs.put_stream(chunks, content.digest, content.size, what=target.name)
            document = read_document(ctx.parts.blobs.read(content.digest), what=target.name)
            return CatalogueRecord(
                platform=platform,
                subject=subject,
                spdx=content.digest,
                spdx_size=content.size,
                native=content.digest,
                packages=len(document.contents),
                tool="an earlier runner",
                cached=True,
                seconds=0.0,
                incomplete=(),
            )
    return None
