"""Whether a file is a whole compiled database that this program can read.

Reading all of it costs a few milliseconds for each ten megabytes, so a stamp is kept of what was found: as long as the
file is the same one, unchanged, it is not read again. A change that the file's times could not show is not trusted to
be none: a stamp counts only when the file had been left alone for a moment before.
"""

import contextlib
import hashlib
import os
import struct
from pathlib import Path
from typing import BinaryIO

import msgspec

from shipseal._internal.limits import MIB
from shipseal._internal.regular_file import open_file
from shipseal.advisories.stored import FORMAT
from shipseal.advisories.tables import (
    APPLICATION_ID,
    APPLICATION_ID_AT,
    HEADER_SIZE,
    MAGIC,
    MARKER,
    SEAL_SIZE,
    USER_VERSION_AT,
)
from shipseal.errors import Code, ScanError

AGAIN = "run `shipseal db update`, or import it again with `shipseal db import`"
_NEWER = "install a newer shipseal, or get the database made by this one: `shipseal db update`"
_STAMP_SIZE = 4096
# Times of files move in steps.
SETTLED_NS = 2_000_000_000


class Checked(msgspec.Struct, frozen=True):
    """A file that is a whole database.

    Attributes:
        digest: of the file, ``sha256:…``.
        state: what tells whether it is still the same file, unchanged.
    """

    digest: str
    state: tuple[int, ...]


def is_database(path: Path) -> bool:
    """Return whether ``path`` is a compiled database by its first bytes, of whatever format, whole or not."""
    try:
        with open_file(path) as stream:
            return _number(stream.read(HEADER_SIZE), APPLICATION_ID_AT) == APPLICATION_ID
    except OSError:
        return False


def check_file(path: Path, *, stamps: Path | None = None) -> Checked:
    """Return the digest of the database at ``path``.

    Args:
        path: the file.
        stamps: folder for stamps; None reads the file in any case.

    Raises:
        ScanError: ``scan.db-unavailable``: there is none, it is damaged, cut off, or of a newer format.
    """
    try:
        with open_file(path) as stream:
            state = _state(os.fstat(stream.fileno()))
            _check_header(path, stream.read(HEADER_SIZE))
            digest = _stamped(path, state, stamps)
            if digest is None:
                digest = _check_seal(path, stream, state[2])
                _stamp(path, state, digest, stamps)
    except OSError as error:
        raise unavailable(path, f"cannot be read: {error.strerror}") from error
    return Checked(digest, state)


def sha256_of(stream: BinaryIO) -> str:
    """Return the sha256 of all that a file has from here on, in hexadecimal."""
    digest = hashlib.sha256()
    while chunk := stream.read(MIB):
        digest.update(chunk)
    return digest.hexdigest()


def is_unchanged(path: Path, checked: Checked) -> bool:
    """Return whether the file that was checked still has the name ``path``."""
    try:
        return _state(path.stat()) == checked.state
    except OSError:
        return False


def unavailable(path: Path, reason: str, *, hint: str = AGAIN) -> ScanError:
    """Return the error that says why the database at ``path`` cannot be used."""
    return ScanError(
        Code.DB_UNAVAILABLE,
        f"advisory database {path}: {reason}",
        hint=hint,
        context={"path": str(path)},
    )


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _number(header: bytes, offset: int) -> int:
    if not header.startswith(MAGIC) or len(header) < HEADER_SIZE:
        return -1
    number: int = struct.unpack_from(">I", header, offset)[0]
    return number


def _check_header(path: Path, header: bytes) -> None:
    if _number(header, APPLICATION_ID_AT) != APPLICATION_ID:
        raise unavailable(path, "is no compiled advisory database")
    found = _number(header, USER_VERSION_AT)
    if found > FORMAT:
        raise unavailable(
            path, f"has format {found}; this shipseal reads formats up to {FORMAT}", hint=_NEWER
        )
    if found != FORMAT:
        raise unavailable(path, f"has format {found}; this shipseal reads format {FORMAT}")


def _check_seal(path: Path, stream: BinaryIO, size: int) -> str:
    """Read the file and return its digest, after its seal was compared."""
    stream.seek(0)
    digest = hashlib.sha256()
    left = size - SEAL_SIZE
    while left > 0 and (chunk := stream.read(min(MIB, left))):
        digest.update(chunk)
        left -= len(chunk)
    end = stream.read(SEAL_SIZE + 1)
    if left > 0 or not end.startswith(MARKER) or len(end) != SEAL_SIZE:
        raise unavailable(path, "is cut off: its seal is missing at the end")
    if end != MARKER + digest.digest():
        raise unavailable(path, "is damaged: it is not what its seal says")
    digest.update(end)
    return f"sha256:{digest.hexdigest()}"


def _stamped(path: Path, state: tuple[int, ...], stamps: Path | None) -> str | None:
    if stamps is None:
        return None
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        with open_file(_stamp_file(path, stamps)) as stream:
            made = os.fstat(stream.fileno()).st_mtime_ns
            stamp = msgspec.json.decode(
                stream.read(_STAMP_SIZE), type=tuple[tuple[int, ...], str, int]
            )
        # What was younger than this when it was stamped could have changed since without its times showing it.
        if stamp[0] == state and stamp[2] == FORMAT and made - max(state[3:]) > SETTLED_NS:
            return stamp[1]
    return None


def _stamp(path: Path, state: tuple[int, ...], digest: str, stamps: Path | None) -> None:
    """Remember what was found; whoever cannot remember reads it again."""
    if stamps is None:
        return
    target = _stamp_file(path, stamps)
    with contextlib.suppress(OSError):
        stamps.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{os.getpid()}")
        part.write_bytes(msgspec.json.encode((state, digest, FORMAT)))
        part.replace(target)


def _stamp_file(path: Path, stamps: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    return stamps / f"{name[:32]}.json"
