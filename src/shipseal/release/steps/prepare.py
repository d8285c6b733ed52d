"""Prepare: make every statement but the seal, check its size, and note it. Nothing is signed: a dry run ends here.

A statement is noted by the digest of its bytes before anything is signed, so that a resumed release signs the same
bytes, and a local key makes the same bundle of them.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from shipseal._internal.clock import parse_rfc3339
from shipseal.build.interface import BuiltImage
from shipseal.ignores.vex.openvex import openvex_document
from shipseal.ignores.vex.statements import statements_of
from shipseal.intoto.predicates import Family
from shipseal.intoto.provenance import ProvenanceFacts, SourceFacts
from shipseal.intoto.resource import Resource, digest_set
from shipseal.intoto.statement import decode_predicate, parse_statement
from shipseal.intoto.vuln import parse_scan
from shipseal.oci import Digest, parse_digest
from shipseal.oci import media_types as mt
from shipseal.release.context import Context
from shipseal.release.facts import ScanTeller
from shipseal.release.places import blob_location
from shipseal.release.records import ImageRecord, StatementRecord
from shipseal.release.statements import Made, Speaker
from shipseal.release.steps.assess import Assessment, vex_names
from shipseal.sbom.index_level import index_document
from shipseal.sbom.interface import Catalogue
from shipseal.spdx.trim import TrimResult, trim

BUILDER = "builder"
# As verifiers allow (verify/families.py): a scan that ended later than that tells of a clock that was wrong.
_CLOCK_SKEW = timedelta(minutes=10)


def prepare(ctx: Context, built: BuiltImage, assessment: Assessment) -> None:
    """Make and record all statements of the release except its seal.

    Raises:
        ConfigError: GitHub's environment is incomplete.
    """
    with ctx.step("statements"):
        speaker = Speaker(built.image, ctx.image_name)
        for made in (
            _provenance(ctx, built, speaker, assessment.catalogues),
            *_sboms(ctx, speaker, assessment.catalogues),
            *_scans(ctx, speaker, assessment),
            *_vex(ctx, built, speaker, assessment),
        ):
            if not _is_signed_already(ctx, made):
                record_statement(ctx, made)


def _is_signed_already(ctx: Context, made: Made) -> bool:
    """Return whether an earlier runner signed what says the same with other times: it is kept, not signed again."""
    evidence = ctx.ledger.state.evidence.get(made.key)
    if evidence is None or not evidence.adopted:
        return False
    if made.family is Family.PROVENANCE:
        return True
    known = parse_statement(ctx.parts.blobs.read(parse_digest(evidence.statement)))
    if made.family is Family.VEX:
        return _vex_id(known.predicate) == _vex_id(parse_statement(made.raw).predicate)
    if made.family is not Family.SCAN or not is_fresh(ctx, made.key):
        return False
    return _found(known.predicate) == _found(parse_statement(made.raw).predicate)


def is_fresh(ctx: Context, key: str) -> bool:
    """Return whether a signed scan is young enough for the policy that will be held against it."""
    evidence, most = ctx.ledger.state.evidence.get(key), ctx.rules.verify.scan_max_age
    if evidence is None or most is None:
        return True
    statement = parse_statement(ctx.parts.blobs.read(parse_digest(evidence.statement)))
    return -_CLOCK_SKEW <= ctx.parts.clock.now() - parse_scan(statement.predicate).finished < most


def _found(predicate: bytes) -> object:
    """Return what a scan found and decided, without when."""
    return decode_predicate(predicate, what="scan").get("scanner", {}).get("result")


def _vex_id(predicate: bytes) -> object:
    """Return the name of a VEX document, which follows from what it says and not from when."""
    return decode_predicate(predicate, what="VEX").get("@id")


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


def _provenance(
    ctx: Context, built: BuiltImage, speaker: Speaker, catalogues: Sequence[Catalogue]
) -> Made:
    if ctx.origin.github:
        return speaker.provenance(dict(ctx.origin.github))
    image = ctx.ledger.state.image
    if image is None:
        raise AssertionError("the image is recorded before its provenance is made")
    return speaker.provenance(_facts(ctx, built, image, catalogues))


def _facts(
    ctx: Context, built: BuiltImage, image: ImageRecord, catalogues: Sequence[Catalogue]
) -> ProvenanceFacts:
    git, origin, plan = ctx.origin.git, ctx.origin, ctx.ledger.state.plan
    source = (
        SourceFacts(git.commit, git.dirty, git.ref, git.remote, git.untracked)
        if git.commit
        else None
    )
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
        dependencies=tuple(_dependencies(ctx, built)),
        builder_versions={origin.builder: built.builder} if built.builder else {},
        invocation_id=plan.release if plan else "",
        byproducts=tuple(
            Resource(
                name=f"SBOM {catalogue.platform}",
                digest=digest_set(catalogue.spdx),
                media_type=mt.SPDX_JSON,
            )
            for catalogue in catalogues
        ),
    )


def _dependencies(ctx: Context, built: BuiltImage) -> Iterable[Resource]:
    """Return what went into the image; where no outside tool built it, shipseal is the builder."""
    for item in built.materials:
        yield Resource(uri=item.uri, digest=dict(item.digest), name=item.name)
    if not any(item.name == BUILDER for item in built.materials):
        version = ctx.origin.shipseal_version
        yield Resource(uri=f"pkg:pypi/shipseal@{version}", name=BUILDER)


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
    location = blob_location(ctx.parts.targets, catalogue.spdx)
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


def _scans(ctx: Context, speaker: Speaker, assessment: Assessment) -> Sequence[Made]:
    plan = ctx.ledger.state.plan
    teller = ScanTeller(
        gate=assessment.gate,
        release=plan.release if plan else "",
        accepted={str(one.platform): one.incomplete for one in assessment.catalogues},
    )
    made = [
        speaker.scan(str(report.platform), teller.facts([report])) for report in assessment.reports
    ]
    if speaker.has_index:
        made.append(speaker.scan("", teller.facts(assessment.reports)))
    return made


def _vex(
    ctx: Context, built: BuiltImage, speaker: Speaker, assessment: Assessment
) -> Sequence[Made]:
    """Return the ignores in force as OpenVEX, where that is asked for and there are any.

    Statements of others are theirs to make. One that an earlier attempt made is replaced, even by one that says
    nothing, because what it said is not in force any more.
    """
    author, gate = ctx.rules.vex_author, assessment.gate
    if not author:
        return ()
    rules = [rule for rule in gate.in_force if rule.vouched is None]
    findings = [finding for report in assessment.reports for finding in report.findings]
    said, _ = statements_of(rules, findings, vex_names(ctx, built), now=gate.decided)
    if not said and str(Family.VEX) not in ctx.ledger.state.statements:
        ctx.parts.reporter.note("no ignore is in force, so there is no VEX to attest")
        return ()
    tooling = f"shipseal {ctx.origin.shipseal_version}"
    document = openvex_document(said, author=author, now=gate.decided, tooling=tooling)
    return (speaker.vex(document),)
