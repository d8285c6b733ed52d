"""Copy an image with everything that is said of it, byte for byte, and tag it only when it was verified there.

The order is that of a release: blobs, manifests, evidence, verification, tags. What is at the destination already is
not sent again, so that the same command goes on where it was cut short.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from shipseal._internal.progress import Reporter
from shipseal._internal.threads import thread_pool
from shipseal.errors import ShipsealError
from shipseal.evidence.artifact import EMPTY_CONFIG, EMPTY_CONFIG_DESCRIPTOR, Content
from shipseal.evidence.copy_closure import Attached, EvidenceClosure, evidence_closure
from shipseal.evidence.copy_tags import PlannedTag, TagWish, move_tags, plan_tags
from shipseal.evidence.referrers import damage
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.oci.closure import Closure, closure_of
from shipseal.registry.interface import BlobOpener, BlobUpload, Target, Uploaded

if TYPE_CHECKING:
    from concurrent.futures import Future

Answer = TypeVar("Answer")

Check = Callable[[], bool]
"""Verifies the copy at its destination, and says whether it may be tagged."""


@dataclass(frozen=True, slots=True)
class CopyWish:
    """What is copied where.

    Attributes:
        source: where from.
        destination: where to.
        root: digest of what is copied.
        tags: what is to name it there.
        move: whether a tag that is not immutable may be taken from another digest.
        parallel: blobs on their way at once.
    """

    source: Target
    destination: Target
    root: Digest
    tags: tuple[TagWish, ...] = ()
    move: bool = False
    parallel: int = 4


@dataclass(slots=True)
class CopyResult:
    """What came out.

    Attributes:
        digest: of the copy.
        sent: blobs that were sent.
        bytes: in them.
        existed: blobs that were there.
        mounted: blobs that the registry took from another repository of its own.
        manifests: of the image.
        referrers: that are there now.
        cosign_tags: cosign's old tags that are there now.
        notes: what was not copied as it is, and why.
        tags: what they named before; written only when ``verified`` was said.
        verified: whether the check passed; None when it was not asked for.
    """

    digest: Digest
    sent: int = 0
    bytes: int = 0
    existed: int = 0
    mounted: int = 0
    manifests: int = 0
    referrers: int = 0
    cosign_tags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tags: tuple[PlannedTag, ...] = ()
    verified: bool | None = None


def copy_image(wish: CopyWish, check: Check | None, reporter: Reporter) -> CopyResult:
    """Copy an image with its evidence, let ``check`` look at it there, and tag it when that says yes.

    Args:
        wish: what, where to.
        check: verifies at the destination; None to tag what nobody verified.
        reporter: is told of each blob.

    Raises:
        ImageError: ``image.tag-exists`` before anything is sent; ``image.not-found``, ``image.digest-mismatch``.
        ShipsealError: one of the two could not be reached, or refused.
    """
    plans = plan_tags(wish.destination, wish.tags, wish.root, move=wish.move)
    copier = _Copier(wish, reporter)
    root = wish.source.read_manifest(wish.root)
    parts = closure_of(wish.source, root, what=f"{wish.source.name} {wish.root}")
    evidence = evidence_closure(wish.source, parts.manifests)
    copier.image(parts, evidence)
    copier.evidence(evidence)
    result = copier.result
    result.tags = plans
    if check is not None:
        result.verified = check()
        if not result.verified:
            return result
    move_tags(wish.destination, plans, root)
    return result


class _Copier:
    def __init__(self, wish: CopyWish, reporter: Reporter) -> None:
        self._wish = wish
        self._reporter = reporter
        self._label = f"copy to {wish.destination.name}"
        same = wish.source.registry and wish.source.registry == wish.destination.registry
        self._beside = (wish.source.repository,) if same else ()
        self.result = CopyResult(wish.root)

    def image(self, parts: Closure, evidence: EvidenceClosure) -> None:
        later = [blob for one in evidence.attached for blob in one.parts.blobs]
        sizes = {blob.digest: blob.size for blob in (*parts.blobs, *later)}
        self._reporter.foresee(self._label, sum(sizes.values()))
        for blob, how in self._all(self._blob, parts.blobs):
            self._count(blob, how)
        for manifest in parts.manifests:
            self._wish.destination.put_manifest(manifest)
        self.result.manifests = len(parts.manifests)

    def evidence(self, evidence: EvidenceClosure) -> None:
        self.result.notes += [f"not copied: {text}" for text in evidence.damaged]
        blobs = {blob.digest: blob for one in evidence.attached for blob in one.parts.blobs}
        absent: dict[Digest, str] = {}
        for blob, answer in self._all(self._evidence_blob, blobs.values()):
            if isinstance(answer, Uploaded):
                self._count(blob, answer)
            else:
                absent[blob.digest] = answer
        # One after the other, in order: a referrer's subject is there before it.
        for one in evidence.attached:
            problem = next((absent[b.digest] for b in one.parts.blobs if b.digest in absent), "")
            if problem:
                self.result.notes.append(f"not copied: {one.manifest.digest}: {problem}")
            else:
                self._attach(one)

    def _attach(self, one: Attached) -> None:
        target = self._wish.destination
        for manifest in one.parts.manifests[:-1]:
            target.put_manifest(manifest)
        if one.tag:
            self._cosign_tag(one.tag, one.manifest)
            return
        target.put_referrer(one.manifest)
        self.result.referrers += 1
        if one.rewritten:
            text = f"{one.manifest.digest}: had no subject at the source; here it has, with the same content"
            self.result.notes.append(text)

    def _cosign_tag(self, tag: str, manifest: RawManifest) -> None:
        target = self._wish.destination
        target.put_manifest(manifest)
        found = target.resolve(tag)
        if found is not None and found.digest != manifest.digest:
            text = f"{tag} names {found.digest} there already, and stays; at the source {manifest.digest}"
            self.result.notes.append(f"not copied: {text}")
            return
        if found is None:
            target.put_tag(tag, manifest)
        self.result.cosign_tags.append(tag)

    def _evidence_blob(self, blob: Descriptor) -> tuple[Descriptor, Uploaded | str]:
        """Send a blob of evidence; one that is not there, or damaged, is told and holds up nothing else."""
        try:
            return self._blob(blob)
        except ShipsealError as error:
            return blob, damage(error)

    def _blob(self, blob: Descriptor) -> tuple[Descriptor, Uploaded]:
        label = f"{self._wish.destination.name} {blob.digest[7:19]}"
        transfer = self._reporter.transfer(label, blob.size, of=self._label)
        opened: BlobOpener = partial(self._wish.source.open_blob, blob)
        if blob.digest == EMPTY_CONFIG_DESCRIPTOR.digest:
            # A manifest that gets its subject here brings it along.
            opened = Content.of_bytes(EMPTY_CONFIG, blob.media_type).open
        how = self._wish.destination.put_blob(BlobUpload(blob, opened, transfer, self._beside))
        transfer.done(str(how) if how is not Uploaded.SENT else "")
        return blob, how

    def _count(self, blob: Descriptor, how: Uploaded) -> None:
        if how is Uploaded.SENT:
            self.result.sent += 1
            self.result.bytes += blob.size
        elif how is Uploaded.MOUNTED:
            self.result.mounted += 1
        else:
            self.result.existed += 1

    def _all(
        self, work: Callable[[Descriptor], Answer], blobs: Iterable[Descriptor]
    ) -> Sequence[Answer]:
        pool = thread_pool(self._wish.parallel, "copy")
        running: list[Future[Answer]] = [pool.submit(work, blob) for blob in blobs]
        try:
            return [one.result() for one in running]
        finally:
            # After an error, or an interrupt, nothing that has not begun is begun.
            pool.shutdown(wait=True, cancel_futures=True)
