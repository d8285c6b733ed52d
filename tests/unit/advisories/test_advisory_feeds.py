"""Fetching advisories from real servers: what changed alone, mirrors in turn, and nothing changed when it fails."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shipseal._internal.cancelled import CancelledError
from shipseal._internal.progress import SilentReporter, SilentTransfer
from shipseal._internal.retry import RetryPolicy
from shipseal.advisories.feeds import Feeds, Version
from shipseal.advisories.interface import PackageQuery
from shipseal.advisories.ordering import scheme_for
from shipseal.advisories.store import Store
from shipseal.advisories.updating import Changed, import_files, update
from shipseal.config.advisories_model import ECOSYSTEMS
from shipseal.errors import Code, ConfigError, Exit, ShipsealError
from shipseal.registry.hosts import HostSettings
from shipseal.testing.certificates import CertificateAuthority
from shipseal.testing.http_server import Exchange, HttpServer, Reply
from shipseal.wiring.feed_web import FeedWeb, check_address
from tests.support.advisory_databases import EPSS, KEV, FeedServer, archive, record
from tests.support.clocks import StoppedClock

NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)
PYPI, NPM = "/PyPI/all.zip", "/npm/all.zip"


class Notes(SilentReporter):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


class World:
    """A feed, its addresses, and a store that is filled from it."""

    def __init__(self, folder: Path, feed: FeedServer, url: str) -> None:
        self.feed, self.url = feed, url
        self.feeds = Feeds((url,), ("PyPI", "npm"), (f"{url}/kev.json",), (f"{url}/epss.csv.gz",))
        self.store = Store.folder(folder / "store")
        self.reporter = Notes()
        feed.documents = {
            PYPI: archive(record(1), record(2)),
            NPM: archive(record(3, "npm")),
            "/kev.json": json.dumps(KEV).encode(),
            "/epss.csv.gz": EPSS.encode(),
        }

    def update(
        self, *, now: datetime = NOW, feeds: Feeds | None = None, fresh: bool = False
    ) -> Changed:
        fetch = FeedWeb({}, StoppedClock(), RetryPolicy(tries=3, first_wait=0.01))
        try:
            return update(self.store, feeds or self.feeds, fetch, now, self.reporter, fresh=fresh)
        finally:
            fetch.close()

    def hits(self) -> list[str]:
        found = self.store.open().match(PackageQuery("PyPI", "sample", "0.5")).hits
        return [hit.id for hit in found]

    def failed(self, **words: Any) -> ShipsealError:
        """Update, which must fail and change nothing, and return the error."""
        before = self.store.open().digest
        with pytest.raises(ShipsealError) as caught:
            self.update(**words)
        assert self.store.open().digest == before
        return caught.value


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    feed = FeedServer()
    with feed.serve() as server:
        yield World(tmp_path, feed, server.url)


def test_everything_is_fetched_and_found(world: World) -> None:
    changed = world.update()
    assert [(one.name, one.records, one.changed) for one in changed.sources] == [
        ("osv:PyPI", 2, True), ("osv:npm", 1, True), ("kev", 0, True), ("epss", 0, True),
    ]  # fmt: skip
    assert world.hits() == ["X-1", "X-2"]
    (hit, _) = world.store.open().match(PackageQuery("PyPI", "sample", "0.5")).hits
    assert hit.kev is not None
    assert hit.epss is not None
    assert hit.epss.probability == 0.94321


def test_the_age_is_counted_from_when_the_sources_were_asked(world: World) -> None:
    world.update()
    assert world.store.open().newest == NOW
    later = NOW + timedelta(days=2)
    assert all(not one.changed for one in world.update(now=later).sources)
    assert world.store.open().newest == later


def test_a_file_that_was_imported_beside_it_is_as_old_as_its_newest_record(
    world: World, tmp_path: Path
) -> None:
    world.update()
    own = tmp_path / "own.json"
    own.write_text(json.dumps(record(4, "Maven")))
    import_files(world.store, [own], world.reporter, fresh=False)
    assert world.store.open().newest == datetime(2026, 1, 10, tzinfo=UTC)
    world.update(now=NOW + timedelta(days=9))
    assert world.store.open().newest == datetime(2026, 1, 10, tzinfo=UTC)
    assert world.store.open().covers("Maven")


def test_only_what_changed_is_sent_again(world: World) -> None:
    world.update()
    world.feed.documents[PYPI] = archive(record(2), record(5))
    world.feed.asked.clear()
    changed = world.update()
    assert [one.name for one in changed.sources if one.changed] == ["osv:PyPI"]
    assert all(known for _, known in world.feed.asked), (
        "each request names the version that is here"
    )
    assert world.hits() == ["X-2", "X-5"], "what the source no longer has is gone"


def test_what_is_no_longer_asked_for_goes_and_is_said(world: World) -> None:
    world.update()
    world.update(feeds=replace(world.feeds, ecosystems=("PyPI",)))
    assert not world.store.open().covers("npm")
    assert world.reporter.notes == ["osv:npm is no longer asked for: its 1 record(s) go"]


def test_a_mirror_that_fails_is_said_and_the_next_one_is_asked(world: World) -> None:
    feeds = replace(world.feeds, bases=(f"{world.url}/gone", world.url))
    world.update(feeds=feeds)
    assert world.hits() == ["X-1", "X-2"]
    assert len(world.reporter.notes) == 2
    assert "/gone/PyPI/all.zip: 404 Not Found" in "\n".join(world.reporter.notes)
    assert f"{world.url}/PyPI/all.zip is tried" in "\n".join(world.reporter.notes)


def test_another_mirror_is_not_asked_about_the_version_of_the_first(world: World) -> None:
    world.update()
    world.feed.documents["/b/PyPI/all.zip"] = archive(record(7))
    world.feed.asked.clear()
    feeds = replace(world.feeds, bases=(f"{world.url}/b",), ecosystems=("PyPI",), kev=(), epss=())
    world.update(feeds=feeds)
    assert world.feed.asked == [("/b/PyPI/all.zip", "")]
    assert world.hits() == ["X-7"]


def status(code: int, headers: dict[str, str] | None = None) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.reply(code, b"no", headers or {})


def cut(exchange: Exchange) -> None:
    exchange.reply(200, b"PK half of it", length=5000)


@pytest.mark.parametrize("fault", [status(503), status(429, {"Retry-After": "1"}), cut])
def test_what_passes_is_tried_again(world: World, fault: Callable[[Exchange], None]) -> None:
    world.feed.answers[PYPI] = [fault]
    world.update()
    assert world.hits() == ["X-1", "X-2"]


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (status(503), Code.SERVICE_OUTAGE, "503 Service Unavailable"),
        (status(429), Code.RATE_LIMITED, "429"),
        (status(404), Code.DB_UNAVAILABLE, "404 Not Found"),
        (status(403), Code.DB_UNAVAILABLE, "403 Forbidden"),
        (status(304), Code.DB_UNAVAILABLE, "304"),
        (cut, Code.SERVICE_OUTAGE, "PyPI/all.zip"),
        (lambda exchange: exchange.drop(), Code.SERVICE_OUTAGE, "PyPI/all.zip"),
    ],
)
def test_what_does_not_pass_changes_nothing(
    world: World, fault: Callable[[Exchange], None], code: Code, words: str
) -> None:
    world.update()
    world.feed.answers[PYPI] = [fault] * 20
    error = world.failed(fresh=True)
    assert error.code is code
    assert words in error.message
    assert error.hint
    assert error.exit in (Exit.OUTSIDE, Exit.UNDECIDED)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (PYPI, b"<html>sign in</html>", "cannot be read"),
        (PYPI, archive(), "has nothing of osv:PyPI"),
        (PYPI, archive(record(1))[:-30], "cannot be read"),
        (
            PYPI,
            archive(record(1), extra=[(f"{n}.json", b'{"id": 1}') for n in range(3)]),
            "3 of its records are",
        ),
        ("/kev.json", b"{}", "record 1 is not in OSV form"),
        ("/kev.json", json.dumps(record(1)).encode(), "has nothing of kev"),
        ("/kev.json", b"<html>", "is not JSON"),
        ("/epss.csv.gz", b"cve;epss", "its heading is not"),
        ("/epss.csv.gz", b"cve,epss,percentile\n", "has nothing of epss"),
        ("/epss.csv.gz", b"cve,epss,percentile\nCVE-2026-1,2,0.1\n", "score 1 cannot be read"),
        ("/epss.csv.gz", b"cve,epss,percentile\nGHSA-1,0.2,0.1\n", "score 1 is of no CVE"),
    ],
)
def test_what_is_no_advisory_data_changes_nothing(
    world: World, path: str, body: bytes, words: str
) -> None:
    world.update()
    world.feed.documents[path] = body
    error = world.failed()
    assert (error.code, error.exit) == (Code.DB_UNAVAILABLE, Exit.UNDECIDED)
    assert words in error.message
    assert world.url in error.message, "the address says what is wrong, not a temporary file"


def test_a_few_broken_records_among_many_stop_nothing_and_are_told_in_every_report(
    world: World,
) -> None:
    many = [record(number, summary=f"{number}") for number in range(1, 300)]
    world.feed.documents[PYPI] = archive(*many, extra=[("BAD-1.json", b'{"id": 1}')])
    world.update()
    (note,) = world.store.open().notes
    assert note == "osv:PyPI: 1 record(s) are not in OSV form and were left out: BAD-1.json"
    world.feed.documents[PYPI] = archive(*many)
    world.update()
    assert world.store.open().notes == ()


def test_data_that_nobody_fills_any_more_is_told(world: World) -> None:
    world.update(now=NOW + timedelta(days=100))
    (note,) = world.store.open().notes
    assert "the newest advisory is of 2026-01-10T00:00:00Z, 102 days before the update" in note


@pytest.mark.parametrize("feeds", [Feeds((), ("PyPI",)), Feeds(("https://a.example",), ())])
def test_nothing_to_fetch_is_a_fault_of_the_configuration(world: World, feeds: Feeds) -> None:
    with pytest.raises(ConfigError, match="nothing says where"):
        world.update(feeds=feeds)


@pytest.mark.parametrize(
    "address",
    [
        "http://mirror.example/osv",
        "ftp://127.0.0.1/x",
        "PyPI",
        "",
        "https://",
        "https://[x",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_could_be_changed_on_its_way_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="no https:// address"):
        check_address(address, {})


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        check_address("https://user:hunter2@mirror.example/", {})
    assert "hunter2" not in str(caught.value)


def test_plain_http_is_for_hosts_that_are_named_for_it() -> None:
    check_address(
        "http://mirror.example:8080/osv", {"mirror.example:8080": HostSettings(plain_http=True)}
    )
    check_address("http://127.0.0.1:9/osv", {})


def test_an_authority_of_ones_own_is_trusted_where_it_is_named(
    world: World, tmp_path: Path
) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    with HttpServer(
        world.feed, tls=authority.issue("feed", "127.0.0.1").server_context()
    ) as server:
        feeds = replace(world.feeds, bases=(server.url,), kev=(), epss=())
        with pytest.raises(ShipsealError) as caught:
            world.update(feeds=feeds)
        assert caught.value.code is Code.TLS_UNTRUSTED
        hosts = {server.netloc: HostSettings(ca=authority.certificate)}
        fetch = FeedWeb(hosts, StoppedClock(), RetryPolicy(tries=1))
        update(world.store, feeds, fetch, NOW, world.reporter, fresh=False)
        fetch.close()
    assert world.hits() == ["X-1", "X-2"]


def test_every_ecosystem_that_is_fetched_by_default_can_be_ordered() -> None:
    assert [name for name in ECOSYSTEMS if scheme_for(name) is None] == []


def test_what_nobody_wants_any_more_is_not_asked_again(world: World, tmp_path: Path) -> None:
    class CalledOff(SilentTransfer):
        over = False

        def advance(self, amount: int) -> None:
            if self.over:
                raise CancelledError

    transfer = CalledOff()

    def failing(exchange: Exchange) -> None:
        transfer.over = True
        status(503)(exchange)

    world.feed.answers[NPM] = [failing] * 3
    asked = len(world.feed.asked)
    fetch = FeedWeb({}, StoppedClock(), RetryPolicy(tries=3, first_wait=0.01))
    with closing(fetch), pytest.raises(CancelledError):
        fetch(world.url + NPM, tmp_path / "npm.zip", Version(), transfer)
    assert len(world.feed.asked) == asked + 1


def test_when_one_source_fails_nobody_waits_for_the_others(world: World) -> None:
    world.update()
    going = threading.Event()

    def endless(exchange: Exchange) -> None:
        def pieces() -> Iterator[bytes]:
            while not going.wait(0.01):
                yield b"x" * 1000

        exchange.send(Reply(200, (), pieces(), 1 << 40))

    world.feed.answers[NPM] = [endless]
    world.feed.answers[PYPI] = [status(404)] * 3
    began = time.monotonic()
    try:
        error = world.failed(fresh=True)
    finally:
        going.set()
    assert "404 Not Found" in error.message
    assert time.monotonic() - began < 30
