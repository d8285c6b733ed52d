"""Manifests at registries that tell less, or something else, than they should."""

import pytest

from shipseal.errors import Code, Exit, ImageError, RegistryError, ShipsealError
from shipseal.oci import digest_of
from shipseal.oci import media_types as mt
from shipseal.testing.http_server import Exchange
from tests.support.simulated import Simulated
from tests.support.target_content import staged


def test_head_is_enough_where_it_tells_all(sim: Simulated) -> None:
    root = staged(sim.target, "head")
    sim.target.put_tag("v1", root)
    sim.registry.requests.clear()
    assert sim.target.resolve("v1") == root.descriptor()
    assert sim.registry.count("GET") == 0


def test_a_digest_is_computed_where_head_tells_none(sim: Simulated) -> None:
    root = staged(sim.target, "no digest")
    sim.target.put_tag("v1", root)
    sim.registry.quirks.digest_header = False
    assert sim.target.resolve("v1") == root.descriptor()
    assert sim.target.resolve(root.digest) == root.descriptor()


def test_a_registry_without_head_is_asked_with_get(sim: Simulated) -> None:
    root = staged(sim.target, "no head")
    sim.target.put_tag("v1", root)

    def no_head(exchange: Exchange) -> bool:
        if exchange.method != "HEAD":
            return False
        exchange.reply(405)
        return True

    sim.registry.before = no_head
    assert sim.target.resolve("v1") == root.descriptor()
    assert sim.target.resolve("v2") is None


def test_all_types_are_asked_for(sim: Simulated) -> None:
    accepted: list[str] = []

    def note(exchange: Exchange) -> bool:
        accepted.append(exchange.headers.get("Accept") or "")
        return False

    sim.registry.before = note
    sim.target.resolve("v1")
    assert set(accepted[0].split(", ")) == mt.MANIFESTS


def test_a_lie_about_a_digest_is_found_by_reading(sim: Simulated) -> None:
    root, other = staged(sim.target, "asked"), staged(sim.target, "given")
    sim.stored.manifests[root.digest] = other
    with pytest.raises(ImageError, match=f"expected {root.digest}") as resolved:
        sim.target.resolve(root.digest)
    with pytest.raises(ImageError, match="expected") as read:
        sim.target.read_manifest(root.digest)
    assert resolved.value.code is read.value.code is Code.DIGEST_MISMATCH


def test_a_lie_in_the_header_alone_is_found_by_reading(sim: Simulated) -> None:
    root = staged(sim.target, "true")

    def lie(exchange: Exchange) -> bool:
        headers = {"Docker-Content-Digest": root.digest, "Content-Type": root.media_type}
        exchange.reply(200, root.raw + b" ", headers)
        return True

    sim.registry.before = lie
    with pytest.raises(ImageError, match="expected") as caught:
        sim.target.read_manifest(root.digest)
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_the_type_is_read_from_the_document_where_the_header_is_of_no_use(sim: Simulated) -> None:
    root = staged(sim.target, "typed")

    def untyped(exchange: Exchange) -> bool:
        exchange.reply(200, root.raw, {"Content-Type": "text/plain; charset=utf-8"})
        return True

    sim.registry.before = untyped
    assert sim.target.read_manifest(root.digest) == root


def test_parameters_of_a_type_are_not_part_of_it(sim: Simulated) -> None:
    root = staged(sim.target, "parameters")

    def with_parameters(exchange: Exchange) -> bool:
        exchange.reply(200, root.raw, {"Content-Type": f"{root.media_type}; charset=utf-8"})
        return True

    sim.registry.before = with_parameters
    assert sim.target.read_manifest(root.digest).media_type == root.media_type


def test_a_manifest_without_end_is_not_read(sim: Simulated) -> None:
    def endless(exchange: Exchange) -> bool:
        exchange.reply(200, b"x" * (5 << 20))
        return True

    sim.registry.before = endless
    with pytest.raises(ShipsealError, match="the limit for a manifest") as caught:
        sim.target.read_manifest(digest_of(b"x"))
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_a_registry_that_stores_something_else_is_found_out(sim: Simulated) -> None:
    root = staged(sim.target, "stored")

    def other(exchange: Exchange) -> bool:
        if exchange.method != "PUT":
            return False
        exchange.reply(201, b"", {"Docker-Content-Digest": digest_of(b"other")})
        return True

    sim.registry.before = other
    with pytest.raises(ImageError, match="was stored: expected") as caught:
        sim.target.put_manifest(root)
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_push_that_fails_for_a_moment_is_repeated(sim: Simulated) -> None:
    root = staged(sim.target, "repeated")
    answers = [500, 503]

    def fail(exchange: Exchange) -> bool:
        if exchange.method != "PUT" or not answers:
            return False
        exchange.reply(answers.pop())
        return True

    sim.registry.before = fail
    sim.target.put_tag("v1", root)
    assert sim.stored.tags == {"v1": root.digest}
    assert len(sim.clock.slept) == 2


def test_a_registry_that_asks_to_wait_too_long_is_not_waited_for(sim: Simulated) -> None:
    def limited(exchange: Exchange) -> bool:
        exchange.reply(429, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}', {"Retry-After": "3600"})
        return True

    sim.registry.before = limited
    with pytest.raises(RegistryError, match="TOOMANYREQUESTS") as caught:
        sim.target.list_tags()
    assert caught.value.code is Code.RATE_LIMITED
    assert caught.value.retry_after == 3600
    assert sim.clock.slept == []


def test_an_outage_at_head_is_not_asked_about_with_get(sim: Simulated) -> None:
    def down(exchange: Exchange) -> bool:
        exchange.reply(503)
        return True

    sim.registry.before = down
    with pytest.raises(RegistryError, match="503 Service Unavailable") as caught:
        sim.target.resolve("v1")
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert (sim.registry.count("HEAD"), sim.registry.count("GET")) == (4, 0)


def test_an_error_whose_body_breaks_off_is_told_without_it(sim: Simulated) -> None:
    def broken(exchange: Exchange) -> bool:
        exchange.reply(403, b'{"err', length=100)
        return True

    sim.registry.before = broken
    with pytest.raises(RegistryError, match="403 Forbidden") as caught:
        sim.target.list_tags()
    assert caught.value.code is Code.REGISTRY_DENIED


def test_a_page_for_people_is_no_manifest(sim: Simulated) -> None:
    """A captive portal or a proxy's login answers with 200, and says nothing about an image."""

    def portal(exchange: Exchange) -> bool:
        page = b"<html><title>Guest network</title><p>Accept our terms</p></html>"
        exchange.reply(200, page, {"Content-Type": "text/html; charset=utf-8"})
        return True

    sim.registry.before = portal
    for ask in (
        lambda: sim.target.resolve("1.0"),
        lambda: sim.target.read_manifest(digest_of(b"a manifest")),
    ):
        with pytest.raises(RegistryError, match="a web page instead of a manifest") as caught:
            ask()
        assert (caught.value.code, caught.value.exit) == (Code.SERVICE_OUTAGE, Exit.OUTSIDE)
        assert "Guest network" in caught.value.message
        assert not caught.value.retryable
