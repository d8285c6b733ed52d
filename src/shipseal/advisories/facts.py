"""What is known of a database without looking into it: which file, how old, how much of what."""

from datetime import date, datetime
from pathlib import Path

import msgspec

from shipseal.advisories.file_check import unavailable
from shipseal.advisories.stored import Meta


class DatabaseFacts(msgspec.Struct, frozen=True):
    """A database that was opened.

    Attributes:
        file: where it lies.
        origin: what it is called in reports.
        digest: of the file, ``sha256:…``.
        meta: what it says of itself.
        newest: what its age is counted from; None when it has no record.
        kev: day of the catalogue of known exploited vulnerabilities in it; None when it has none.
        epss: day of the scores in it; likewise.
        notes: what a person should know, a sentence each.
        passed_over: why this is not the newest one; empty when it is.
    """

    file: Path
    origin: str
    digest: str
    meta: Meta
    newest: datetime | None
    kev: date | None
    epss: date | None
    notes: tuple[str, ...]
    passed_over: str = ""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.file.stat().st_size

    def lasting_file(self) -> Path:
        """Return the file; a database that was made for this moment alone has none.

        Raises:
            ScanError: ``scan.db-unavailable``: it has none.
        """
        if not self.file.is_file():
            raise unavailable(
                Path(self.origin),
                "was compiled for this moment only, because no cache can be written here",
                hint="import it with `shipseal db import FILE --db PATH`, or let SHIPSEAL_CACHE name a folder that can "
                "be written",
            )
        return self.file
