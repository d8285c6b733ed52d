"""Assess: what is in each platform, what is wrong with it, and whether that stops the release (S4, S5, S7).

Platforms run in parallel, and each is scanned as soon as its catalogue is there. Nothing here signs or uploads.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from shipseal._internal.durable import disk_errors, write_atomic
from shipseal.build.interface import BuiltImage
from shipseal.gate.decision import decide
from shipseal.gate.report import GateReport
from shipseal.gate.summary import summarize
from shipseal.gate.views import judgements
from shipseal.ignores.vex.document import ImageNames, Statements
from shipseal.ignores.vex.names import image_names
from shipseal.oci import Image, PlatformImage, parse_digest
from shipseal.release.context import ChosenScanner, Context
from shipseal.release.pages import write_pages
from shipseal.release.previous import previous_release
from shipseal.release.records import CatalogueRecord, GateRecord, ScanRecord
from shipseal.release.workers import workers
from shipseal.report.entries import entries_of
from shipseal.report.fixes import blocking_rows, fixes_of
from shipseal.sbom.interface import Catalogue, CatalogueRequest
from shipseal.scan.interface import ScanReport, ScanRequest
from shipseal.scan.origin import base_layers, with_origins
from shipseal.scan.results import (
    platform_slug,
    raw_file_name,
    results_document,
    results_file_name,
)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known about an image.

    Attributes:
        catalogues: one per platform, in the image's order.
        reports: one per platform, in the same order.
        gate: the decision over all of them.
        choice: why this scanner.
        missing: reasons why a catalogue cannot be trusted to be whole, not accepted by the configuration.
    """

    catalogues: tuple[Catalogue, ...]
    reports: tuple[ScanReport, ...]
    gate: GateReport
    choice: str
    missing: tuple[str, ...]


def assess(ctx: Context, built: BuiltImage, chosen: ChosenScanner) -> Assessment:
    """Catalogue and scan every platform, and decide.

    Raises:
        SbomError, ScanError, ToolError: a catalogue or a scan could not be made.
        CancelledError: the release was called off.
    """
    ctx.parts.reporter.note(chosen.reason)
    one = partial(_assess_platform, ctx, built, chosen)
    with ctx.step("catalogue and scan"), workers(ctx.cancel, ctx.rules.parallel, "assess") as pool:
        pairs = list(pool.map(one, built.image.platforms))
    catalogues = tuple(pair[0] for pair in pairs)
    reports = tuple(pair[1] for pair in pairs)
    with ctx.step("gate"):
        previous = previous_release(ctx, built.image.digest) if ctx.rules.gate.new_only else None
        now = ctx.parts.clock.now()
        gate = decide(
            reports,
            ctx.rules.gate,
            ctx.rules.ignores,
            now=now,
            previous=previous,
            vex=Statements(ctx.rules.vex, vex_names(ctx, built)),
            compare=ctx.rules.compare,
        )
        _record_gate(ctx, gate, catalogues, chosen.reason)
        missing = _missing(ctx, catalogues)
        write_pages(ctx, built, gate, chosen.reason, missing)
    return Assessment(catalogues, reports, gate, chosen.reason, missing)


def vex_names(ctx: Context, built: BuiltImage) -> ImageNames:
    """Return what the image is called, as VEX statements are held against it."""
    plan = ctx.ledger.state.plan
    targets = [name for name in (plan.targets if plan else ()) if not name.startswith("oci:")]
    digests = [str(subject.digest) for subject in built.image.subjects()]
    tags = [tag.name for tag in ctx.rules.tags]
    return image_names(targets or (ctx.image_name,), digests, tags)


def _assess_platform(
    ctx: Context, built: BuiltImage, chosen: ChosenScanner, image: PlatformImage
) -> tuple[Catalogue, ScanReport]:
    catalogue = _catalogue(ctx, built, image)
    ctx.cancel.check()
    return catalogue, _scan(ctx, chosen, catalogue, partial(_with_origins, ctx, built.image, image))


def _with_origins(
    ctx: Context, index: Image, image: PlatformImage, report: ScanReport
) -> ScanReport:
    """Tell of each finding whether it comes from the base image; nobody is asked where there is none."""
    if not report.findings:
        return report
    return with_origins(report, base_layers(image, ctx.parts.base(index, image)))


