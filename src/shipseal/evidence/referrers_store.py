"""Evidence beside the image: bundles as referrers of their subject, at the target itself."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate

from shipseal._internal.limits import BUNDLE, MIB, Limit
from shipseal._internal.threads import thread_pool
from shipseal.errors import ShipsealError
from shipseal.evidence.artifact import (
    EMPTY_CONFIG,
    EMPTY_CONFIG_DESCRIPTOR,
    Content,
    bundle_manifest,
    is_bundle_type,
)
from shipseal.evidence.interface import Bound, EvidenceStore, Placed, StoredEvidence
from shipseal.evidence.referrers import Referrer, ReferrerReader, damage, read_layer
from shipseal.oci import Digest, RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.registry.interface import BlobUpload, Target

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READERS = 8
_TOTAL = Limit(
    "evidence of one subject", 512 * MIB, "all of it is held at once; a release has some dozen MiB"
)


class ReferrersStore(EvidenceStore):
    """The referrers of one target.

    Args:
        target: where.
        created: what new manifests say about their age: the release's start, so that a release that is resumed
            stores nothing twice. A reader need not say.
        bounds: what is stored at most.
    """

    def __init__(
        self, target: Target, *, created: datetime = EPOCH, bounds: tuple[Bound, ...] = ()
    ) -> None:
        self.name = target.name
        self.bounds = bounds
        self._target = target
        self._created = created
        self._reader = ReferrerReader(target)

    def reading_with(self, reader: ReferrerReader) -> "ReferrersStore":
        """Return a store of the same target that reads lists and manifests with ``reader``, for one look at an image.

        A reader of another target changes nothing.
        """
        if reader.target != self._target.name:
            return self
        store = ReferrersStore(self._target, created=self._created, bounds=self.bounds)
        store._reader = reader
        return store

    def put(self, subject: RawManifest, bundle: bytes, *, predicate_type: str) -> Placed:
        """Store a bundle as a referrer of ``subject``, unless one with the same bytes is there, whoever stored it.

        Raises:
            ShipsealError: the target refused or could not be reached.
        """
        self.check(bundle)
        digest = digest_of(bundle)
        for referrer in self._bundles(subject.digest):
            if referrer.layer and referrer.layer.digest == digest:
                return Placed(self.name, referrer.listed.digest, "exists")
        content = Content.of_bytes(bundle, mt.SIGSTORE_BUNDLE)
        manifest = bundle_manifest(
            subject.descriptor(),
            content.blob,
            predicate_type=predicate_type,
            created=self._created,
        )
        mode = put_content(self._target, content, manifest)
        return Placed(self.name, manifest.digest, f"stored ({mode})")

    def find(self, subject: Digest) -> tuple[StoredEvidence, ...]:
        """Return every bundle among the referrers of ``subject``, sorted by the digest of its manifest.

        Raises:
            ShipsealError: the target could not be reached.
        """
        found = sorted(self._bundles(subject), key=lambda referrer: referrer.listed.digest)
        held = _held(found)
        if not self._target.registry:
            # A disk answers sooner than threads are made.
            return tuple(self._read(subject, referrer, held) for referrer in found)
        with thread_pool(_READERS, "evidence") as pool:
            return tuple(pool.map(lambda referrer: self._read(subject, referrer, held), found))

    def _bundles(self, subject: Digest) -> list[Referrer]:
        return [item for item in self._reader.read(subject) if _may_be_bundle(item)]

    def _read(self, subject: Digest, referrer: Referrer, held: frozenset[Digest]) -> StoredEvidence:
        where, layer = referrer.listed.digest, referrer.layer
        if layer is None:
            return StoredEvidence(self.name, subject, b"", where, where, referrer.problem)
        if where not in held:
            problem = f"more than {_TOTAL.size} bytes with the smaller ones: {_TOTAL.reason}"
            return StoredEvidence(self.name, subject, b"", layer.digest, where, problem)
        try:
            raw = read_layer(self._target, layer, BUNDLE, what=f"{self.name}, bundle {where}")
        except ShipsealError as error:
            return StoredEvidence(self.name, subject, b"", layer.digest, where, damage(error))
        return StoredEvidence(self.name, subject, raw, digest_of(raw), where)


def _held(found: Sequence[Referrer]) -> frozenset[Digest]:
    """Return which bundles are read: the smallest first, so that nobody's junk keeps a release's own out."""
    layers = [(one.layer.size, one.listed.digest) for one in found if one.layer]
    sizes = accumulate(size for size, _ in sorted(layers))
    pairs = zip(sizes, sorted(layers), strict=True)
    return frozenset(digest for total, (_, digest) in pairs if total <= _TOTAL.size)


def put_content(target: Target, content: Content, manifest: RawManifest) -> str:
    """Store a layer, the empty configuration and the manifest that names both; return how the manifest is found again.

    Raises:
        ShipsealError: the target refused or could not be reached.
    """
    empty = Content.of_bytes(EMPTY_CONFIG, mt.OCI_EMPTY)
    target.put_blob(BlobUpload(EMPTY_CONFIG_DESCRIPTOR, empty.open))
    target.put_blob(BlobUpload(content.blob, content.open, content.transfer))
    return str(target.put_referrer(manifest))


def _may_be_bundle(referrer: Referrer) -> bool:
    """Return whether to look into it: one type that says so is enough, because clients differ in which one they set."""
    layer = referrer.layer
    if layer is None:
        return not referrer.artifact_type or is_bundle_type(referrer.artifact_type)
    return is_bundle_type(layer.media_type) or is_bundle_type(referrer.artifact_type)
