"""Downloads over connections and from registries that fail."""

import pytest

from shipseal.errors import Code, ImageError, RegistryError, ShipsealError
from shipseal.testing.fault_kinds import drip, refuse
from shipseal.testing.faults import Faults
from shipseal.testing.http_server import Exchange
from tests.support.clocks import ticking
from tests.support.simulated import Simulated
from tests.support.target_content import Content

BLOB = Content(bytes(range(256)) * 4_000)
SIZE = len(BLOB.data)


def _read(sim: Simulated, offset: int = 0) -> bytes:
    return b"".join(sim.target.open_blob(BLOB.descriptor, offset=offset))


@pytest.fixture(autouse=True)
def _stored(sim: Simulated) -> None:
    sim.stored.blobs[BLOB.descriptor.digest] = BLOB.data


@pytest.mark.parametrize("offset", [0, 1, 500_000, SIZE - 1])
def test_a_blob_is_taken_up_where_the_connection_broke(sim: Simulated, offset: int) -> None:
    sim.registry.quirks.cut_downloads = [min(200_000, (SIZE - offset) // 2)] * 3
    assert _read(sim, offset) == BLOB.data[offset:]
    assert sim.registry.count("GET") > 1 or offset == SIZE - 1


def test_only_the_rest_is_asked_for(sim: Simulated) -> None:
    sim.registry.quirks.cut_downloads = [600_000]
    ranges: list[str | None] = []

    def note(exchange: Exchange) -> bool:
        ranges.append(exchange.headers.get("Range"))
        return False

    sim.registry.before = note
    assert _read(sim) == BLOB.data
    assert ranges == [None, f"bytes=600000-{SIZE - 1}"]


def test_a_registry_without_ranges_is_read_over_what_is_known(sim: Simulated) -> None:
    sim.registry.quirks.ranges = False
    sim.registry.quirks.cut_downloads = [600_000]
    assert _read(sim) == BLOB.data
    assert _read(sim, 700_001) == BLOB.data[700_001:]


def test_a_download_that_never_gets_on_fails(sim: Simulated) -> None:
    sim.registry.quirks.cut_downloads = [1000, *[0] * 10]
    with pytest.raises(RegistryError) as caught:
        _read(sim)
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert sim.registry.count("GET") == 4


def test_one_that_gets_on_may_break_often(sim: Simulated) -> None:
    sim.registry.quirks.cut_downloads = [100_000] * 9
    assert _read(sim) == BLOB.data


@pytest.mark.parametrize(
    "data",
    [BLOB.data[:-1] + b"x", BLOB.data[:-1], BLOB.data + b"x"],
    ids=["other", "short", "long"],
)
def test_what_is_not_its_digest_is_refused(sim: Simulated, data: bytes) -> None:
    sim.stored.blobs[BLOB.descriptor.digest] = data
    with pytest.raises(ImageError, match="expected") as caught:
        _read(sim)
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_part_of_another_length_is_refused(sim: Simulated) -> None:
    sim.stored.blobs[BLOB.descriptor.digest] = BLOB.data[:-1]
    with pytest.raises(ImageError, match=f"expected {SIZE} bytes, got {SIZE - 1}"):
        _read(sim, 5)


@pytest.mark.parametrize("value", ["", "bytes 700000-1023999/1024000", "items 5-6/7"])
def test_another_range_than_asked_for_is_refused(sim: Simulated, value: str) -> None:
    def other(exchange: Exchange) -> bool:
        exchange.reply(206, BLOB.data[700_000:], {"Content-Range": value})
        return True

    sim.registry.before = other
    with pytest.raises(RegistryError, match="asked for bytes=5-"):
        _read(sim, 5)


def test_what_is_not_there_is_not_asked_for_twice(sim: Simulated) -> None:
    sim.stored.blobs.clear()
    with pytest.raises(ShipsealError, match="BLOB_UNKNOWN") as caught:
        _read(sim)
    assert caught.value.code is Code.IMAGE_NOT_FOUND
    assert sim.registry.count("GET") == 1


def test_a_reader_may_stop_early(sim: Simulated) -> None:
    chunks = sim.target.open_blob(BLOB.descriptor)
    assert next(iter(chunks))
    chunks.close()  # type: ignore[attr-defined]
    assert _read(sim) == BLOB.data


def test_a_registry_that_refuses_a_part_is_read_from_the_beginning(sim: Simulated) -> None:
    sim.stored.blobs[BLOB.descriptor.digest] = BLOB.data
    sim.registry.quirks.cut_downloads = [SIZE // 2]
    faults = Faults()
    refused = faults.add(
        lambda exchange: bool(exchange.headers.get("Range")) and refuse(416)(exchange), "GET"
    )
    sim.registry.before = faults
    assert _read(sim) == BLOB.data
    assert len(refused.struck) == 3


def test_a_blob_that_drips_is_given_up_although_it_gets_on(sim: Simulated) -> None:
    sim.stored.blobs[BLOB.descriptor.digest] = BLOB.data
    faults = Faults()
    faults.add(drip(ticking(sim.clock, 15), piece=1000), "GET", "/blobs/")
    sim.registry.before = faults
    with pytest.raises(RegistryError, match="too slow: ") as caught:
        _read(sim)
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)
    assert sim.registry.count("GET") < 5
    assert sim.clock.elapsed < 600


def test_a_blob_that_comes_slowly_at_a_fair_pace_is_read(sim: Simulated) -> None:
    sim.stored.blobs[BLOB.descriptor.digest] = BLOB.data
    faults = Faults()
    faults.add(drip(ticking(sim.clock, 15), piece=20_000), "GET", "/blobs/")
    sim.registry.before = faults
    assert _read(sim) == BLOB.data
    assert sim.clock.elapsed > 600
