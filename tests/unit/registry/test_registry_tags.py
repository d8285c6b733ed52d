"""Tags at registries that cannot delete, pretend to, page, or do not let tags move."""

from functools import partial

import pytest

from shipseal.errors import Code, ImageError, RegistryError
from shipseal.registry.interface import TagDeletionUnsupportedError
from shipseal.testing.fault_kinds import lose_answer, meanwhile, refuse
from shipseal.testing.faults import Faults
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import TagDeletion
from tests.support.simulated import Simulated
from tests.support.target_content import staged


@pytest.mark.parametrize("how", [TagDeletion.REFUSE, TagDeletion.PRETEND])
def test_a_registry_that_does_not_delete_is_found_out(sim: Simulated, how: TagDeletion) -> None:
    root = staged(sim.target, "kept")
    sim.target.put_tag("v1", root)
    sim.registry.quirks.tag_deletion = how
    with pytest.raises(TagDeletionUnsupportedError, match="'v1' cannot be deleted") as caught:
        sim.target.delete_tag("v1")
    assert caught.value.context["tag"] == "v1"
    assert sim.target.resolve("v1") == root.descriptor()


@pytest.mark.parametrize("status", [400, 404, 405])
def test_each_answer_that_means_no_is_understood(sim: Simulated, status: int) -> None:
    sim.target.put_tag("v1", staged(sim.target, "no"))

    def refuse(exchange: Exchange) -> bool:
        if exchange.method != "DELETE":
            return False
        exchange.reply(status, b'{"errors":[{"code":"UNSUPPORTED"}]}')
        return True

    sim.registry.before = refuse
    with pytest.raises(TagDeletionUnsupportedError, match=f"{status} .*UNSUPPORTED"):
        sim.target.delete_tag("v1")


def test_a_right_that_is_missing_is_no_lack_of_support(sim: Simulated) -> None:
    sim.target.put_tag("v1", staged(sim.target, "denied"))

    def refuse(exchange: Exchange) -> bool:
        if exchange.method != "DELETE":
            return False
        exchange.reply(403, b'{"errors":[{"code":"DENIED"}]}')
        return True

    sim.registry.before = refuse
    with pytest.raises(RegistryError, match="DENIED") as caught:
        sim.target.delete_tag("v1")
    assert not isinstance(caught.value, TagDeletionUnsupportedError)


