"""Connections end when the other side is too slow in any of the ways that a socket's timeout lets through."""

import ssl
from collections.abc import Iterator
from typing import Any

import httpcore
import httpx
import pytest

from shipseal._internal.limits import KIB, MIB
from shipseal._internal.pace import WINDOW_SECONDS, TooSlowError
from shipseal._internal.paced_client import PacedStream
from shipseal._internal.web_clients import WebClients
from shipseal.testing.http_server import Exchange, HttpServer
from tests.support.clocks import StoppedClock, ticking

READ = 30.0


class Line(httpcore.NetworkStream):
    """The other side: takes bytes at a pace, and gives one at a time.

    Attributes:
        pace: bytes a second that it takes.
        pause: seconds before each byte that it gives.
        silent: whether it gives nothing more, and lets the timeout run out.
        taken: so far.
        pieces: the size of each write.
        waited: the timeout of each read.
    """

    def __init__(self, clock: StoppedClock, pace: float = MIB, pause: float = 0.0) -> None:
        self.clock, self.pace, self.pause = clock, pace, pause
        self.silent = False
        self.taken = bytearray()
        self.pieces: list[int] = []
        self.waited: list[float | None] = []

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        assert timeout == READ
        self.clock.elapsed += len(buffer) / self.pace
        self.taken += buffer
        self.pieces.append(len(buffer))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.waited.append(timeout)
        if self.silent:
            self.clock.elapsed += timeout or 0
            raise httpcore.ReadTimeout("timed out")
        self.clock.elapsed += self.pause
        return b"a"

    def close(self) -> None:
        raise NotImplementedError

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return info


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def line(clock: StoppedClock) -> Line:
    return Line(clock)


@pytest.fixture
def stream(line: Line, clock: StoppedClock) -> PacedStream:
    return PacedStream(line, clock)


def read_for_ever(stream: PacedStream) -> None:
    for _ in range(100_000):
        stream.read(64 * KIB, READ)


def test_a_header_is_whole_within_the_timeout_of_the_request(
    stream: PacedStream, line: Line, clock: StoppedClock
) -> None:
    line.pause = 4
    stream.write(b"GET", READ)
    asked = clock.elapsed
    with pytest.raises(TooSlowError, match="header of the answer has no end after 30 s"):
        read_for_ever(stream)
    assert READ <= clock.elapsed - asked <= READ + line.pause
    assert line.waited[-1] == pytest.approx(2)


def test_a_header_that_stops_in_the_middle_is_waited_for_no_longer(
    stream: PacedStream, line: Line, clock: StoppedClock
) -> None:
    stream.write(b"GET", READ)
    asked, line.pause = clock.elapsed, 20
    stream.read(1, READ)
    line.silent = True
    with pytest.raises(TooSlowError, match="header"):
        stream.read(1, READ)
    assert clock.elapsed - asked == pytest.approx(READ)


def test_silence_from_the_beginning_is_told_as_silence(stream: PacedStream, line: Line) -> None:
    line.silent = True
    stream.write(b"GET", READ)
    with pytest.raises(httpcore.ReadTimeout, match="timed out"):
        stream.read(1, READ)


def test_each_request_of_a_connection_has_its_own_time(
    stream: PacedStream, line: Line, clock: StoppedClock
) -> None:
    line.pause = 20
    for _ in range(3):
        stream.write(b"GET", READ)
        stream.read(1, READ)
        stream.header_has_come(None)
        clock.elapsed += 3600
    stream.write(b"GET", READ)
    with pytest.raises(TooSlowError, match="header"):
        read_for_ever(stream)


def test_a_body_whose_bytes_are_no_content_keeps_a_pace(
    stream: PacedStream, line: Line, clock: StoppedClock
) -> None:
    """The sizes of chunks, and what follows the last one, can drip as well."""
    stream.header_has_come(None)
    began, line.pause = clock.elapsed, 5
    with pytest.raises(TooSlowError, match="too slow: 12 bytes in 60 s"):
        read_for_ever(stream)
    assert clock.elapsed - began == WINDOW_SECONDS


def test_what_has_to_be_whole_ends_in_time_however_steadily_it_comes(
    stream: PacedStream, line: Line, clock: StoppedClock
) -> None:
    stream.header_has_come(10.0)
    began, line.pause = clock.elapsed, 1 / 2048
    with pytest.raises(TooSlowError, match="the answer has no end after 10 s"):
        read_for_ever(stream)
    assert clock.elapsed - began == pytest.approx(10, abs=0.01)


def test_a_request_that_is_hardly_taken_ends_although_each_piece_of_it_is(
    stream: PacedStream, line: Line, clock: StoppedClock
) -> None:
    line.pace = 100
    with pytest.raises(TooSlowError, match="too slow: 65536 bytes in 655 s"):
        stream.write(bytes(MIB), READ)
    assert len(line.taken) == 64 * KIB


def test_a_slow_line_takes_a_large_request_whole(
    stream: PacedStream, line: Line, clock: StoppedClock
) -> None:
    line.pace = 50 * 1000
    data = bytes(range(256)) * (4 * KIB)
    for _ in range(40):
        stream.write(data, READ)
    assert clock.elapsed > 600
    assert line.taken == data * 40


def test_a_quick_line_gets_larger_pieces_until_it_is_slow(
    stream: PacedStream, line: Line, clock: StoppedClock
) -> None:
    line.pace = 1000 * MIB
    stream.write(bytes(3 * MIB), READ)
    assert [size // KIB for size in line.pieces] == [64, 128, 256, 512, 1024, 1024, 64]
    line.pace = 50 * 1000
    line.pieces.clear()
    stream.write(bytes(2 * MIB), READ)
    assert [size // KIB for size in line.pieces] == [1024] + [64] * 16


def test_tls_changes_nothing(line: Line, stream: PacedStream) -> None:
    line.pause = 4
    secure = stream.start_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    secure.write(b"GET", READ)
    assert secure.get_extra_info("ssl_object") == "ssl_object"
    with pytest.raises(TooSlowError, match="header"):
        read_for_ever(secure)  # type: ignore[arg-type]


@pytest.fixture
def dripping(clock: StoppedClock) -> Iterator[HttpServer]:
    def respond(exchange: Exchange) -> None:
        exchange.dripping = ticking(clock, READ / 3)
        exchange.reply(200, b"x")

    with HttpServer(respond) as server:
        yield server


@pytest.mark.parametrize("address", ["", "http://a.test/", "https://a.test/"])
def test_clients_are_bounded_also_where_proxies_are_between(
    address: str, dripping: HttpServer, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", dripping.url)
    clients = WebClients(4, {}, clock)
    url = address or dripping.url
    with pytest.raises(TooSlowError, match="header"):
        clients.client(url).get(url, timeout=httpx.Timeout(READ))
    clients.close()
