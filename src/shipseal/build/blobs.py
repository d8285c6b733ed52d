"""Are all bytes of an image there, and are they what their digests promise?

Why they are hashed here, although an upload hashes them again while it streams: the catalogue reads local bytes without
comparing them to anything, and an upload never reads a blob that the target has already. Without this, a changed local
layer would be catalogued and scanned while another one is released under its digest. A builder that hashed every byte
as it wrote the layout says so (``RawBuild.hashed``), and then nothing is read twice: only sizes are looked at.
"""

from collections.abc import Iterable, Iterator

from shipseal._internal.progress import Reporter, Transfer
from shipseal._internal.threads import thread_pool
from shipseal.errors import Code, ImageError
from shipseal.oci import Descriptor
from shipseal.oci.layout import OciLayout

# Hashing lets go of the interpreter lock; more threads than this wait for the disk.
_THREADS = 4


def check_blobs(
    layout: OciLayout, blobs: Iterable[Descriptor], *, hashed: bool, reporter: Reporter
) -> None:
    """Make sure that every blob is in ``layout``, whole.

    Args:
        layout: where they are.
        blobs: configurations and layers.
        hashed: their content was compared with their digests when they were written.
        reporter: hears how many bytes were read.

    Raises:
        ImageError: ``image.not-found`` (all that are missing), ``image.digest-mismatch`` (all that are cut short, or
            the first one with another content), ``image.format-unsupported`` (layers that only a foreign server has).
    """
    blobs = tuple(blobs)
    missing = [blob for blob in blobs if not layout.blobs.has(blob.digest)]
    if missing:
        raise _foreign(missing) if all(blob.urls for blob in missing) else _missing(layout, missing)
    short = [blob for blob in blobs if not layout.blobs.has(blob.digest, blob.size)]
    if short:
        raise _short(layout, short)
    if not hashed:
        transfer = reporter.transfer("checking blobs", sum(blob.size for blob in blobs))
        with thread_pool(_THREADS, "blob") as pool:
            for _ in pool.map(lambda blob: _read(layout, blob, transfer), blobs):
                pass
        transfer.done()


def _read(layout: OciLayout, blob: Descriptor, transfer: Transfer) -> None:
    for chunk in layout.open_blob(blob):
        transfer.advance(len(chunk))


def _missing(layout: OciLayout, blobs: list[Descriptor]) -> ImageError:
    return ImageError(
        Code.IMAGE_NOT_FOUND,
        f"{layout.folder}: {len(blobs)} of the image's blobs are missing: {_names(blobs)}",
        hint="the image is not complete: build or copy it again",
        context={"path": str(layout.folder), "digest": blobs[0].digest},
    )


def _short(layout: OciLayout, blobs: list[Descriptor]) -> ImageError:
    problems = "; ".join(
        f"{blob.digest}: expected {blob.size} bytes, "
        f"got {layout.blobs.path(blob.digest).stat().st_size} bytes"
        for blob in blobs
    )
    return ImageError(
        Code.DIGEST_MISMATCH,
        f"{layout.folder}: blobs are cut short or changed: {problems}",
        hint="build or copy the image again; do not release it",
        context={"path": str(layout.folder), "digest": blobs[0].digest},
    )


def _foreign(blobs: list[Descriptor]) -> ImageError:
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"layers that only a foreign server has cannot be shipped: {_names(blobs)}",
        hint="build the image with its base layers included",
        context={"digest": blobs[0].digest},
    )


def _names(blobs: Iterable[Descriptor]) -> str:
    return ", ".join(_each(blobs))


def _each(blobs: Iterable[Descriptor]) -> Iterator[str]:
    return (f"{blob.digest} ({blob.media_type}, {blob.size} bytes)" for blob in blobs)
