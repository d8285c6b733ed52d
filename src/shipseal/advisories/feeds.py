"""Fetch advisory data from where it is published: ``BASE/ECOSYSTEM/all.zip``, KEV and EPSS.

Several bases are mirrors of one another and are tried in turn, each failure said. What has not changed since the last
time is not sent again. All of it is there before anything is changed; what could not be fetched ends the update.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from shipseal._internal.cancelled import CancelledError
from shipseal._internal.progress import Reporter, Transfer
from shipseal._internal.threads import thread_pool
from shipseal.errors import ConfigError, ShipsealError

OSV = "osv:"
KEV = "kev"
EPSS = "epss"
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Feeds:
    """Where data is published.

    Attributes:
        bases: addresses below which ``ECOSYSTEM/all.zip`` lies, mirrors of one another.
        ecosystems: OSV's names, with or without a release.
        kev: addresses of CISA's catalogue, mirrors of one another; none leaves it out.
        epss: addresses of EPSS scores, likewise.
    """

    bases: tuple[str, ...]
    ecosystems: tuple[str, ...]
    kev: tuple[str, ...] = ()
    epss: tuple[str, ...] = ()

    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """Return the addresses of each source, by its name."""
        found = {
            f"{OSV}{name}": tuple(
                f"{base.rstrip('/')}/{quote(name)}/all.zip" for base in self.bases
            )
            for name in self.ecosystems
        }
        if self.kev:
            found[KEV] = self.kev
        if self.epss:
            found[EPSS] = self.epss
        return found


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of a document an answer was, in HTTP's words; empty where the server did not say.

    Attributes:
        etag: its tag.
        last_modified: when it was last changed.
    """

    etag: str = ""
    last_modified: str = ""

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source that was asked for.

    Attributes:
        name: of the source.
        address: that answered.
        file: what it sent; None when it has not changed.
        version: of that.
    """

    name: str
    address: str
    file: Path | None
    version: Version


class Fetcher(Protocol):
    """Gets a document over HTTP."""

    def __call__(
        self, address: str, into: Path, known: Version, transfer: Transfer
    ) -> Version | None:
        """Write what ``address`` has to ``into`` and return its version; None when it is ``known`` already.

        Raises:
            ShipsealError: it could not be got.
        """


Known = Mapping[str, tuple[str, Version]]
"""By name of a source: the address that it came from, and which version it was."""


def fetch_all(
    feeds: Feeds, known: Known, folder: Path, fetch: Fetcher, reporter: Reporter
) -> list[Fetched]:
    """Fetch everything that has changed.

    Args:
        feeds: where from.
        known: what is here already.
        folder: takes the files.
        fetch: gets one document.
        reporter: hears of progress, and of each mirror that failed.

    Raises:
        ConfigError: there is nothing to fetch.
        ShipsealError: a source could not be got from any of its addresses; the last one's words.
    """
    sources = feeds.sources()
    if not sources or not all(sources.values()):
        raise ConfigError(
            "nothing says where advisories are fetched from",
            hint="set advisories.sources and advisories.ecosystems, or give --source and --ecosystem",
        )
    errand = _Errand(known, folder, fetch, reporter)
    pool = thread_pool(_AT_ONCE, "feed")
    running = [
        pool.submit(errand.get, number, name, addresses)
        for number, (name, addresses) in enumerate(sources.items())
    ]
    try:
        found = [one.result() for one in running]
    except BaseException:
        # Nobody waits for the others: what they fetch is of no use any more.
        errand.over = True
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return found


class _Counted:
    """Counts what comes, and ends it when nobody wants it any more (a :class:`Transfer`)."""

    def __init__(self, transfer: Transfer, errand: "_Errand") -> None:
        self._transfer, self._errand = transfer, errand

    def advance(self, amount: int) -> None:
        """Count ``amount`` bytes.

        Raises:
            CancelledError: another source failed.
        """
        if self._errand.over:
            raise CancelledError
        self._transfer.advance(amount)

    def done(self, note: str = "") -> None:
        """Say that it ended."""
        self._transfer.done(note)


class _Errand:
    def __init__(self, known: Known, folder: Path, fetch: Fetcher, reporter: Reporter) -> None:
        self._known, self._folder = known, folder
        self._fetch, self._reporter = fetch, reporter
        self.over = False

    def get(self, number: int, name: str, addresses: Sequence[str]) -> Fetched:
        """Get one source from the first address that has it."""
        for position, address in enumerate(addresses):
            if self.over:
                raise CancelledError
            try:
                return self._from(name, address, self._folder / f"{number}-{_file_name(name)}")
            except ShipsealError as error:
                if position + 1 == len(addresses):
                    raise
                self._reporter.note(f"{error.message}; {addresses[position + 1]} is tried")
        raise AssertionError(name)  # a source without an address was refused before

    def _from(self, name: str, address: str, file: Path) -> Fetched:
        source, version = self._known.get(name, ("", Version()))
        transfer = _Counted(self._reporter.transfer(name.removeprefix(OSV), None), self)
        found = self._fetch(address, file, version if source == address else Version(), transfer)
        transfer.done("unchanged" if found is None else "")
        if found is None:
            return Fetched(name, address, None, version)
        return Fetched(name, address, file, found)


def _file_name(name: str) -> str:
    """Return a name that says what kind of file it is; what it holds is told by its content."""
    return {KEV: "kev.json", EPSS: "epss.csv"}.get(name, "all.zip")
