"""Prepare: make every statement but the seal, check its size, and note it. Nothing is signed: a dry run ends here.

A statement is noted by the digest of its bytes before anything is signed, so that a resumed release signs the same
bytes, and a local key makes the same bundle of them.
"""

from collections.abc import Sequence

from shipseal._internal.clock import parse_rfc3339
from shipseal.build.interface import BuiltImage
from shipseal.errors import Code, SbomError
from shipseal.intoto.predicates import Family
from shipseal.intoto.provenance import ProvenanceFacts, SourceFacts
from shipseal.intoto.resource import Resource
from shipseal.intoto.statement import parse_statement
from shipseal.intoto.vuln import parse_scan
from shipseal.oci import Digest, parse_digest
from shipseal.registry.interface import Target
from shipseal.release.context import Context
from shipseal.release.facts import index_scan_facts, scan_facts
from shipseal.release.records import ImageRecord, StatementRecord
from shipseal.release.statements import Made, Speaker
from shipseal.release.steps.assess import Assessment
from shipseal.sbom.index_level import index_document
from shipseal.sbom.interface import Catalogue
from shipseal.spdx.trim import TrimResult, trim


def prepare(ctx: Context, built: BuiltImage, assessment: Assessment) -> None:
    """Make and record all statements of the release except its seal.

    Raises:
        SbomError: ``sbom.too-large`` when an SBOM cannot even be attested by reference.
        ConfigError: GitHub's environment is incomplete.
    """
    with ctx.step("statements"):
        speaker = Speaker(built.image, ctx.image_name)
        for made in (
            _provenance(ctx, built, speaker),
            *_sboms(ctx, speaker, assessment.catalogues),
            *_scans(ctx, speaker, assessment),
        ):
            if not _is_signed_already(ctx, made, assessment):
                record_statement(ctx, made)


def _is_signed_already(ctx: Context, made: Made, assessment: Assessment) -> bool:
    """Return whether an earlier run signed what says the same with other times: it is kept, not signed again."""
    evidence = ctx.ledger.state.evidence.get(made.key)
    if evidence is None or not evidence.adopted:
        return False
    if made.family is Family.PROVENANCE:
        return True
    if made.family is not Family.SCAN:
        return False
    known = parse_statement(ctx.parts.blobs.read(parse_digest(evidence.statement)))
    scanned = {
        catalogue.spdx
        for catalogue in assessment.catalogues
        if made.platform in ("", str(catalogue.platform))
    }
    return set(parse_scan(known.predicate).sboms) == scanned


def record_statement(ctx: Context, made: Made) -> StatementRecord:
    """Keep the statement's bytes in the evidence folder and note them."""
    record = StatementRecord(
        key=made.key,
        family=str(made.family),
        platform=made.platform,
        predicate_type=made.predicate_type,
        statement=ctx.parts.blobs.put(made.raw),
        size=len(made.raw),
        subjects=made.subjects,
        note=made.note,
    )
    if ctx.ledger.state.statements.get(made.key) != record:
        ctx.ledger.record("statement.made", record)
    if made.note:
        ctx.parts.reporter.note(f"{made.key}: {made.note}")
    return record


def _provenance(ctx: Context, built: BuiltImage, speaker: Speaker) -> Made:
    if ctx.origin.github:
        return speaker.provenance(dict(ctx.origin.github))
    image = ctx.ledger.state.image
    if image is None:
        raise AssertionError("the image is recorded before its provenance is made")
    return speaker.provenance(_facts(ctx, built, image))


def _facts(ctx: Context, built: BuiltImage, image: ImageRecord) -> ProvenanceFacts:
    git, origin, plan = ctx.origin.git, ctx.origin, ctx.ledger.state.plan
    source = SourceFacts(git.commit, git.dirty, git.ref, git.remote) if git.commit else None
    return ProvenanceFacts(
        image=ctx.image_name,
        version=ctx.request.version,
        platforms=tuple(image.platforms),
        builder=origin.builder,
        config_digest=Digest(origin.config_digest),
        started=parse_rfc3339(image.started),
        finished=parse_rfc3339(image.finished),
        shipseal_version=origin.shipseal_version,
        source=source,
        dependencies=tuple(
            Resource(uri=item.uri, digest=dict(item.digest), name=item.name)
            for item in built.materials
        ),
        builder_versions={origin.builder: built.builder} if built.builder else {},
        invocation_id=plan.release if plan else "",
    )


def _sboms(ctx: Context, speaker: Speaker, catalogues: Sequence[Catalogue]) -> Sequence[Made]:
    blobs = ctx.parts.blobs
    made = []
    for catalogue in catalogues:
        document = blobs.read(catalogue.spdx)
        result = trim(document, ctx.rules.predicate_limit, full_digest=catalogue.spdx)
        made.append(_sbom(ctx, speaker, catalogue, result))
    if speaker.has_index:
        document = index_document(
            speaker.image, catalogues, blobs, name=ctx.image_name, version=ctx.request.version
        )
        made.append(speaker.sbom("", document, ""))
    return made


def _sbom(ctx: Context, speaker: Speaker, catalogue: Catalogue, result: TrimResult) -> Made:
    platform = str(catalogue.platform)
    if result.fits:
        return speaker.sbom(platform, result.raw, _told(result, catalogue, ctx))
    location = _location(ctx.parts.targets, catalogue.spdx)
    if not location:
        raise SbomError(
            Code.SBOM_TOO_LARGE,
            f"SBOM of {platform}: {result.size} bytes after trimming everything that may go, "
            f"the limit is {ctx.rules.predicate_limit}, and there is no target to refer to",
            hint="shipseal sbom size shows what is large; add a registry as target, or raise sbom.fit",
        )
    note = (
        f"{result.size} bytes after trimming, more than {ctx.rules.predicate_limit} "
        f"({ctx.rules.predicate_store}): attested by reference to the full SBOM {catalogue.spdx}"
    )
    return speaker.sbom_reference(platform, catalogue.spdx, location, note)


def _told(result: TrimResult, catalogue: Catalogue, ctx: Context) -> str:
    if not result.dropped:
        return ""
    steps = ", ".join(dict.fromkeys(str(item.step) for item in result.dropped))
    return (
        f"trimmed from {catalogue.spdx_size} to {result.size} bytes for {ctx.rules.predicate_store} ({steps}); "
        f"the full SBOM {catalogue.spdx} lies beside the image"
    )


def _location(targets: Sequence[Target], digest: Digest) -> str:
    """Return where the full SBOM can be fetched: a blob of the first registry, else of the first layout."""
    for target in targets:
        if target.registry:
            return f"https://{target.registry}/v2/{target.repository}/blobs/{digest}"
    return f"{targets[0].name}/blobs/{digest.replace(':', '/')}" if targets else ""


def _scans(ctx: Context, speaker: Speaker, assessment: Assessment) -> Sequence[Made]:
    plan = ctx.ledger.state.plan
    release = plan.release if plan else ""
    made = [
        speaker.scan(str(report.platform), scan_facts(report, assessment.gate, release))
        for report in assessment.reports
    ]
    if speaker.has_index:
        facts = index_scan_facts(assessment.reports, assessment.gate, release)
        made.append(speaker.scan("", facts))
    return made
