"""OCI image layouts (image-spec, image-layout.md): read, written atomically, safe for two processes at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from shipseal._internal.durable import locked_folder, write_atomic
from shipseal._internal.leftovers import sweep_parts
from shipseal._internal.limits import CONFIG, MANIFEST, read_limited
from shipseal.errors import Code, ImageError
from shipseal.oci import media_types as mt
from shipseal.oci.blob_store import BlobStore
from shipseal.oci.descriptor import Descriptor
from shipseal.oci.digest import Digest, check_bytes
from shipseal.oci.document import read_object
from shipseal.oci.manifest import RawManifest
from shipseal.oci.regular_file import open_regular

_HINT = "the layout is damaged: build or copy the image again"
_MARKER = b'{"imageLayoutVersion":"1.0.0"}'


class OciLayout:
    """A folder with ``oci-layout``, ``index.json`` and ``blobs/``. A :class:`~shipseal.oci.image.ContentSource`.

    Args:
        folder: the layout; it need not exist before the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = BlobStore(folder / "blobs")
        self._swept = False

    def exists(self) -> bool:
        """Return whether the folder is an OCI layout."""
        return (self.folder / "oci-layout").is_file() and (self.folder / "index.json").is_file()

    def create(self) -> None:
        """Make an empty layout unless there is one. What killed processes left half-written is removed.

        Raises:
            ShipsealError: the folder cannot be written.
        """
        with locked_folder(self.folder):
            if not self._swept:
                sweep_parts(self.folder)
                self.blobs.sweep()
                self._swept = True
            if not (self.folder / "index.json").exists():
                self._write_entries([])
            if not (self.folder / "oci-layout").exists():
                write_atomic(self.folder / "oci-layout", _MARKER)

    def raw_index(self) -> bytes:
        """Return the bytes of ``index.json``.

        Raises:
            ImageError: ``image.not-found`` when there is no layout, ``image.format-unsupported`` when it is no file.
        """
        path = self.folder / "index.json"
        try:
            with open_regular(path) as stream:
                return read_limited(stream, MANIFEST, what=str(path))
        except OSError as error:
            raise ImageError(
                Code.IMAGE_NOT_FOUND,
                f"{self.folder}: no OCI layout there: {error.strerror}",
                hint="name the folder that holds oci-layout and index.json",
                context={"path": str(self.folder)},
            ) from error

    def entries(self) -> tuple[Descriptor, ...]:
        """Return the descriptors in ``index.json``.

        Raises:
            ImageError: ``image.not-found``, ``image.format-unsupported``.
        """
        path = self.folder / "index.json"
        document = read_object(self.raw_index(), ("manifests",), what=str(path), hint=_HINT)
        manifests = document.get("manifests")
        if not isinstance(manifests, list):
            raise _broken(path, "it has no list of manifests")
        return tuple(
            Descriptor.from_json(value, what=f"{path}, manifest {number}")
            for number, value in enumerate(manifests)
        )

    @contextmanager
    def updating(self) -> Iterator[list[Descriptor]]:
        """Give the entries as a list to change; what it holds at the end is written, under a lock between processes.

        Raises:
            ShipsealError: the folder cannot be read or written.
        """
        self.create()
        # The lock file lies beside the layout's own files: the specification allows others in the folder.
        with locked_folder(self.folder):
            entries = list(self.entries())
            before = list(entries)
            yield entries
            if entries != before:
                self._write_entries(entries)

    def read_manifest(self, digest: Digest) -> RawManifest:
        """Return a manifest or index by digest, verified. ``index.json`` itself has a digest too.

        Raises:
            ImageError: ``image.not-found``, ``image.digest-mismatch``, ``image.format-unsupported``.
        """
        own = RawManifest.of(self.raw_index(), mt.OCI_INDEX)
        if own.digest == digest:
            return own
        raw = self._small(digest, MANIFEST.size)
        stated = next((entry.media_type for entry in self._listed(digest)), "")
        return RawManifest.of(raw, stated if stated in mt.MANIFESTS else "")

    def read_config(self, blob: Descriptor) -> bytes:
        """Return an image configuration, verified.

        Raises:
            ImageError: ``image.not-found``, ``image.digest-mismatch``.
        """
        return self._small(blob.digest, CONFIG.size)

    def open_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        """Return a blob in chunks; digest and size are verified at the end when ``offset`` is zero.

        Raises:
            ImageError: ``image.not-found``, ``image.digest-mismatch``.
        """
        return self.blobs.open(blob.digest, blob.size, offset=offset)

    def stream_blob(self, blob: Descriptor, *, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob in chunks, not verified: for a receiver that verifies by itself, as a target does.

        Raises:
            ImageError: ``image.not-found``.
        """
        return self.blobs.stream(blob.digest, offset=offset)

    def _listed(self, digest: Digest) -> Iterator[Descriptor]:
        return (entry for entry in self.entries() if entry.digest == digest)

    def _small(self, digest: Digest, most: int) -> bytes:
        path = self.blobs.path(digest)
        if path.exists() and path.stat().st_size > most:
            raise _broken(path, f"{path.stat().st_size} bytes, more than {most}")
        return check_bytes(self.blobs.read(digest), digest, what=str(path))

    def _write_entries(self, entries: list[Descriptor]) -> None:
        document = {
            "schemaVersion": 2,
            "mediaType": mt.OCI_INDEX,
            "manifests": [entry.to_json() for entry in entries],
        }
        write_atomic(self.folder / "index.json", msgspec.json.encode(document))


def _broken(path: Path, problem: str) -> ImageError:
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"{path}: {problem}",
        hint=_HINT,
        context={"path": str(path)},
    )
