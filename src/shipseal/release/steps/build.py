"""Build: get the image onto local disk, checked, and note what it is."""

from shipseal._internal.clock import rfc3339
from shipseal.build.interface import BuiltImage
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
        built = ctx.parts.builder.build(ctx.request)
        for warning in built.warnings:
            ctx.parts.reporter.note(warning)
        known = ctx.ledger.state.image
        if known is None or known.digest != built.image.digest:
            finished = rfc3339(ctx.parts.clock.now())
            ctx.ledger.record("image.built", _record(built, started, finished))
        elif known.layout != str(built.layout.folder):
            ctx.ledger.record("image.built", _record(built, known.started, known.finished))
    return built


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
