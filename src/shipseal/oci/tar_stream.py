"""Read a tar that comes as chunks: forward only, entry by entry, without trust.

What it guards against: headers that make the reader take much memory (a PAX record of gigabytes), archives that are
cut short or damaged in the middle (``tarfile`` alone takes a bad header for the end), endless lists of entries.
"""

import struct
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, cast

from shipseal._internal.limits import KIB, MIB
from shipseal.errors import Code, ImageError
from shipseal.oci.layer import Kind, LayerEntry
from shipseal.oci.tar_header import HeaderInfo

# The largest known images have about a million files.
MAX_ENTRIES = 5_000_000
# Content is read in chunks, so only headers ask for more at once: a path has 4 KiB, extended attributes 64 KiB.
_MAX_HEADER = 4 * MIB
_MAX_PATH = 4096  # PATH_MAX of Linux
_CHUNK = 256 * KIB
_TIME_BITS = 62
_BROKEN = (tarfile.TarError, ValueError, OverflowError, RecursionError, struct.error, EOFError)

_KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.GNUTYPE_SPARSE: Kind.FILE,
    tarfile.DIRTYPE: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
}


def read_tar(chunks: Iterable[bytes], *, what: str, holes: bool = True) -> Iterator[LayerEntry]:
    """Return the entries of an uncompressed tar; the content of one can be read until the next is asked for.

    Paths are cleaned (no leading ``/``, no ``.``, no ``..`` above the root); the root itself has the path ``""``.

    Args:
        chunks: the tar.
        what: names it in errors.
        holes: whether files may have holes: a header of 512 bytes can claim any number of zeros.

    Raises:
        ImageError: ``image.format-unsupported`` when the tar is damaged, cut short, or has too many entries; whatever
            reading ``chunks`` raises.
    """
    reader = ForwardReader(chunks, what=what)
    with _tar_errors(what):
        # An empty content is an empty layer: Docker wrote such ones.
        if reader.at_end():
            return
        archive = tarfile.TarFile(
            fileobj=cast(IO[bytes], reader),
            encoding="utf-8",
            errors="surrogateescape",
            tarinfo=HeaderInfo,
        )
    for _ in range(MAX_ENTRIES):
        with _tar_errors(what):
            member = archive.next()
            # What has been handed out is not needed again, and a layer may have very many entries.
            vars(archive)["members"].clear()
        if member is None:
            reader.check_end()
            return
        if max(len(member.name), len(member.linkname)) > _MAX_PATH:
            raise broken_tar(what, f"a path has more than {_MAX_PATH} characters")
        if member.issparse() and not holes:
            raise broken_tar(what, f"{member.name[:200]!r} has holes")
        with _tar_errors(what):
            entry = _entry(archive, member, what)
        yield entry
    raise broken_tar(what, f"it has more than {MAX_ENTRIES} entries")


def clean_path(path: str) -> str:
    """Return ``path`` as one below the root, as ``chroot`` would see it: ``/a/./../b/`` is ``b``."""
    if (
        path.isascii()
        and "/." not in path
        and "//" not in path
        and path[:1] not in "/."
        and path[-1:] != "/"
    ):
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, what: str) -> LayerEntry:
    kind = _KINDS.get(member.type, Kind.OTHER)
    mtime = int(member.mtime)
    if abs(mtime) >> _TIME_BITS:
        raise ValueError(f"{member.name[:200]!r} is of no time that a calendar has")
    return LayerEntry(
        path=clean_path(member.name),
        kind=kind,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        mtime=mtime,
        size=member.size if kind is Kind.FILE else 0,
        link=member.linkname,
        open=lambda: _content(archive, member, what),
    )


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, what: str) -> Iterator[bytes]:
    with _tar_errors(what):
        stream = archive.extractfile(member)
        while stream is not None and (chunk := stream.read(_CHUNK)):
            yield chunk


class ForwardReader:
    """A file over chunks that can only be read on: enough for ``tarfile``, which seeks ahead over content."""

    def __init__(self, chunks: Iterable[bytes], *, what: str) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._start = 0
        self._position = 0
        self._what = what
        self._last = b""

    def tell(self) -> int:
        """Return how many bytes have been read or skipped."""
        return self._position

    def at_end(self) -> bool:
        """Return whether nothing is left."""
        return not self._fill()

    def seek(self, position: int) -> int:
        """Skip ahead to ``position``.

        Raises:
            ImageError: ``position`` lies before the current one: the header is wrong.
        """
        if position < self._position:
            raise broken_tar(self._what, "an entry has a negative size")
        while self._position < position and self._fill():
            self._advance(min(position - self._position, len(self._buffer) - self._start))
        return self._position

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer at the end only.

        Raises:
            ImageError: a header asks for more than any has.
        """
        if not 0 <= size <= _MAX_HEADER:
            raise broken_tar(self._what, f"a header has {size} bytes")
        parts: list[bytes] = []
        missing = size
        while missing and self._fill():
            part = self._buffer[self._start : self._start + missing]
            parts.append(part)
            missing -= len(part)
            self._advance(len(part))
        self._last = b"".join(parts)
        return self._last

    def check_end(self) -> None:
        """Refuse an archive whose reading stopped at something that is neither its end mark nor the end of the data.

        Raises:
            ImageError: ``image.format-unsupported``.
        """
        if self._last.strip(b"\0"):
            raise broken_tar(self._what, f"there is no entry at byte {self._position}")

    def _advance(self, amount: int) -> None:
        self._start += amount
        self._position += amount

    def _fill(self) -> bool:
        while self._start >= len(self._buffer):
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._buffer, self._start = chunk, 0
        return True


@contextmanager
def _tar_errors(what: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise broken_tar(what, str(error) or type(error).__name__) from error


def broken_tar(what: str, problem: str) -> ImageError:
    """Return the error that says that ``what`` is no usable tar."""
    return ImageError(
        Code.FORMAT_UNSUPPORTED,
        f"{what}: not a valid tar: {problem}",
        hint="it is damaged or no image: build or fetch it again",
    )