def _catalogue(ctx: Context, built: BuiltImage, image: PlatformImage) -> Catalogue:
    known = ctx.ledger.state.catalogues.get(str(image.platform))
    if known and known.subject == image.digest and _kept(ctx, known):
        return _from_record(image, known)
    request = CatalogueRequest(image, built.layout, ctx.image_name, ctx.request.version)
    catalogue = ctx.parts.cataloguer.catalogue(request)
    _keep_documents(ctx, catalogue)
    ctx.ledger.record("sbom.made", _catalogue_record(catalogue))
    return catalogue


def _keep_documents(ctx: Context, catalogue: Catalogue) -> None:
    """Give the documents names that people find; the bytes lie once, in the evidence folder."""
    kept = {"spdx": catalogue.spdx} | ({"syft": catalogue.native} if ctx.rules.keep_native else {})
    folder = ctx.folder / "results"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for kind, digest in kept.items():
            name = folder / f"{platform_slug(catalogue.platform)}.{kind}.json"
            name.unlink(missing_ok=True)
            name.symlink_to(os.path.relpath(ctx.parts.blobs.path(digest), folder))


def _scan(
    ctx: Context,
    chosen: ChosenScanner,
    catalogue: Catalogue,
    complete: Callable[[ScanReport], ScanReport],
) -> ScanReport:
    blobs = ctx.parts.blobs
    request = ScanRequest(
        platform=catalogue.platform,
        sbom=blobs.path(catalogue.spdx),
        sbom_digest=catalogue.spdx,
        native=blobs.path(catalogue.native),
        timeout=ctx.rules.scan_timeout,
    )
    report = complete(chosen.scanner.scan(request))
    document = msgspec.json.encode(results_document(report), order="sorted")
    write_atomic(ctx.folder / "results" / results_file_name(report), document)
    write_atomic(ctx.folder / "results" / raw_file_name(report), report.raw)
    record = ScanRecord(
        platform=str(report.platform),
        sbom=report.sbom_digest,
        results=blobs.put(document),
        raw=blobs.put(report.raw),
        counts={str(severity): count for severity, count in report.counts().items()},
        scanner=f"{report.scanner} {report.scanner_version}",
        choice=chosen.reason,
    )
    ctx.ledger.record("scan.done", record)
    return report


def _record_gate(
    ctx: Context, gate: GateReport, catalogues: Sequence[Catalogue], choice: str
) -> None:
    document = msgspec.json.encode(gate.to_json(ctx.parts.advise), order="sorted")
    write_atomic(ctx.folder / "results" / "gate.json", document)
    entries = entries_of(gate.reports, judgements(gate), ctx.parts.advise)
    fixes = blocking_rows(fixes_of(entries, ctx.parts.later))
    told = summarize(gate, choice=choice, advise=ctx.parts.advise, fixes=fixes)
    shown = msgspec.json.encode(told)
    write_atomic(ctx.folder / "results" / "summary.json", shown)
    record = GateRecord(
        outcome=str(gate.outcome),
        report=ctx.parts.blobs.put(document),
        summary=gate.summary,
        sboms=tuple(sorted(catalogue.spdx for catalogue in catalogues)),
        policy=ctx.rules.policy_digest,
    )
    ctx.ledger.record("gate.decided", record)


def _missing(ctx: Context, catalogues: Sequence[Catalogue]) -> tuple[str, ...]:
    """Return what makes a catalogue untrustworthy, unless the configuration accepts it by its name."""
    return tuple(
        f"{catalogue.platform}: {reason}"
        for catalogue in catalogues
        for reason in catalogue.incomplete
        if reason.partition(": ")[0] not in ctx.rules.accept_incomplete
    )


def _kept(ctx: Context, record: CatalogueRecord) -> bool:
    digests = (parse_digest(record.spdx), parse_digest(record.native))
    return all(ctx.parts.blobs.has(digest) for digest in digests)


def _catalogue_record(catalogue: Catalogue) -> CatalogueRecord:
    return CatalogueRecord(
        platform=str(catalogue.platform),
        subject=catalogue.subject,
        spdx=catalogue.spdx,
        spdx_size=catalogue.spdx_size,
        native=catalogue.native,
        packages=catalogue.packages,
        tool=catalogue.tool,
        cached=catalogue.cached,
        seconds=catalogue.seconds,
        incomplete=catalogue.incomplete,
    )


def _from_record(image: PlatformImage, record: CatalogueRecord) -> Catalogue:
    return Catalogue(
        platform=image.platform,
        subject=image.digest,
        spdx=parse_digest(record.spdx),
        spdx_size=record.spdx_size,
        native=parse_digest(record.native),
        packages=record.packages,
        tool=record.tool,
        cached=True,
        seconds=0.0,
        incomplete=record.incomplete,
    )
