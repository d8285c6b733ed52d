"""Which files advisory data may stand in."""

from collections.abc import Iterator
from pathlib import Path

from shipseal.errors import Code, ScanError

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".csv", ".zip")
_HINT = (
    "a database is made of OSV records as JSON, JSON lines or YAML, plain, gzip or in a zip archive, CISA's KEV as "
    "JSON, and EPSS scores as CSV, in a file or a folder"
)


_ABSENT = "is the name right? `shipseal db update` fetches data, and `shipseal db import FILE…` makes it of files"


def advisory_files(path: Path) -> Iterator[Path]:
    """Yield the files that :func:`gather` reads, in the order of their names.

    Raises:
        ScanError: ``scan.db-unavailable``: there is none.
    """
    if path.is_dir():
        files = sorted(
            found for found in path.rglob("*") if suffix_of(found.name) and found.is_file()
        )
        if not files:
            raise unusable(path, "no advisory file in this folder")
        yield from files
    elif path.is_file():
        yield path
    else:
        raise unusable(path, "no such file or folder", hint=_ABSENT)


def suffix_of(name: str) -> str:
    """Return what kind of file ``name`` is, without ``.gz``; empty when it is none that is read."""
    name = name.lower().removesuffix(".gz")
    return next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")


def unusable(path: Path, reason: str, *, shown: str = "", hint: str = _HINT) -> ScanError:
    """Return the error that says why no database can be made of ``path``."""
    return ScanError(
        Code.DB_UNAVAILABLE,
        f"advisory database {shown or path}: {reason}",
        hint=hint,
        context={"path": shown or str(path)},
    )
