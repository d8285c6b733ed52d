"""Build: get the image onto local disk, checked, and note what it is."""

from pathlib import Path

from shipseal._internal.clock import rfc3339
from shipseal.build.check import checked
from shipseal.build.interface import BuiltImage, Material, RawBuild
from shipseal.errors import ImageError
from shipseal.oci import parse_digest
from shipseal.oci.layout import OciLayout
from shipseal.release.context import Context
from shipseal.release.records import ImageRecord, MaterialRecord


def build(ctx: Context) -> BuiltImage:
    """Return the image, and record it. An image that was recorded before keeps the times of its first build.

    Raises:
        ImageError: the image is not there, not complete, or not what it says it is.
        ToolError: the outside builder failed.
    """
    with ctx.step("build"):
        started = rfc3339(ctx.parts.clock.now())
        built = _built_before(ctx) or ctx.parts.builder.build(ctx.request)
        for warning in built.warnings:
            ctx.parts.reporter.note(warning)
        known = ctx.ledger.state.image
        if known is None or known.digest != built.image.digest:
            if known is not None:
                ctx.parts.reporter.note(
                    f"another image than in the last run: {known.digest} before"
                )
            finished = rfc3339(ctx.parts.clock.now())
            ctx.ledger.record("image.built", _record(built, started, finished))
        elif known.layout != str(built.layout.folder):
            ctx.ledger.record("image.built", _record(built, known.started, known.finished))
    return built


def _built_before(ctx: Context) -> BuiltImage | None:
    """Return the image of the run that is resumed, when its bytes are still here and still right."""
    known = ctx.ledger.state.image
    if known is None or not ctx.mode.resumed:
        return None
    raw = RawBuild(
        layout=OciLayout(Path(known.layout)),
        root=parse_digest(known.digest),
        materials=tuple(Material(item.uri, item.digest, item.name) for item in known.materials),
        builder=known.builder,
    )
    try:
        return checked(raw, ctx.request)
    except ImageError as error:
        ctx.parts.reporter.note(f"the image of the last run is not here any more: {error.message}")
        return None


def _record(built: BuiltImage, started: str, finished: str) -> ImageRecord:
    return ImageRecord(
        digest=built.image.digest,
        platforms={str(image.platform): image.digest for image in built.image.platforms},
        layout=str(built.layout.folder),
        builder=built.builder,
        materials=tuple(
            MaterialRecord(item.uri, dict(item.digest), item.name) for item in built.materials
        ),
        warnings=built.warnings,
        started=started,
        finished=finished,
    )
