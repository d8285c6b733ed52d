"""Stage: put every byte of the image at every target, by digest, unreachable by any tag (invariants 1 to 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from shipseal._internal.progress import Reporter
from shipseal.oci.closure import Closure
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.layout import OciLayout
from shipseal.registry.interface import BlobUpload, Target, Uploaded
from shipseal.release.cancel import Cancel
from shipseal.release.workers import workers


@dataclass(frozen=True, slots=True)
class Staging:
    """What one target got.

    Attributes:
        target: its name.
        sent: bytes that were sent.
        existed: blobs that were there, or were mounted from a repository beside it.
    """

    target: str
    sent: int
    existed: int


@dataclass(frozen=True, slots=True)
class Stager:
    """Uploads one image.

    Attributes:
        layout: where the bytes are.
        parts: what to upload.
        parallel: blobs on their way to one target at once.
        reporter: is told of each blob.
        cancel: stops the uploads.
    """

    layout: OciLayout
    parts: Closure
    parallel: int
    reporter: Reporter
    cancel: Cancel

    def stage(self, target: Target, others: Sequence[Target]) -> Staging:
        """Upload blobs in parallel, then manifests, the root last.

        Args:
            target: where to.
            others: all targets of the release; those of the same registry may hold a blob that can be mounted.

        Raises:
            ShipsealError: what the target or the layout said.
            CancelledError: the release was called off.
        """
        beside = tuple(
            other.repository
            for other in others
            if target.registry and other.registry == target.registry and other is not target
        )
        self.reporter.foresee(stage_name(target), sum(blob.size for blob in self.parts.blobs))
        with workers(self.cancel, self.parallel, "blob") as pool:
            upload = partial(self._upload, target, beside)
            results = list(pool.map(upload, self.parts.blobs))
        for manifest in self.parts.manifests:
            self.cancel.check()
            target.put_manifest(manifest)
        sent = [blob.size for blob, how in results if how is Uploaded.SENT]
        return Staging(target.name, sum(sent), len(results) - len(sent))

    def _upload(
        self, target: Target, beside: tuple[str, ...], blob: Descriptor
    ) -> tuple[Descriptor, Uploaded]:
        self.cancel.check()
        label = f"{target.name} {blob.digest[7:19]}"
        transfer = self.reporter.transfer(label, blob.size, of=stage_name(target))

        def open_blob(*, offset: int = 0) -> Iterator[bytes]:
            # Not verified here: every target verifies what it takes, and hashing twice costs a fifth of an upload.
            return self.cancel.watch(self.layout.stream_blob(blob, offset=offset))

        how = target.put_blob(BlobUpload(blob, open_blob, transfer, beside))
        transfer.done(str(how) if how is not Uploaded.SENT else "")
        return blob, how


def stage_name(target: Target) -> str:
    """Return what staging at ``target`` is called; its blobs belong to that."""
    return f"stage {target.name}"


def is_staged(target: Target, parts: Closure) -> bool:
    """Return whether ``target`` still holds the image: a registry may have collected what no tag names.

    Raises:
        ShipsealError: the target could not be asked.
    """
    return all(target.resolve(manifest.digest) is not None for manifest in parts.manifests)
