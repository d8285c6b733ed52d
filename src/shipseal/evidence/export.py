"""Write evidence out for those who verify without a network: an OCI layout without layers, and what trust needs.

Any tool that reads OCI layouts finds the image's manifests and configurations there, and each bundle as a referrer of
its subject, from whichever store it came. Beside the layout's own files lie ``export.json``, ``trusted_root.json``,
``policy.yaml`` and ``keys/``. Equal content is equal bytes: no time of the export is in it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from shipseal._internal.durable import disk_errors
from shipseal.evidence.artifact import (
    EMPTY_CONFIG,
    artifact_manifest,
    bundle_manifest,
)
from shipseal.evidence.artifacts import StoredArtifact, find_artifacts
from shipseal.evidence.export_record import (
    KEYS,
    POLICY,
    RECORD,
    ROOT,
    ExportedPiece,
    ExportedRoot,
    ExportRecord,
)
from shipseal.evidence.interface import Collected, StoredEvidence
from shipseal.evidence.payload import bundle_type
from shipseal.evidence.referrers_store import EPOCH
from shipseal.oci import Descriptor, Platform, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.closure import closure_of
from shipseal.oci.manifest import parse_manifest
from shipseal.registry.interface import Target

_MARKER = b'{"imageLayoutVersion":"1.0.0"}'
_OTHER_PLATFORM = "a document of a platform that was not asked for"


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What goes into an export besides the evidence.

    Attributes:
        tag: what was asked for; empty when it was asked for by digest.
        stores: everywhere that was looked.
        platforms: whose SBOM documents go along; None for all. Signed evidence is never left out: the seal names it.
        policy: what is required and who is trusted (YAML); empty for none.
        keys: public keys by file name.
        root: the trusted root.
    """

    tag: str
    stores: tuple[str, ...]
    platforms: frozenset[Platform] | None = None
    policy: bytes = b""
    keys: Mapping[str, bytes] = field(default_factory=dict)
    root: ExportedRoot | None = None


def write_export(
    folder: Path, source: Target, collected: Collected, wish: ExportWish
) -> ExportRecord:
    """Write an export into an empty folder that is nobody else's yet.

    Args:
        folder: where.
        source: where the image lies.
        collected: the image and its evidence, from all stores.
        wish: what else.

    Raises:
        ImageError: a manifest or document is not there any more, or damaged.
        ShipsealError: the source could not be reached, the folder cannot be written.
    """
    writer = _Writer(folder, source, collected, wish)
    with disk_errors(folder):
        return writer.write()


class _Writer:
    def __init__(
        self, folder: Path, source: Target, collected: Collected, wish: ExportWish
    ) -> None:
        self._folder, self._source, self._collected, self._wish = folder, source, collected, wish
        self._blobs = BlobStore(folder / "blobs")
        self._entries: list[Descriptor] = []
        self._evidence: list[ExportedPiece] = []
        self._documents: list[ExportedPiece] = []
        self._left_out: list[ExportedPiece] = []

    def write(self) -> ExportRecord:
        self._image()
        for subject in self._collected.image.subjects():
            found = self._collected.evidence.get(subject.digest, ())
            for stored in sorted(found, key=lambda one: (one.digest, one.store, one.where)):
                self._bundle(subject, stored)
            for document in find_artifacts(self._source, subject.digest, mt.SPDX_JSON):
                self._document(subject, document)
        record = self._record()
        self._files(record)
        return record

    def _image(self) -> None:
        image = self._collected.image
        for manifest in closure_of(self._source, image.root, what=str(image.digest)).manifests:
            self._blobs.put(manifest.raw)
        for one in image.platforms:
            self._blobs.put(one.config.raw)
        named = {mt.REF_NAME: self._wish.tag} if self._wish.tag else {}
        root = image.root.descriptor()
        self._entries.append(Descriptor(root.media_type, root.digest, root.size, annotations=named))

    def _bundle(self, subject: RawManifest, stored: StoredEvidence) -> None:
        piece = ExportedPiece(
            subject.digest, stored.digest, stored.store, str(stored.origin), stored.where,
            stored.problem,
        )  # fmt: skip
        if stored.problem or not stored.raw:
            self._left_out.append(piece)
            return
        blob = Descriptor(mt.SIGSTORE_BUNDLE, self._blobs.put(stored.raw), len(stored.raw))
        kind = bundle_type(stored.raw)
        self._refer(bundle_manifest(subject.descriptor(), blob, predicate_type=kind, created=EPOCH))
        self._evidence.append(piece)

    def _document(self, subject: RawManifest, document: StoredArtifact) -> None:
        content = document.content
        whose = [one for one in self._collected.image.platforms if one.digest == subject.digest]
        wanted = self._wish.platforms
        left = wanted is not None and whose and whose[0].platform not in wanted
        there = not left and self._source.has_blob(content)
        problem = _OTHER_PLATFORM if left else "" if there else "it is listed, and not there"
        where, kind = document.manifest, document.artifact_type
        piece = ExportedPiece(subject.digest, content.digest, document.target, kind, where, problem)
        if problem:
            self._left_out.append(piece)
            return
        what = f"{document.target}, document {content.digest}"
        chunks = self._source.open_blob(content)
        self._blobs.put_stream(chunks, content.digest, content.size, what=what)
        self._refer(
            artifact_manifest(
                subject.descriptor(), content,
                artifact_type=kind, annotations=document.annotations,
            )
        )  # fmt: skip
        self._documents.append(piece)

    def _refer(self, manifest: RawManifest) -> None:
        self._blobs.put(EMPTY_CONFIG)
        self._blobs.put(manifest.raw)
        parsed = parse_manifest(manifest, what=f"referrer {manifest.digest}")
        entry = Descriptor(
            manifest.media_type,
            manifest.digest,
            len(manifest.raw),
            annotations=dict(parsed.annotations),
            artifact_type=parsed.artifact_type,
        )
        if all(one.digest != entry.digest for one in self._entries):
            self._entries.append(entry)

    def _record(self) -> ExportRecord:
        return ExportRecord(
            name=self._collected.target,
            tag=self._wish.tag,
            digest=self._collected.image.digest,
            platforms=tuple(str(one.platform) for one in self._collected.image.platforms),
            stores=self._wish.stores,
            evidence=tuple(self._evidence),
            documents=tuple(self._documents),
            left_out=tuple(self._left_out),
            root=self._wish.root,
            policy=bool(self._wish.policy),
            keys=tuple(sorted(self._wish.keys)),
        )

    def _files(self, record: ExportRecord) -> None:
        index = {
            "schemaVersion": 2,
            "mediaType": mt.OCI_INDEX,
            "manifests": [entry.to_json() for entry in self._entries],
        }
        for name, data in (
            ("index.json", msgspec.json.encode(index)),
            ("oci-layout", _MARKER),
            (RECORD, record.encoded()),
            *self._trust(),
        ):
            path = self._folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        root = self._wish.root
        if root and root.as_of:
            # Its age is that of the knowledge, not of this copy.
            os.utime(self._folder / ROOT, (root.as_of.timestamp(), root.as_of.timestamp()))

    def _trust(self) -> Iterator[tuple[str, bytes]]:
        if self._wish.root:
            yield ROOT, self._wish.root.raw
        if self._wish.policy:
            yield POLICY, self._wish.policy
        for name in sorted(self._wish.keys):
            yield f"{KEYS}/{name}", self._wish.keys[name]
