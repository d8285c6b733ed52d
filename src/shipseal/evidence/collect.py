"""Collect what a target holds about an image: the image itself and everything that is said of it."""

from collections.abc import Sequence

from shipseal._internal.threads import thread_pool
from shipseal.evidence.artifacts import find_artifacts
from shipseal.evidence.buildkit import unsigned_attestations
from shipseal.evidence.interface import Collected, EvidenceSource, StoredEvidence
from shipseal.evidence.referrers import ReferrerReader
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.oci import Digest
from shipseal.oci import media_types as mt
from shipseal.oci.load import load_image
from shipseal.registry.interface import Target

_WORKERS = 4


def collect(
    target: Target, root: Digest, *, stores: Sequence[EvidenceSource] | None = None
) -> Collected:
    """Return the image that ``root`` names, with all evidence for the root and for each platform.

    Args:
        target: where the image lies, and documents beside it.
        root: digest of a manifest or index.
        stores: where evidence is looked for, in this order; default: the target's own referrers. The same bundle found
            in two of them counts once.

    Raises:
        ImageError: the image is not there, damaged, or no image.
        ShipsealError: the target or a store could not be reached.
    """
    reader = ReferrerReader(target, remember=True)
    searched = tuple(
        store.reading_with(reader) if isinstance(store, ReferrersStore) else store
        for store in ((ReferrersStore(target),) if stores is None else stores)
    )
    image = load_image(target, root)
    subjects = [subject.digest for subject in image.subjects()]
    local = not target.registry and all(store.name == target.name for store in searched)
    with thread_pool(_WORKERS, "collect") as pool:
        # A disk answers sooner than threads are made, and a pool makes none before it is used.
        each = map if local else pool.map
        evidence = each(lambda subject: _evidence(searched, subject), subjects)
        documents = each(lambda subject: _documents(target, subject, reader), subjects)
        unsigned = unsigned_attestations(target, image)
        return Collected(
            target=target.name,
            image=image,
            evidence={
                subject: (*found, *unsigned.get(subject, ()))
                for subject, found in zip(subjects, evidence, strict=True)
            },
            documents=dict(zip(subjects, documents, strict=True)),
        )


def _evidence(stores: Sequence[EvidenceSource], subject: Digest) -> tuple[StoredEvidence, ...]:
    found: dict[tuple[Digest, bool], StoredEvidence] = {}
    for store in stores:
        for item in store.find(subject):
            found.setdefault((item.digest, bool(item.problem)), item)
    return tuple(found.values())


def _documents(target: Target, subject: Digest, reader: ReferrerReader) -> frozenset[Digest]:
    """Return the SBOM documents whose bytes are there, by digest."""
    found = find_artifacts(target, subject, mt.SPDX_JSON, reader=reader)
    return frozenset(item.content.digest for item in found if target.has_blob(item.content))
