"""The archive of a run's logs: read as a stream, never unpacked, bounded in files and bytes.

It holds one text per job at its top, and a folder per job with one text per step, which say the same again.
Source: GitHub's documentation, "Download workflow run attempt logs"; APPNOTE.TXT of the ZIP format, sections 4.3.14-16.
"""

import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Self

from shipseal._internal.limits import GIB, MIB
from shipseal.errors import Code, GitHubError

MOST_FILES = 20_000
"""Files of an archive that are looked at: 256 jobs of a matrix with 70 steps each."""

MOST_BYTES = 8 * GIB
"""Bytes of all files together, unpacked."""

_MOST_DIRECTORY = 16 * MIB
_CHUNK = MIB
_TAIL = 65_535 + 22 + 20 + 56
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,
)
_JOB_FILE = re.compile(r"-?\d+_(.+)\.txt", re.DOTALL)
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True, slots=True)
class LogFile:
    """One text of the archive.

    Attributes:
        name: as the archive spells it. Whoever can name a job can write anything here: show it with care.
        job: the job's name as the archive has it, in which some signs are left out.
        size: bytes, as the archive says.
    """

    name: str
    job: str
    size: int


class RunLogs:
    """Logs of one attempt; a context manager. Iterating yields each job's text by its name and its pieces.

    Args:
        file: the archive, which is closed with this.
        what: for messages.

    Raises:
        GitHubError: ``service.outage``: it is no such archive, or beyond its limits.

    Attributes:
        files: one per job in the archive's order; the steps' texts only where no job's are there.
    """

    def __init__(self, file: IO[bytes], what: str) -> None:
        self._file = file
        self._what = what
        try:
            _check_directory(file)
            self._archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise self._unusable(str(error)) from error
        members = [one for one in self._archive.infolist() if not one.is_dir()]
        if len(members) > MOST_FILES or sum(one.file_size for one in members) > MOST_BYTES:
            raise self._unusable(
                f"more than {MOST_FILES} files or {MOST_BYTES} bytes when unpacked"
            )
        self.files = _texts(members)

    @classmethod
    def fetched(cls, fetch: Callable[[IO[bytes]], None], what: str) -> Self:
        """Return the logs that ``fetch`` writes into a temporary file.

        Raises:
            GitHubError: as the class.
            ShipsealError: what ``fetch`` raises.
            OSError: the file cannot be written.
        """
        file = tempfile.TemporaryFile(prefix="shipseal-logs-")  # noqa: SIM115 - closed by the caller
        try:
            fetch(file)
            return cls(file, what)
        except BaseException:
            file.close()
            raise

    def chunks(self, log: LogFile) -> Iterator[bytes]:
        """Yield a text in pieces of at most 1 MiB.

        Raises:
            GitHubError: ``service.outage``: it is damaged.
        """
        try:
            member = self._archive.getinfo(log.name)
            if member.compress_type not in _METHODS or member.flag_bits & 1:
                raise zipfile.BadZipFile("packed in a way that logs are not")
            with self._archive.open(member) as stream:
                while piece := stream.read(_CHUNK):
                    yield piece
        except _BROKEN as error:
            raise self._unusable(f"{log.name!r}: {error}") from error

    def __iter__(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        for log in self.files:
            yield log.name, self.chunks(log)

    def close(self) -> None:
        """Remove the temporary file."""
        self._archive.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unusable(self, problem: str) -> GitHubError:
        return GitHubError(
            Code.SERVICE_OUTAGE,
            f"GitHub: {self._what}: the archive cannot be read: {problem[:300]}",
            hint="ask again; if it stays like this, download the log from the run's page and give the file",
            context={"service": "GitHub"},
        )


def _check_directory(file: IO[bytes]) -> None:
    """Refuse an archive whose list of files alone would fill the memory: the reader takes it whole."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("no end of an archive")
    (directory,) = struct.unpack_from("<L", tail, at + 12)
    if at >= 76 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        (directory,) = struct.unpack_from("<Q", tail, at - 76 + 40)
    if directory > _MOST_DIRECTORY:
        raise zipfile.BadZipFile(f"a list of files of {directory} bytes")
    file.seek(0)


def _texts(members: list[zipfile.ZipInfo]) -> tuple[LogFile, ...]:
    tops = [one for one in members if "/" not in one.filename]
    return tuple(
        LogFile(one.filename, _job_of(one.filename), one.file_size) for one in tops or members
    )


def _job_of(name: str) -> str:
    folder, slash, _ = name.partition("/")
    found = _JOB_FILE.fullmatch(name)
    return folder if slash else found[1] if found else name
