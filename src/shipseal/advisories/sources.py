"""Read advisory data from files: OSV as JSON, JSON lines, YAML, gzip of these, archives, and folders of all of them.

Everything is read from local files, as they are; nothing is downloaded here.
"""

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from shipseal._internal.limits import ADVISORY_FILE, GIB, MIB, Limit, read_limited
from shipseal._internal.regular_file import open_file
from shipseal.advisories.advisory_files import advisory_files, suffix_of, unusable
from shipseal.advisories.documents import (
    Document,
    NotUsableError,
    read_json,
    read_line,
    read_scores,
    read_value,
)
from shipseal.advisories.file_check import sha256_of
from shipseal.advisories.gathered import Gathered
from shipseal.advisories.packing import pack
from shipseal.advisories.records import Record
from shipseal.advisories.stored import Source
from shipseal.errors import Code, ScanError

_MEMBER = Limit("record in an archive", 64 * MIB, "the largest known advisory is below 10 MiB")
_ARCHIVE = Limit("unpacked archive", 32 * GIB, "the largest ecosystem export unpacks to some GiB")
_NAMED_FILES = 3
_FORGIVEN = (
    0.01  # of the records of a source: a few broken ones must not stop all others from coming
)
_GZIP = b"\x1f\x8b"

Told = Callable[[int], None]
"""Hears how many bytes more were read."""


