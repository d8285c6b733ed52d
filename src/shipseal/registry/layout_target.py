"""An OCI layout as a target: a release to a folder, for air-gapped hand-over, demos and tests.

What a registry keeps apart, a layout keeps in one ``index.json``: a tag is an entry with the annotation
``org.opencontainers.image.ref.name``, a referrer is an entry without it (as oras and cosign write layouts), and what is
staged is a blob that no entry names. Every change of ``index.json`` happens under the layout's lock, so that two
processes may release into one folder. What a killed process left half-written goes with the next one's first write.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from shipseal._internal.durable import disk_errors
from shipseal._internal.leftovers import open_part
from shipseal.errors import Code, ConfigError, ImageError, RegistryError
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.digest import parse_digest
from shipseal.oci.layout import OciLayout
from shipseal.oci.manifest import parse_index, parse_manifest
from shipseal.registry.interface import BlobUpload, ReferrerMode, Target, Uploaded
from shipseal.registry.referrer_entry import Referrer, as_referrer, listed, no_subject
from shipseal.registry.tag_names import check_tag, is_tag

PREFIX = "oci:"


class LayoutTarget(Target):
    """A folder as a target.

    Args:
        folder: where the layout is, or will be made by the first write.
        name: how the target is called in messages; default ``oci:`` and the folder.
    """

    def __init__(self, folder: Path, *, name: str = "") -> None:
        self.name = name or f"{PREFIX}{folder}"
        self.registry = ""
        self.repository = str(folder)
        self._layout = OciLayout(folder)
        # What a digest refers to never changes, so it is read once.
        self._referrers: dict[Digest, Referrer | None] = {}

    def resolve(self, reference: str) -> Descriptor | None:
        """Return what a tag or digest names now, or None when there is no such manifest.

        Raises:
            ImageError: the layout is damaged, or has the tag twice with different content.
        """
        if ":" in reference:
            return self._stored(parse_digest(reference))
        check_tag(reference)
        found = {entry.digest for entry in self._entries() if _tag_of(entry) == reference}
        if len(found) > 1:
            raise ImageError(
                Code.FORMAT_UNSUPPORTED,
                f"{self.name}: tag {reference!r} names {len(found)} manifests: {', '.join(sorted(found))}",
                hint="remove all but one entry of that name from index.json",
                context={"target": self.name, "tag": reference},
            )
        return self._stored(found.pop()) if found else None

    def read_manifest(self, digest: Digest) -> RawManifest:
        """Return a manifest or index by digest, verified.

        Raises:
            ImageError: ``image.not-found``, ``image.digest-mismatch``, ``image.format-unsupported``.
        """
        return self._layout.read_manifest(digest)

    def open_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        """Return a blob in chunks; digest and size are verified at the end when ``offset`` is zero.

        Raises:
            ImageError: ``image.not-found``, ``image.digest-mismatch``.
        """
        return self._layout.open_blob(blob, offset=offset)

    def blob_url(self, digest: Digest) -> str:
        """Return the blob's file as a URL."""
        return self._layout.blobs.path(digest).absolute().as_uri()

    def has_blob(self, blob: Descriptor) -> bool:
        """Return whether the blob is there with the promised size."""
        return self._layout.blobs.has(blob.digest, blob.size)

    def put_blob(self, upload: BlobUpload) -> Uploaded:
        """Make sure the blob is there, whole: one that lies there already is read, because the folder is anybody's.

        Raises:
            ImageError: ``image.digest-mismatch``.
            ShipsealError: the folder cannot be written.
        """
        blob = upload.blob
        if self._layout.blobs.keeps(blob.digest, blob.size):
            return Uploaded.EXISTED
        self._layout.create()
        self._layout.blobs.put_stream(
            _counted(upload), blob.digest, blob.size, what=f"{self.name}, blob {blob.digest}"
        )
        return Uploaded.SENT

    def put_manifest(self, manifest: RawManifest) -> None:
        """Store a manifest or index as a blob that no tag names.

        Raises:
            RegistryError: ``image.not-found`` when a blob or child that it names is not there, as registries answer.
            ShipsealError: the folder cannot be written.
        """
        self._check_complete(manifest)
        self._layout.create()
        self._layout.blobs.put_stream(
            (manifest.raw,), manifest.digest, len(manifest.raw), what=self.name
        )

    def put_tag(self, tag: str, manifest: RawManifest) -> None:
        """Let ``tag`` name ``manifest``.

        Raises:
            ConfigError: ``tag`` is no tag.
            RegistryError: see :meth:`put_manifest`.
            ShipsealError: the folder cannot be written.
        """
        check_tag(tag)
        self.put_manifest(manifest)
        with self._layout.updating() as entries:
            kept = [entry for entry in entries if _tag_of(entry) != tag]
            new = replace(manifest.descriptor(), annotations={mt.REF_NAME: tag})
            entries[:] = [*kept, new]

    def delete_tag(self, tag: str) -> None:
        """Remove the name; the manifest stays as a blob.

        Raises:
            ShipsealError: the folder cannot be written.
        """
        check_tag(tag)
        if not self._layout.exists():
            return
        with self._layout.updating() as entries:
            entries[:] = [entry for entry in entries if _tag_of(entry) != tag]

    def list_tags(self) -> tuple[str, ...]:
        """Return all tags, sorted; names that are no tags (whole references, as other tools write) are left out."""
        return tuple(sorted({tag for entry in self._entries() if is_tag(tag := _tag_of(entry))}))

    def referrers(self, subject: Digest, *, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """Return the entries of ``index.json`` whose manifests have ``subject`` as their subject.

        Raises:
            ImageError: the layout is damaged.
        """
        found = (self._referrer(entry.digest) for entry in self._entries())
        return listed(
            (one.entry for one in found if one is not None and one.subject == subject),
            artifact_type,
        )

    def put_referrer(self, manifest: RawManifest) -> ReferrerMode:
        """Store a manifest with a subject and list it in ``index.json``, once.

        Raises:
            ImageError: ``image.format-unsupported`` when it has no subject.
            RegistryError: see :meth:`put_manifest`.
            ShipsealError: the folder cannot be written.
        """
        referrer = as_referrer(manifest, what=f"{self.name}, referrer {manifest.digest}")
        if referrer is None:
            raise no_subject(self.name, manifest)
        self.put_manifest(manifest)
        with self._layout.updating() as entries:
            if all(entry.digest != manifest.digest or _tag_of(entry) for entry in entries):
                entries.append(referrer.entry)
        return ReferrerMode.LAYOUT_INDEX

    def check_push(self) -> None:
        """Prove that the folder, or the nearest one above it that exists, can be written.

        Raises:
            ConfigError: something that is no folder stands there.
            ImageError: what stands there already is no layout that can be read.
            ShipsealError: ``config.invalid`` or ``resource.disk-full``, naming the folder.
        """
        folder = self._layout.folder
        existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not existing.is_dir():
            raise ConfigError(
                f"{self.name}: {existing} is a file, not a folder",
                hint="name a folder for the layout",
                context={"target": self.name},
            )
        self._entries()
        with disk_errors(existing):
            descriptor, probe = open_part(existing, "probe")
            probe.unlink()
            os.close(descriptor)

    def close(self) -> None:
        """Do nothing: no file is kept open between calls."""

    def _entries(self) -> tuple[Descriptor, ...]:
        return self._layout.entries() if self._layout.exists() else ()

    def _stored(self, digest: Digest) -> Descriptor | None:
        if not self._layout.blobs.has(digest):
            return None
        found = self._layout.read_manifest(digest)
        return replace(found.descriptor(), digest=digest)

    def _referrer(self, digest: Digest) -> Referrer | None:
        if digest not in self._referrers:
            manifest = self._layout.read_manifest(digest)
            what = f"{self.name}, manifest {digest}"
            known = manifest.media_type in mt.MANIFESTS
            self._referrers[digest] = as_referrer(manifest, what=what) if known else None
        return self._referrers[digest]

    def _check_complete(self, manifest: RawManifest) -> None:
        blobs = self._layout.blobs
        parts = _parts(manifest, self.name)
        absent = [part for part in parts if not blobs.has_whole(part.digest, part.size)]
        if absent:
            raise RegistryError(
                Code.IMAGE_NOT_FOUND,
                f"{self.name}: manifest {manifest.digest} names {absent[0].digest} "
                f"({absent[0].media_type}), which is not there, or not whole",
                hint="blobs and children are stored before the manifest that names them",
                context={"target": self.name, "digest": absent[0].digest},
            )


def _parts(manifest: RawManifest, target: str) -> Iterable[Descriptor]:
    what = f"{target}, manifest {manifest.digest}"
    if manifest.is_index:
        return parse_index(manifest, what=what).manifests
    image = parse_manifest(manifest, what=what)
    # A layer with addresses of its own is one that registries need not hold.
    return (image.config, *(layer for layer in image.layers if not layer.urls))


def _tag_of(entry: Descriptor) -> str:
    return entry.annotations.get(mt.REF_NAME, "")


def _counted(upload: BlobUpload) -> Iterator[bytes]:
    for chunk in upload.open():
        yield chunk
        upload.transfer.advance(len(chunk))
