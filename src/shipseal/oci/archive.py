"""Image archives: a tar of an OCI layout, or what ``docker save`` writes; plain, gzip or zstd.

An archive is read once, from its beginning to its end, into a layout on disk. No name in it decides where anything is
written: content goes under its digest, which is verified. Where both forms are in one archive (``docker save`` since
25) the layout wins, because its manifests already have a digest.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from shipseal._internal.durable import write_atomic
from shipseal._internal.limits import MANIFEST, MIB, Limit, too_large
from shipseal.errors import Code, ImageError
from shipseal.oci.compression import Compression, decompressed
from shipseal.oci.digest import Digest, parse_digest
from shipseal.oci.docker_archive import DockerArchive
from shipseal.oci.document import read_object
from shipseal.oci.layer import Kind, LayerEntry
from shipseal.oci.layout import OciLayout
from shipseal.oci.tar_stream import read_tar

ARCHIVE = Limit(
    "image archive",
    128 * 1024 * MIB,
    "the largest known images (machine learning, with models) stay below 100 GiB",
)

_BLOB = re.compile(r"blobs/(?P<algorithm>sha256|sha512)/(?P<encoded>[0-9a-f]+)")
_INDEX = "index.json"
_MARKER = "oci-layout"
_VERSION = "1.0.0"
_HINT = "make it with `docker save`, `skopeo copy … oci-archive:` or `docker buildx build --output type=oci`"


def open_archive(
    path: Path, folder: Path, *, compression: Compression = Compression.GZIP
) -> OciLayout:
    """Read the archive at ``path`` into a new layout at ``folder``.

    An OCI archive keeps its ``index.json``, byte for byte. Of a Docker archive each image becomes an OCI manifest with
    its configuration unchanged (so the image id stays) and its layers compressed; each of its tags becomes a name in
    ``index.json``.

    Args:
        path: the archive.
        folder: is made; must not hold a layout.
        compression: how the layers of a Docker archive are stored; those that are compressed already stay as they are.

    Raises:
        ImageError: ``image.not-found`` (no such file, or content that it lists is not in it),
            ``image.format-unsupported`` (no tar, damaged, neither form), ``image.digest-mismatch``.
        ShipsealError: ``resource.disk-full``, ``config.invalid`` (``folder`` cannot be written);
            ``image.format-unsupported`` for an archive above :data:`ARCHIVE`.
    """
    layout = OciLayout(folder)
    if layout.exists():
        raise ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"{folder}: there is an OCI layout already",
            hint="name an empty folder",
            context={"path": str(folder)},
        )
    reader = _Reader(path, layout, compression)
    reader.unpack()
    return layout


class _Reader:
    def __init__(self, path: Path, layout: OciLayout, compression: Compression) -> None:
        self._path = path
        self._layout = layout
        self._documents: dict[str, bytes] = {}
        self._docker = DockerArchive(layout, compression, what=str(path))
        self._size = 0

    def unpack(self) -> None:
        what = str(self._path)
        for entry in read_tar(decompressed(_chunks(self._path), what=what), what=what, holes=False):
            self._count(entry)
            self._take(entry)
        if _INDEX in self._documents:
            self._finish_layout()
        elif self._docker.is_one:
            self._docker.finish()
        else:
            raise self._unusable(
                "it holds neither an OCI layout nor a manifest.json of docker save"
            )

    def _take(self, entry: LayerEntry) -> None:
        blob = _BLOB.fullmatch(entry.path)
        if entry.kind is Kind.FILE and entry.path in (_INDEX, _MARKER):
            self._documents[entry.path] = self._small(entry)
        elif entry.kind is Kind.FILE and blob is not None:
            digest = parse_digest(f"{blob['algorithm']}:{blob['encoded']}")
            self._store(entry, digest)
        else:
            self._docker.take(entry)

    def _store(self, entry: LayerEntry, digest: Digest) -> None:
        what = f"{self._path}, {entry.path}"
        self._layout.blobs.put_stream(entry.open(), digest, entry.size, what=what)

    def _finish_layout(self) -> None:
        marker = self._documents.get(_MARKER)
        if marker is None:
            raise self._unusable(f"it has {_INDEX} but no {_MARKER}")
        document = read_object(marker, (), what=f"{self._path}, {_MARKER}", hint=_HINT)
        version = document.get("imageLayoutVersion")
        if version != _VERSION:
            raise self._unusable(f"its layout has version {version!r}, not {_VERSION!r}")
        write_atomic(self._layout.folder / _INDEX, self._documents[_INDEX])
        write_atomic(self._layout.folder / _MARKER, marker)
        for entry in self._layout.entries():
            self._layout.read_manifest(entry.digest)

    def _small(self, entry: LayerEntry) -> bytes:
        if entry.size > MANIFEST.size:
            raise too_large(MANIFEST, what=f"{self._path}, {entry.path}")
        return b"".join(entry.open())

    def _count(self, entry: LayerEntry) -> None:
        self._size += entry.size
        if self._size > ARCHIVE.size:
            raise too_large(ARCHIVE, what=str(self._path))

    def _unusable(self, problem: str) -> ImageError:
        return ImageError(
            Code.FORMAT_UNSUPPORTED,
            f"{self._path}: {problem}",
            hint=_HINT,
            context={"path": str(self._path)},
        )


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ImageError(
            Code.IMAGE_NOT_FOUND,
            f"{path}: cannot be read: {error.strerror}",
            hint="name an archive of an image",
            context={"path": str(path)},
        ) from error
    with stream:
        while chunk := stream.read(MIB):
            yield chunk
