"""Copy an image out of a repository, or another layout, into a layout: by digest, every byte verified on its way.

Blobs come in parallel; one that is in the layout already (of an attempt that was interrupted) is not asked for again.
"""

from collections.abc import Iterable, Iterator

from shipseal._internal.progress import Reporter
from shipseal._internal.threads import thread_pool
from shipseal.oci import ContentSource, Descriptor, Digest, RawManifest
from shipseal.oci.closure import closure_of
from shipseal.oci.layout import OciLayout

# Enough to fill a line while one connection waits; registries count requests.
_AT_ONCE = 4
_PULL = "pull"


def pull_image(
    source: ContentSource, root: Digest | RawManifest, layout: OciLayout, reporter: Reporter
) -> None:
    """Make ``layout`` hold the image ``root`` of ``source``, and ``index.json`` name nothing else.

    Raises:
        ImageError: ``image.not-found``, ``image.digest-mismatch``, ``image.format-unsupported``.
        RegistryError: what ``source`` raises.
        ShipsealError: ``resource.disk-full``, ``config.invalid`` (the folder cannot be written).
    """
    raw = root if isinstance(root, RawManifest) else source.read_manifest(root)
    parts = closure_of(source, raw, what=raw.digest)
    pull_blobs(source, parts.blobs, layout, reporter)
    for manifest in parts.manifests:
        layout.blobs.put(manifest.raw)
    with layout.updating() as entries:
        entries[:] = [raw.descriptor()]


def pull_blobs(
    source: ContentSource, blobs: Iterable[Descriptor], layout: OciLayout, reporter: Reporter
) -> None:
    """Make ``layout`` hold ``blobs`` of ``source``.

    Raises:
        ImageError: ``image.not-found``, ``image.digest-mismatch``.
        RegistryError: what ``source`` raises.
        ShipsealError: ``resource.disk-full``, ``config.invalid`` (the folder cannot be written).
    """
    wanted = [blob for blob in blobs if not layout.blobs.has(blob.digest, blob.size)]
    if wanted:
        reporter.foresee(_PULL, sum(blob.size for blob in wanted))
    with thread_pool(_AT_ONCE, "pull") as pool:
        waiting = [pool.submit(_fetch, source, blob, layout, reporter) for blob in wanted]
        try:
            for future in waiting:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch(source: ContentSource, blob: Descriptor, layout: OciLayout, reporter: Reporter) -> None:
    transfer = reporter.transfer(f"pull {blob.digest[:19]}", blob.size, of=_PULL)

    def chunks() -> Iterator[bytes]:
        for chunk in source.open_blob(blob):
            transfer.advance(len(chunk))
            yield chunk

    layout.blobs.put_stream(chunks(), blob.digest, blob.size, what=f"blob {blob.digest}")
    transfer.done()
