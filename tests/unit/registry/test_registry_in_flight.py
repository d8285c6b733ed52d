"""Uploads of one blob to one repository take turns."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from shipseal.oci import digest_of
from shipseal.registry.in_flight import InFlight
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import RegistrySimulator
from tests.support.simulated import close_all, simulated
from tests.support.target_content import Content, image

ONE, OTHER = digest_of(b"one"), digest_of(b"other")


def test_the_same_digest_takes_turns_and_another_does_not_wait() -> None:
    in_flight = InFlight()
    inside, most = 0, 0
    guard = threading.Lock()

    def work(_: int) -> None:
        nonlocal inside, most
        with in_flight.alone(ONE):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.005)
            with guard:
                inside -= 1

    with in_flight.alone(OTHER), ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    assert most == 1


def test_one_blob_that_many_threads_put_is_sent_once() -> None:
    sent: list[str] = []

    def count(exchange: Exchange) -> bool:
        if exchange.method == "PUT" and "/blobs/uploads/" in exchange.path:
            sent.append(exchange.path)
        return False

    with RegistrySimulator() as registry:
        case = simulated(registry)
        registry.before = count
        content = Content(b"the same bytes for three subjects" * 1000)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: case.target.put_blob(content.upload()), range(12)))
        assert len(sent) == 1
        close_all()


def test_a_manifest_is_stored_when_the_registry_finds_its_blobs_a_moment_later() -> None:
    refused = 0

    def not_yet(exchange: Exchange) -> bool:
        nonlocal refused
        if exchange.method == "PUT" and "/manifests/" in exchange.path and refused < 2:
            refused += 1
            body = b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}'
            exchange.reply(400, body, {"Content-Type": "application/json"})
            return True
        return False

    with RegistrySimulator() as registry:
        case = simulated(registry)
        manifest = image(case.target, "late")
        registry.before = not_yet
        case.target.put_manifest(manifest)
        assert refused == 2
        assert case.target.resolve(manifest.digest) is not None
        close_all()
