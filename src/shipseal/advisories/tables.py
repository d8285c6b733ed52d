"""The tables of a compiled database, a SQLite file (https://www.sqlite.org/fileformat2.html), and its seal.

The file ends with a seal that SQLite does not look at: a marker and the sha256 of all that stands before it, so that a
file is known to be whole wherever it was carried. Its digest is that of the whole file, as ``sha256sum`` prints it.
"""

from typing import Final

APPLICATION_ID: Final = 0x53534442
"""``SSDB``: stands in the header of the file, at byte 68."""
MAGIC: Final = b"SQLite format 3\x00"
HEADER_SIZE: Final = 100
USER_VERSION_AT, APPLICATION_ID_AT = 60, 68
"""Where the header of a SQLite file has the two numbers, big-endian."""
MARKER: Final = b"shipseal advisories\n"
SEAL_SIZE: Final = len(MARKER) + 32

PAGE_SIZE: Final = 4096
LEAST_COMPRESSED: Final = 256
"""Bytes from which on entries are compressed (zlib), which tells them apart: no encoded list begins with that byte."""

SCHEMA: Final = """
CREATE TABLE meta (value BLOB NOT NULL);
CREATE TABLE records (number INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE packages (ecosystem TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (ecosystem, name)) WITHOUT ROWID;
CREATE TABLE ids (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE scores (cve INTEGER PRIMARY KEY, probability INTEGER NOT NULL, percentile INTEGER NOT NULL);
"""
SCALE: Final = 1_000_000_000
"""Scores are stored as whole numbers, in units of one billionth."""
_CVE_NUMBERS = 100_000_000


def cve_key(identifier: str) -> int | None:
    """Return the number under which scores of a CVE are stored; None for what is no CVE."""
    kind, _, rest = identifier.partition("-")
    year, _, number = rest.partition("-")
    if kind.upper() != "CVE" or len(year) != 4 or not 1 <= len(number) <= 8:
        return None
    if not (rest.isascii() and year.isdigit() and number.isdigit()):
        return None
    return int(year) * _CVE_NUMBERS + int(number)
