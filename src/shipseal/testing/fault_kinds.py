"""Faults that registries, gateways, proxies and networks have, ready for a plan (:mod:`shipseal.testing.faults`).

Those that *answer* do so in the server's place: it never sees the request. Those that *twist* let the server do its
work and change its answer on the way.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from shipseal._internal.clock import SystemClock
from shipseal.testing.faults import Fault
from shipseal.testing.http_server import Exchange, Reply

Twist = Callable[[Reply], Reply | None]

_PAGE = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
_GARBAGE = b'{"manifests": [{"digest": "sha25\xff\x00'


def refuse(
    status: int,
    code: str = "",
    message: str = "the fault says so",
    *,
    retry_after: str = "",
    headers: Mapping[str, str] | None = None,
) -> Fault:
    """Answer as registries refuse (distribution-spec, Error Codes).

    Args:
        status: the HTTP status.
        code: the registry's own error code, such as ``DENIED``; empty for a body that says nothing.
        message: beside the code.
        retry_after: seconds or an HTTP date; empty for no such header.
        headers: further ones.
    """
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode() if code else b""
    sent = {"Content-Type": "application/json", **(headers or {})}
    if retry_after:
        sent["Retry-After"] = retry_after

    def fault(exchange: Exchange) -> bool:
        exchange.reply(status, body, sent)
        return True

    return fault


def gateway_page(status: int = 502) -> Fault:
    """Answer with a page for people, as a gateway does when what is behind it is gone."""

    def fault(exchange: Exchange) -> bool:
        exchange.reply(status, _PAGE, {"Content-Type": "text/html"})
        return True

    return fault


def challenge(realm: str, service: str, scope: str, *, error: str = "invalid_token") -> Fault:
    """Answer 401 and ask for a token, as a registry does when one has expired in the middle of the work."""
    value = f'Bearer realm="{realm}",service="{service}",scope="{scope}",error="{error}"'
    return refuse(401, "UNAUTHORIZED", headers={"WWW-Authenticate": value})


def redirect(base: str, status: int = 307) -> Fault:
    """Send the client to the same path below ``base`` (scheme, host and port)."""

    def fault(exchange: Exchange) -> bool:
        exchange.reply(status, b"", {"Location": f"{base}{exchange.target}"})
        return True

    return fault


def drop() -> Fault:
    """Cut the connection: no answer comes, and the server never sees the request."""

    def fault(exchange: Exchange) -> bool:
        exchange.drop()
        return True

    return fault


def silence(seconds: float) -> Fault:
    """Say nothing for a while, then cut the connection."""

    def fault(exchange: Exchange) -> bool:
        SystemClock().sleep(seconds)
        exchange.drop()
        return True

    return fault


def cut_request(after: int) -> Fault:
    """Lose the connection when ``after`` bytes of the request's body have arrived at the server."""

    def fault(exchange: Exchange) -> bool:
        if exchange.length:
            exchange.cut_after = after
        return False

    return fault


def meanwhile(action: Callable[[], object]) -> Fault:
    """Let something else happen right before the server sees the request: another writer, time that passes."""

    def fault(exchange: Exchange) -> bool:
        action()
        return False

    return fault


def afterwards(action: Callable[[], object]) -> Fault:
    """Let something else happen when the server has done its work, before its answer is sent."""

    def twist(reply: Reply) -> Reply:
        action()
        return reply

    return twisted(twist)


def twisted(twist: Twist) -> Fault:
    """Let the server do its work, and change its answer; None in its place loses the answer."""

    def fault(exchange: Exchange) -> bool:
        exchange.twists.append(twist)
        return False

    return fault


def lose_answer() -> Fault:
    """Let the server do its work, and cut the connection before its answer."""
    return twisted(lambda reply: None)


def cut_answer(after: int) -> Fault:
    """Cut the connection after so many bytes of the answer's body."""
    return twisted(lambda reply: replace(reply, body=_first(reply.body, after)))


def announce(difference: int) -> Fault:
    """Lie about the length: ``Content-Length`` is off by that many bytes."""

    def twist(reply: Reply) -> Reply:
        # A server without a length, or of nothing, has nothing to lie about.
        return replace(reply, length=max(0, reply.length + difference)) if reply.length else reply

    return twisted(twist)


def header(name: str, value: str) -> Fault:
    """Replace a header of the answer, such as ``Docker-Content-Digest``, by a lie."""

    def twist(reply: Reply) -> Reply:
        kept = tuple(pair for pair in reply.headers if pair[0].lower() != name.lower())
        return replace(reply, headers=(*kept, (name, value)))

    return twisted(twist)


def corrupt() -> Fault:
    """Change the first byte of the answer's body; its length stays."""

    def twist(reply: Reply) -> Reply:
        return replace(reply, body=_changed(reply.body))

    return twisted(twist)


def garbage() -> Fault:
    """Replace the answer's body by something that begins like JSON and is none; status and headers stay."""
    return twisted(lambda reply: replace(reply, body=(_GARBAGE,), length=len(_GARBAGE)))


def drip(pause: Callable[[], object], *, piece: int = 1) -> Fault:
    """Send the answer's body in small pieces with a pause before each: never silent for long, and never at an end.

    Args:
        pause: called before each piece; sleeps, or moves a clock of the test.
        piece: bytes at a time.
    """

    def dripping(body: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in body:
            for at in range(0, len(chunk), piece):
                pause()
                yield chunk[at : at + piece]

    return twisted(lambda reply: replace(reply, body=dripping(reply.body)))


def drip_header(pause: Callable[[], object]) -> Fault:
    """Send the answer's status and header one byte at a time: each byte comes before any timeout, the end does not.

    Args:
        pause: called before each byte; sleeps, or moves a clock of the test.
    """

    def fault(exchange: Exchange) -> bool:
        exchange.dripping = pause
        return False

    return fault


def sip(pause: Callable[[], object], *, piece: int = 1) -> Fault:
    """Take the request's body in small pieces with a pause before each: never stuck for long, and never at an end.

    Whoever takes the body by its pieces heeds it. The systems on both sides hold some megabytes, so that only larger
    bodies are held up.

    Args:
        pause: called before each piece; sleeps, or moves a clock of the test.
        piece: bytes at a time.
    """

    def fault(exchange: Exchange) -> bool:
        exchange.sipping = pause, piece
        return False

    return fault


def _first(body: Iterable[bytes], most: int) -> Iterator[bytes]:
    yield bytes(islice((byte for chunk in body for byte in chunk), most))


def _changed(body: Iterable[bytes]) -> Iterator[bytes]:
    first = True
    for chunk in body:
        yield bytes([chunk[0] ^ 1]) + chunk[1:] if first and chunk else chunk
        first = first and not chunk
