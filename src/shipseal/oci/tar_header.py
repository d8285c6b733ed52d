"""Headers of a tar, read with what an image's layer needs and no more.

``tarfile`` takes half of its time for two checksums in pure Python and for fields that nobody asks for; layers have
hundreds of thousands of entries. Only the plain form is read here: a ``ustar`` header (POSIX.1-1988, also GNU's) of a
file, a folder or a link, whose numbers are octal and whose checksum is right. Everything else is left to ``tarfile``.
"""

import tarfile
import zlib
from typing import Self

_BLOCK = 512
_PLAIN = frozenset(b"0125")
_MAGIC = b"ustar"
# GNU's own variant has other things where POSIX has the beginning of a long path.
_POSIX_VERSION = b"\x0000"
_ADLER_BASE = 65521
_SPACES = 8 * 0x20


class HeaderInfo(tarfile.TarInfo):
    """A member whose header is read quickly when it is plain; names of owners are left out then."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """See :meth:`tarfile.TarInfo.frombuf`."""
        found = cls._plain(bytes(buf), encoding, errors)
        return super().frombuf(buf, encoding, errors) if found is None else found

    @classmethod
    def _plain(cls, raw: bytes, encoding: str, errors: str) -> Self | None:
        """Return the member of a plain header with a right checksum; None for any other one."""
        if len(raw) != _BLOCK or raw[156] not in _PLAIN or raw[257:262] != _MAGIC:
            return None
        try:
            if not _is_intact(raw):
                return None
            mode, uid, gid = _octal(raw[100:108]), _octal(raw[108:116]), _octal(raw[116:124])
            size, mtime = _octal(raw[124:136]), _octal(raw[136:148])
        except ValueError:
            return None
        prefix = _text(raw[345:500], encoding, errors)
        if prefix and raw[262:265] != _POSIX_VERSION:
            return None
        name = _text(raw[0:100], encoding, errors)
        info = cls(f"{prefix}/{name}" if prefix else name)
        info.mode, info.uid, info.gid, info.size, info.mtime = mode, uid, gid, size, mtime
        info.type = raw[156:157]
        info.linkname = _text(raw[157:257], encoding, errors)
        if info.type == tarfile.DIRTYPE:
            info.name = info.name.rstrip("/")
        return info


def _is_intact(raw: bytes) -> bool:
    """Compare the sum of all bytes, the checksum's own counting as spaces, with what is stated.

    The low half of Adler-32 is one more than the sum of the bytes, modulo a prime: that is the sum, made in C.
    """
    stated = _octal(raw[148:156])
    own = sum(raw[148:156])
    total = (zlib.adler32(raw) & 0xFFFF) - 1
    return (total - own + _SPACES - stated) % _ADLER_BASE == 0


def _octal(field: bytes) -> int:
    """Return a number as ``tarfile`` reads it.

    Raises:
        ValueError: it is written in another way, or is none.
    """
    if field[0] & 0x80:
        raise ValueError("base 256")
    return int(field.split(b"\0", 1)[0].strip() or b"0", 8)


def _text(field: bytes, encoding: str, errors: str) -> str:
    return field.split(b"\0", 1)[0].decode(encoding, errors)
