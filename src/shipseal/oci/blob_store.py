"""A folder of blobs by digest (``sha256/<hex>``): the shape of an OCI layout's ``blobs`` and of the evidence folder."""

import os
import stat
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from shipseal._internal.durable import disk_errors, fsync_folder, make_folders, write_atomic
from shipseal._internal.leftovers import open_part, sweep_parts
from shipseal._internal.limits import MIB, TOOL_OUTPUT, read_limited
from shipseal.errors import Code, ImageError
from shipseal.oci.digest import Digest, check_bytes, digest_of, split_digest, verified
from shipseal.oci.regular_file import open_regular

_NEW = "sha256"
"""The algorithm of blobs that are named here."""


class BlobStore:
    """Content-addressed files. Two processes may write at once: a blob appears whole or not at all.

    Args:
        root: the folder; made when the first blob is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._whole: dict[Digest, tuple[int, ...]] = {}
        self._durable: set[Digest] = set()

    def check(self) -> None:
        """Prove that blobs can be written, before anything depends on it.

        Raises:
            ShipsealError: ``resource.disk-full``, ``config.invalid`` (not writable).
        """
        folder = self.root / _NEW
        with disk_errors(folder):
            make_folders(folder)
            descriptor, probe = open_part(folder, "probe")
            probe.unlink()
            os.close(descriptor)

    def sweep(self) -> int:
        """Remove what processes that were killed left half-written, and return how many files that were."""
        return sweep_parts(self.root / _NEW)

    def path(self, digest: Digest) -> Path:
        """Return where the blob lies, whether it is there or not."""
        algorithm, encoded = split_digest(digest)
        return self.root / algorithm / encoded

    def has(self, digest: Digest, size: int | None = None) -> bool:
        """Return whether the blob is there, with ``size`` bytes if that is given. Its content is not read."""
        try:
            found = self.path(digest).stat()
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and size in (None, found.st_size)

    def has_whole(self, digest: Digest, size: int | None = None) -> bool:
        """Return whether the blob is there and is what its digest promises.

        It is read once; later calls only look whether the file is still the same one, unchanged.
        """
        if not self.has(digest, size):
            return False
        try:
            mark = self._mark(digest)
            if self._whole.get(digest) != mark:
                for _ in self.open(digest, size):
                    pass
                self._whole[digest] = mark
        except (OSError, ImageError):
            return False
        return True

    def keeps(self, digest: Digest, size: int | None = None) -> bool:
        """Return whether the blob is there, whole, and would be after a power cut.

        Who wrote it may have been killed before it was on disk, so that is made sure of, once.

        Raises:
            ShipsealError: the disk fails.
        """
        if not self.has_whole(digest, size):
            return False
        if digest not in self._durable:
            path = self.path(digest)
            with disk_errors(path):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                fsync_folder(path.parent)
            self._durable.add(digest)
        return True

    def _mark(self, digest: Digest) -> tuple[int, ...]:
        found = self.path(digest).stat()
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def put(self, data: bytes) -> Digest:
        """Store ``data`` and return its digest; what is there already, whole, is not written again.

        Raises:
            ShipsealError: ``resource.disk-full``, ``config.invalid`` (not writable).
        """
        digest = digest_of(data)
        if not self.keeps(digest, len(data)):
            write_atomic(self.path(digest), data)
            self._durable.add(digest)
        return digest

    def put_stream(
        self, chunks: Iterable[bytes], digest: Digest, size: int | None, *, what: str
    ) -> None:
        """Store what ``chunks`` yield under ``digest``, verified before it appears, unless it is there, whole.

        Raises:
            ImageError: ``image.digest-mismatch``.
            ShipsealError: ``resource.disk-full``, ``config.invalid`` (not writable).
        """
        if not self.keeps(digest, size):
            write_atomic(self.path(digest), verified(chunks, digest, size, what=what), size=size)
            self._whole[digest] = self._mark(digest)
            self._durable.add(digest)

    def put_new(self, chunks: Iterable[bytes]) -> tuple[Digest, int]:
        """Store what ``chunks`` yield, whose digest is not known yet; return digest and size in bytes.

        Raises:
            ShipsealError: ``resource.disk-full``, ``config.invalid`` (not writable), or what ``chunks`` raises.
        """
        hasher, size = sha256(), 0
        # In the folder that it will stay in: that one may lie on a disk of its own, which no rename leads to.
        folder = self.root / _NEW
        with disk_errors(folder):
            make_folders(folder)
            descriptor, temporary = open_part(folder, "new")
        try:
            with disk_errors(folder), os.fdopen(descriptor, "wb") as stream:
                for chunk in chunks:
                    hasher.update(chunk)
                    size += stream.write(chunk)
                stream.flush()
                os.fchmod(stream.fileno(), 0o644)
                os.fsync(stream.fileno())
                digest = Digest(f"{_NEW}:{hasher.hexdigest()}")
                # While it is open nobody takes it for what a dead process left.
                temporary.replace(self.path(digest))
                fsync_folder(folder)
        finally:
            temporary.unlink(missing_ok=True)
        self._durable.add(digest)
        return digest, size

    def read(self, digest: Digest) -> bytes:
        """Return a blob, verified: for documents; what can be larger is opened.

        Raises:
            ImageError: ``image.not-found``, ``image.digest-mismatch``.
            ShipsealError: ``image.format-unsupported`` when it is larger than any document, or no regular file.
        """
        try:
            with open_regular(self.path(digest)) as stream:
                data = read_limited(stream, TOOL_OUTPUT, what=str(self.path(digest)))
        except OSError as error:
            raise self._missing(digest, error) from error
        return check_bytes(data, digest, what=str(self.path(digest)))

    def open(self, digest: Digest, size: int | None = None, *, offset: int = 0) -> Iterator[bytes]:
        """Return a blob in chunks of 1 MiB from ``offset`` on, verified at the end when ``offset`` is zero.

        Raises:
            ImageError: ``image.not-found``, ``image.digest-mismatch``.
        """
        chunks = self.stream(digest, offset=offset)
        if offset:
            return chunks
        return verified(chunks, digest, size, what=str(self.path(digest)))

    def stream(self, digest: Digest, *, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob in chunks of 1 MiB from ``offset`` on, not verified: for a receiver that verifies by itself.

        Raises:
            ImageError: ``image.not-found``, ``image.format-unsupported`` for what is no regular file.
        """
        try:
            with open_regular(self.path(digest)) as stream:
                stream.seek(offset)
                while chunk := stream.read(MIB):
                    yield chunk
        except OSError as error:
            raise self._missing(digest, error) from error

    def _missing(self, digest: Digest, error: OSError) -> ImageError:
        return ImageError(
            Code.IMAGE_NOT_FOUND,
            f"{self.path(digest)}: cannot be read: {error.strerror}",
            hint="the blob is missing: build or copy the image again",
            context={"digest": digest},
        )