def _nobody(size: int) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is read.

    Attributes:
        name: of the source; empty for that of the file or folder.
        shown: what it is called in messages; empty for its path.
        forgiving: whether a few malformed records among many are left out, and noted, instead of ending it all.
        told: hears how many bytes more were read.
    """

    name: str = ""
    shown: str = ""
    forgiving: bool = False
    told: Told = _nobody


def gather(path: Path, into: Gathered, reading: Reading = Reading()) -> Source:
    """Read what ``path`` holds, a file or a folder, and return what it is as a source.

    In a folder, JSON that is none of the forms (a manifest) is left out, and noted; a file that is named by itself must
    be one of them.

    Args:
        path: file or folder.
        into: takes what is found.
        reading: how.

    Raises:
        ScanError: ``scan.db-unavailable``: nothing there, not readable, or something in it is malformed.
    """
    name = reading.name or path.name or path.absolute().name
    files = tuple(advisory_files(path))
    digests: list[tuple[str, str]] = []
    empty: list[str] = []
    notes: list[str] = []
    records = 0
    for found in files:
        shown = found.relative_to(path).as_posix() if path.is_dir() else found.name
        file = _File(found, into, name, reading, strict=not path.is_dir())
        digests.append((shown, file.take_in()))
        records += file.records
        notes += file.notes
        if not file.useful:
            empty.append(shown)
    if empty:
        notes.append(_left_out(empty))
    source = Source(name=name, digest=content_digest(digests), records=records, notes=tuple(notes))
    into.sources[name] = source
    return source


def content_digest(files: list[tuple[str, str]]) -> str:
    """Return the digest of a source: of the file itself, or of the lines that sha256sum prints for its files."""
    if len(files) == 1:
        return f"sha256:{files[0][1]}"
    listing = "".join(f"{digest}  {name}\n" for name, digest in sorted(files))
    return f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"


class _File:
    """One file on its way into a database.

    Attributes:
        records: how many it had.
        useful: whether it had anything at all.
        notes: what a person should know, a sentence each.
    """

    def __init__(
        self, path: Path, into: Gathered, source: str, reading: Reading, *, strict: bool
    ) -> None:
        self._path, self._into, self._source, self._strict = path, into, source, strict
        self._reading = reading
        self._malformed: list[str] = []
        self.records = 0
        self.useful = False
        self.notes: list[str] = []

    def take_in(self) -> str:
        """Read the file and return the sha256 of its bytes, in hexadecimal."""
        path = self._path
        try:
            with open_file(path) as stream:
                digest = sha256_of(stream)
                self._reading.told(stream.tell())
                stream.seek(0)
                if path.name.lower().endswith(".zip"):
                    self._archive(stream)
                else:
                    self._document(path.name, _content(path, stream))
            self._tell_malformed()
        except NotUsableError as error:
            raise self._unusable(str(error)) from error
        except (OSError, EOFError, zlib.error) as error:
            raise self._unusable(f"cannot be read: {error}") from error
        return digest

    def _unusable(self, reason: str) -> ScanError:
        return unusable(self._path, reason, shown=self._reading.shown)

    def _tell_malformed(self) -> None:
        """Note what was left out, or refuse a source of which too much would be missing."""
        bad = self._malformed
        if len(bad) > _FORGIVEN * max(self.records, 1 / _FORGIVEN):
            raise NotUsableError(f"{len(bad)} of its records are not in OSV form: {_some(bad)}")
        if bad:
            self.notes.append(
                f"{self._source}: {len(bad)} record(s) are not in OSV form and were left out: {_some(bad)}"
            )

    def _archive(self, stream: BinaryIO) -> None:
        left = _ARCHIVE.size
        try:
            with zipfile.ZipFile(stream) as archive:
                for member in archive.infolist():
                    if member.is_dir() or not suffix_of(member.filename):
                        continue
                    left -= member.file_size
                    if left < 0:
                        raise NotUsableError(f"unpacks to more than {_ARCHIVE.size} bytes")
                    with archive.open(member) as content:
                        data = read_limited(
                            content,
                            _MEMBER,
                            what=f"{self._path}: {member.filename}",
                            code=Code.DB_UNAVAILABLE,
                        )
                    self._member(member.filename, data)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise NotUsableError(f"cannot be read: {error}") from error

    def _member(self, name: str, data: bytes) -> None:
        try:
            self._document(PurePosixPath(name).name, data)
        except NotUsableError as error:
            if not self._reading.forgiving:
                raise NotUsableError(f"{name}: {error}") from error
            self._malformed.append(name)

    def _document(self, name: str, data: bytes) -> None:
        suffix = suffix_of(name)
        if suffix in (".jsonl", ".ndjson"):
            for number, line in enumerate(io.BytesIO(data), start=1):
                if line.strip():
                    self._record(read_line(line, number))
            return
        if suffix in (".yaml", ".yml"):
            document = read_value(_yaml(data), strict=self._strict)
        elif suffix == ".csv":
            document = _scores(data)
        else:
            document = read_json(data, strict=self._strict)
        self._take(document)

    def _take(self, document: Document) -> None:
        for record in document.records:
            self._record(record)
        self.useful = self.useful or bool(document)
        into = self._into
        if document.exploited is not None:
            into.exploited, into.exploited_day = document.exploited, document.day
        if document.scores is not None:
            into.scores, into.scores_day = document.scores, document.day
        if document.ratings is not None:
            into.rate(document.ratings.items())

    def _record(self, record: Record) -> None:
        try:
            self._into.add(pack(record, self._source))
        except ValueError as error:
            raise NotUsableError(
                f"advisory {record.id}: modified is not a date: {record.modified!r} "
                "(OSV writes it as 2024-05-31T12:00:00Z)"
            ) from error
        self.records += 1
        self.useful = True


def _content(path: Path, stream: BinaryIO) -> bytes:
    source: Any = stream
    packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    if packed or path.name.lower().endswith(".gz"):
        source = gzip.GzipFile(fileobj=stream)
    return read_limited(source, ADVISORY_FILE, what=str(path), code=Code.DB_UNAVAILABLE)


def _scores(data: bytes) -> Document:
    try:
        return read_scores(iter(data.decode("utf-8-sig").splitlines()))
    except UnicodeDecodeError as error:
        raise NotUsableError("is no table of EPSS scores: it is not text") from error


def _yaml(data: bytes) -> object:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and rarely needed
    from ruamel.yaml.constructor import SafeConstructor  # noqa: PLC0415
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    class Plain(SafeConstructor):
        """Leaves dates as they are written: OSV wants text."""

    Plain.add_constructor("tag:yaml.org,2002:timestamp", Plain.construct_yaml_str)
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = Plain
    try:
        value: object = reader.load(data.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise NotUsableError(f"is not YAML: {error}") from error
    return value


def _left_out(names: list[str]) -> str:
    return (
        f"{len(names)} file(s) of the advisory database hold nothing that is used and were left out: "
        + _some(names)
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED_FILES]) + (", …" if len(names) > _NAMED_FILES else "")
