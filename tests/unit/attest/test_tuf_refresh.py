"""The TUF cache is refreshed from a real repository, and what does not hold there changes nothing."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shipseal._internal.clock import SystemClock
from shipseal.attest import tuf_refresh
from shipseal.attest.trust_root import Origin
from shipseal.attest.trust_root_source import TufPlaces, public_root
from shipseal.attest.tuf_refresh import refresh_tuf
from shipseal.errors import AttestError, Code
from shipseal.oci import digest_of
from shipseal.testing.http_server import Exchange, HttpServer
from tests.support.instance import FakeInstance
from tests.support.tuf_repository import TufRepository

ROOT = json.dumps(FakeInstance().root_document()).encode()
NEWER = json.dumps(FakeInstance(name="two").root_document()).encode()


class Served:
    """A repository that is served, and can be made to fail."""

    def __init__(self) -> None:
        self.repository = TufRepository({"trusted_root.json": ROOT})
        self.status = 200
        self.slow = 0.0
        self.asked: list[str] = []

    def __call__(self, exchange: Exchange) -> None:
        path = exchange.path.lstrip("/")
        self.asked.append(path)
        time.sleep(self.slow)
        data = self.repository.files.get(path)
        if self.status != 200:
            exchange.reply(self.status)
        elif data is None:
            exchange.reply(404)
        else:
            exchange.reply(200, data)


@pytest.fixture
def served() -> Iterator[tuple[Served, str]]:
    handler = Served()
    with HttpServer(handler) as server:
        yield handler, server.url


@pytest.fixture
def places(
    served: tuple[Served, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> TufPlaces:
    # What sigstore-python carries for the public repository, this one's user has from elsewhere.
    monkeypatch.setattr(tuf_refresh, "_first_root", lambda _: served[0].repository.root)
    return TufPlaces(served[1], tmp_path / "metadata", tmp_path / "targets")


def test_what_is_published_is_fetched_verified_and_used(
    served: tuple[Served, str], places: TufPlaces
) -> None:
    root = public_root(places, SystemClock(), refresh_tuf)
    assert (root.origin, root.digest, root.note) == (Origin.CACHE, digest_of(ROOT), "")
    assert root.age is not None
    assert root.age < timedelta(minutes=1)
    served[0].asked.clear()
    assert public_root(places, SystemClock(), refresh_tuf).digest == digest_of(ROOT)
    assert served[0].asked == [], "it is fresh for a day"


def test_a_new_root_takes_the_place_of_the_old_one(
    served: tuple[Served, str], places: TufPlaces
) -> None:
    refresh_tuf(places, SystemClock())
    served[0].repository.publish({"trusted_root.json": NEWER})
    refresh_tuf(places, SystemClock())
    assert public_root(places, SystemClock(), None).digest == digest_of(NEWER)


def test_a_file_that_is_not_what_was_signed_is_not_taken(
    served: tuple[Served, str], places: TufPlaces
) -> None:
    refresh_tuf(places, SystemClock())
    repository = served[0].repository
    repository.publish({"trusted_root.json": NEWER})
    name = next(path for path, data in repository.files.items() if data == NEWER)
    repository.files[name] = NEWER[:-1] + b" "
    with pytest.raises(AttestError) as caught:
        refresh_tuf(places, SystemClock())
    assert caught.value.code is Code.SERVICE_OUTAGE
    # Metadata is newer than the file now: that does not fit together, and the embedded one is used.
    root = public_root(places, SystemClock(), None)
    assert root.digest != digest_of(NEWER)


def test_metadata_of_somebody_else_is_not_taken(
    served: tuple[Served, str], places: TufPlaces
) -> None:
    refresh_tuf(places, SystemClock())
    forged = TufRepository({"trusted_root.json": NEWER})
    for name in ("timestamp.json", "1.snapshot.json", "1.targets.json"):
        served[0].repository.files[name] = forged.files[name]
    with pytest.raises(AttestError, match="timestamp"):
        refresh_tuf(places, SystemClock())
    assert public_root(places, SystemClock(), None).digest == digest_of(ROOT)


def test_an_ended_repository_is_not_taken(served: tuple[Served, str], places: TufPlaces) -> None:
    served[0].repository.publish({"trusted_root.json": ROOT}, life=-timedelta(days=1))
    root = public_root(places, SystemClock(), refresh_tuf)
    assert root.origin is Origin.EMBEDDED
    assert "could not be refreshed" in root.note


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_repository_that_fails_leaves_the_cache(
    served: tuple[Served, str], places: TufPlaces, status: int
) -> None:
    refresh_tuf(places, SystemClock())
    served[0].status = status
    with pytest.raises(AttestError) as caught:
        refresh_tuf(places, SystemClock())
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)
    assert public_root(places, SystemClock(), None).digest == digest_of(ROOT)


def test_a_repository_that_is_slow_is_not_waited_for(
    served: tuple[Served, str], places: TufPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuf_refresh, "_ANSWER", 0.2)
    monkeypatch.setattr(tuf_refresh, "_TOTAL", 0.4)
    served[0].slow = 0.5
    began = time.monotonic()
    with pytest.raises(AttestError):
        refresh_tuf(places, SystemClock())
    assert time.monotonic() - began < 30
    served[0].slow = 0.15
    with pytest.raises(AttestError, match="more than"):
        refresh_tuf(places, SystemClock())


def test_a_repository_without_a_trusted_root_is_none(
    served: tuple[Served, str], places: TufPlaces
) -> None:
    served[0].repository.publish({"other.json": b"{}"})
    with pytest.raises(AttestError, match="publishes no"):
        refresh_tuf(places, SystemClock())