def test_a_tag_that_somebody_else_deleted_is_deleted(sim: Simulated) -> None:
    sim.target.put_tag("v1", staged(sim.target, "raced"))

    def too_late(exchange: Exchange) -> bool:
        if exchange.method != "DELETE":
            return False
        sim.stored.tags.clear()
        exchange.reply(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        return True

    sim.registry.before = too_late
    sim.target.delete_tag("v1")
    assert sim.target.list_tags() == ()


def test_a_manifest_that_went_with_its_tag_is_put_back(sim: Simulated) -> None:
    root = staged(sim.target, "taken")
    sim.target.put_tag("v1", root)
    sim.registry.quirks.tag_deletion = TagDeletion.MANIFEST
    sim.target.delete_tag("v1")
    assert sim.target.list_tags() == ()
    assert sim.target.read_manifest(root.digest) == root


def test_deletion_is_by_name_and_never_by_digest(sim: Simulated) -> None:
    sim.target.put_tag("v1", staged(sim.target, "name"))
    sim.target.delete_tag("v1")
    assert [one for one in sim.registry.requests if one.startswith("DELETE")] == [
        "DELETE /v2/org/app/manifests/v1"
    ]


def test_a_tag_that_is_gone_is_gone(sim: Simulated) -> None:
    sim.target.delete_tag("never")
    assert sim.registry.count("DELETE") == 0


def test_a_tag_is_read_back(sim: Simulated) -> None:
    mine, other = staged(sim.target, "mine"), staged(sim.target, "other")

    def steal(exchange: Exchange) -> bool:
        if exchange.method == "HEAD" and exchange.path.endswith("/latest"):
            sim.stored.tags["latest"] = other.digest
        return False

    sim.registry.before = steal
    with pytest.raises(ImageError, match=f"expected {mine.digest}, got {other.digest}") as caught:
        sim.target.put_tag("latest", mine)
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_registry_may_take_a_moment_to_move_a_tag(sim: Simulated) -> None:
    root = staged(sim.target, "slow")
    faults = Faults()
    # The first look is before it moves.
    faults.add(refuse(404), "HEAD", skip=1, times=2)
    sim.registry.before = faults
    sim.target.put_tag("latest", root)
    assert len(sim.clock.slept) == 2


def test_a_tag_that_may_not_move_has_its_own_code(sim: Simulated) -> None:
    root = staged(sim.target, "immutable")

    def immutable(exchange: Exchange) -> bool:
        if exchange.method != "PUT":
            return False
        exchange.reply(400, b'{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}')
        return True

    sim.registry.before = immutable
    with pytest.raises(RegistryError, match="immutable") as caught:
        sim.target.put_tag("v1", root)
    assert caught.value.code is Code.TAG_EXISTS


def test_all_pages_of_tags_are_read(sim: Simulated) -> None:
    root = staged(sim.target, "pages")
    names = [f"v{number:02}" for number in range(11)]
    sim.stored.tags.update(dict.fromkeys(names, root.digest))
    sim.registry.quirks.page_size = 3
    assert sim.target.list_tags() == tuple(names)
    assert sim.registry.count("GET", "/tags/list") == 4


@pytest.mark.parametrize("link", ["</v2/org/app/tags/list>", "<https://elsewhere.example.org/x>"])
def test_pages_in_a_circle_or_elsewhere_are_not_followed(sim: Simulated, link: str) -> None:
    def circle(exchange: Exchange) -> bool:
        exchange.reply(200, b'{"tags":["v1"]}', {"Link": f'{link}; rel="next"'})
        return True

    sim.registry.before = circle
    with pytest.raises(RegistryError, match="pages lead elsewhere") as caught:
        sim.target.list_tags()
    assert caught.value.code is Code.SERVICE_OUTAGE


@pytest.mark.parametrize("body", [b"<html>", b'{"tags": "v1"}', b"[1]"])
def test_what_is_no_list_of_tags_is_said(sim: Simulated, body: bytes) -> None:
    def other(exchange: Exchange) -> bool:
        exchange.reply(200, body)
        return True

    sim.registry.before = other
    with pytest.raises(RegistryError, match="not the list") as caught:
        sim.target.list_tags()
    assert caught.value.code is Code.SERVICE_OUTAGE


@pytest.mark.parametrize("body", [b'{"name":"x","tags":null}', b'{"name":"x"}', b'{"tags":[]}'])
def test_no_tags_are_written_in_many_ways(sim: Simulated, body: bytes) -> None:
    def empty(exchange: Exchange) -> bool:
        exchange.reply(200, body)
        return True

    sim.registry.before = empty
    assert sim.target.list_tags() == ()


def test_a_move_whose_answer_was_lost_is_not_made_twice(sim: Simulated) -> None:
    root = staged(sim.target, "once")
    faults = Faults()
    faults.add(lose_answer(), "PUT", "/manifests/latest$", times=1)
    sim.registry.before = faults
    sim.target.put_tag("latest", root)
    assert sim.registry.count("PUT", "/manifests/latest") == 1


def test_a_move_that_failed_is_tried_again_while_nobody_else_moves_the_tag(sim: Simulated) -> None:
    sim.target.put_tag("latest", staged(sim.target, "old"))
    root = staged(sim.target, "new")
    faults = Faults()
    faults.add(refuse(503), "PUT", "/manifests/latest$", times=2)
    sim.registry.before = faults
    sim.target.put_tag("latest", root)
    assert sim.stored.tags["latest"] == root.digest
    assert len(sim.clock.slept) == 2


@pytest.mark.parametrize("deletes", [False, True])
def test_a_change_is_not_repeated_over_that_of_another_writer(
    sim: Simulated, *, deletes: bool
) -> None:
    old, strange, root = (staged(sim.target, text) for text in ("old", "strange", "new"))
    sim.target.put_tag("latest", old)
    faults = Faults()
    method = "DELETE" if deletes else "PUT"
    faults.add(
        meanwhile(lambda: sim.stored.tags.update(latest=strange.digest)),
        method,
        "/manifests/latest$",
        times=1,
    )
    faults.add(refuse(502), method, "/manifests/latest$", times=1)
    sim.registry.before = faults
    target = sim.target
    change = partial(
        target.delete_tag if deletes else partial(target.put_tag, manifest=root), "latest"
    )
    with pytest.raises(ImageError, match="tag latest: expected") as caught:
        change()
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert sim.stored.tags["latest"] == strange.digest
