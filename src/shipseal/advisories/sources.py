"""Read advisories from files: OSV JSON, JSON lines, YAML, gzip of these, and folders of them.

Everything is read from local files, as they are; nothing is downloaded here.
"""

import contextlib
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shipseal._internal.limits import ADVISORY_FILE, read_limited
from shipseal.advisories.records import Record
from shipseal.errors import Code, ScanError

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".yaml", ".yml")
_RECORD = msgspec.json.Decoder(Record)
_HINT = (
    "a database is OSV records as JSON, JSON lines or YAML, plain or gzip, in a file or a folder"
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of advisories, read.

    Attributes:
        name: path relative to the database, with ``/``.
        digest: sha256 of the file's bytes, in hexadecimal.
        records: what it holds; empty when it holds no OSV record.
    """

    name: str
    digest: str
    records: tuple[Record, ...]


def read_sources(path: Path) -> Iterator[SourceFile]:
    """Yield the files of ``path`` in the order of their names.

    In a folder, JSON that is no OSV record (a manifest, a table) comes without records, so that the caller can tell;
    a file that is named by itself must hold some.

    Raises:
        ScanError: ``scan.db-unavailable``: nothing there, not readable, or a record that is malformed.
    """
    if path.is_dir():
        files = sorted(found for found in path.rglob("*") if found.is_file() and _suffix(found))
        if not files:
            raise _unavailable(path, "no advisory file in this folder")
        for found in files:
            yield _read(found, found.relative_to(path).as_posix(), strict=False)
        return
    if not path.is_file():
        raise _unavailable(path, "no such file or folder")
    yield _read(path, path.name, strict=True)


def _suffix(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")


def _read(path: Path, name: str, *, strict: bool) -> SourceFile:
    try:
        with path.open("rb") as stream:
            raw = read_limited(stream, ADVISORY_FILE, what=str(path), code=Code.DB_UNAVAILABLE)
        data = raw
        if path.name.lower().endswith(".gz"):
            with gzip.open(path, "rb") as stream:
                data = read_limited(stream, ADVISORY_FILE, what=str(path), code=Code.DB_UNAVAILABLE)
    except (OSError, EOFError, zlib.error) as error:
        raise _unavailable(path, f"cannot be read: {error}") from error
    records = tuple(_records(path, data, _suffix(path), strict=strict))
    return SourceFile(name, hashlib.sha256(raw).hexdigest(), records)


def _records(path: Path, data: bytes, suffix: str, *, strict: bool) -> Iterator[Record]:
    if suffix in (".jsonl", ".ndjson"):
        for number, line in enumerate(data.splitlines(), start=1):
            if line.strip():
                yield _decode(path, line, f"line {number}")
    elif suffix in (".yaml", ".yml"):
        yield from _convert(path, _yaml(path, data), strict=strict)
    else:
        yield from _json(path, data, strict=strict)


def _json(path: Path, data: bytes, *, strict: bool) -> Iterator[Record]:
    with contextlib.suppress(msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):
        yield _RECORD.decode(data)
        return
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unavailable(path, f"is not JSON: {error}") from error
    yield from _convert(path, value, strict=strict)


def _convert(path: Path, value: object, *, strict: bool) -> Iterator[Record]:
    items = value if isinstance(value, list) else [value]
    if not strict and not any(_looks_like_osv(item) for item in items):
        return
    for position, item in enumerate(items, start=1):
        try:
            yield msgspec.convert(item, Record)
        except msgspec.ValidationError as error:
            raise _unavailable(path, f"record {position} is not in OSV form: {error}") from error


def _looks_like_osv(value: object) -> bool:
    return (
        isinstance(value, dict) and "id" in value and ("modified" in value or "affected" in value)
    )


def _decode(path: Path, line: bytes, where: str) -> Record:
    try:
        return _RECORD.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unavailable(path, f"{where} is not in OSV form: {error}") from error


def _yaml(path: Path, data: bytes) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and rarely needed
    from ruamel.yaml.constructor import SafeConstructor  # noqa: PLC0415
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    class Plain(SafeConstructor):
        """Leaves dates as they are written: OSV wants text."""

    Plain.add_constructor("tag:yaml.org,2002:timestamp", Plain.construct_yaml_str)
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = Plain
    try:
        return reader.load(data.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _unavailable(path, f"is not YAML: {error}") from error


def _unavailable(path: Path, reason: str) -> ScanError:
    return ScanError(
        Code.DB_UNAVAILABLE,
        f"advisory database {path}: {reason}",
        hint=_HINT,
        context={"path": str(path)},
    )
