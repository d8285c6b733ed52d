"""Uploads over connections and registries that fail."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from shipseal.errors import Code, ImageError, RegistryError
from shipseal.registry.interface import BlobUpload, Uploaded
from shipseal.testing.fault_kinds import afterwards, lose_answer, refuse
from shipseal.testing.faults import Faults
from shipseal.testing.http_server import Exchange
from tests.support.clocks import ticking
from tests.support.simulated import Simulated
from tests.support.target_content import Content

BLOB = Content(bytes(range(256)) * 12_000)
SIZE = len(BLOB.data)


@dataclass(slots=True)
class Counter:
    """A transfer that adds up what it is told."""

    amounts: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def advance(self, amount: int) -> None:
        self.amounts.append(amount)

    def done(self, note: str = "") -> None:
        self.notes.append(note)


def _upload(transfer: Counter) -> BlobUpload:
    return BlobUpload(BLOB.descriptor, BLOB, transfer)


def test_a_blob_goes_in_one_request(sim: Simulated) -> None:
    transfer = Counter()
    assert sim.target.put_blob(_upload(transfer)) is Uploaded.SENT
    assert [one.split()[0] for one in sim.registry.requests] == ["HEAD", "POST", "PUT"]
    assert sim.stored.blobs == {BLOB.descriptor.digest: BLOB.data}
    assert sum(transfer.amounts) == SIZE
    assert transfer.notes == []


def test_what_is_there_is_not_sent(sim: Simulated) -> None:
    sim.stored.blobs[BLOB.descriptor.digest] = BLOB.data
    transfer = Counter()
    assert sim.target.put_blob(_upload(transfer)) is Uploaded.EXISTED
    assert sim.registry.count("POST") == 0
    assert transfer.amounts == []


def test_after_a_break_only_the_rest_is_sent(sim: Simulated) -> None:
    sim.registry.quirks.cut_uploads = [1_000_000]
    transfer = Counter()
    assert sim.target.put_blob(_upload(transfer)) is Uploaded.SENT
    assert sim.stored.blobs == {BLOB.descriptor.digest: BLOB.data}
    assert sim.registry.count("POST") == 1
    assert sim.registry.count("PATCH") == 1
    assert sum(transfer.amounts) == SIZE


def test_an_upload_may_break_often_while_it_gets_on(sim: Simulated) -> None:
    sim.registry.quirks.cut_uploads = [300_000] * 9
    assert sim.target.put_blob(_upload(Counter())) is Uploaded.SENT
    assert sim.registry.count("PATCH") == 9
    assert sim.stored.blobs == {BLOB.descriptor.digest: BLOB.data}


def test_a_registry_that_keeps_nothing_gets_all_again(sim: Simulated) -> None:
    sim.registry.quirks.keeps_partial = False
    sim.registry.quirks.cut_uploads = [1_000_000, 2_000_000]
    transfer = Counter()
    assert sim.target.put_blob(_upload(transfer)) is Uploaded.SENT
    assert sim.registry.count("POST") == 3
    assert sim.registry.count("PATCH") == 0
    assert sum(transfer.amounts) == SIZE
    assert min(transfer.amounts) < 0


def test_an_upload_that_never_gets_on_fails(sim: Simulated) -> None:
    sim.registry.quirks.keeps_partial = False
    sim.registry.quirks.cut_uploads = [1000] * 10
    with pytest.raises(RegistryError) as caught:
        sim.target.put_blob(_upload(Counter()))
    assert caught.value.code is Code.SERVICE_OUTAGE
    assert caught.value.retryable
    assert sim.registry.count("PUT") == 4
    assert len(sim.clock.slept) == 3


def test_an_answer_that_was_lost_is_found_out(sim: Simulated) -> None:
    def lose_first_put(exchange: Exchange) -> bool:
        if exchange.method != "PUT" or sim.stored.blobs:
            return False
        sim.stored.blobs[BLOB.descriptor.digest] = exchange.read()
        exchange.drop()
        return True

    sim.registry.before = lose_first_put
    transfer = Counter()
    assert sim.target.put_blob(_upload(transfer)) is Uploaded.SENT
    assert sim.registry.count("PUT") == 1
    assert sum(transfer.amounts) == SIZE


def test_a_registry_that_loses_its_place_gets_all_again(sim: Simulated) -> None:
    sim.registry.quirks.cut_uploads = [1_000_000]

    def refuse_patch(exchange: Exchange) -> bool:
        if exchange.method != "PATCH":
            return False
        exchange.reply(416, b'{"errors":[{"code":"RANGE_INVALID"}]}')
        sim.stored.uploads.clear()
        return True

    sim.registry.before = refuse_patch
    assert sim.target.put_blob(_upload(Counter())) is Uploaded.SENT
    assert sim.stored.blobs == {BLOB.descriptor.digest: BLOB.data}
    assert sim.registry.count("POST") == 2


def test_damage_in_what_was_kept_is_sent_over(sim: Simulated) -> None:
    sim.registry.quirks.cut_uploads = [1_000_000]

    def damage(exchange: Exchange) -> bool:
        if exchange.method == "GET":
            for data in sim.stored.uploads.values():
                data[:5] = b"wrong"
        return False

    sim.registry.before = damage
    assert sim.target.put_blob(_upload(Counter())) is Uploaded.SENT
    assert sim.stored.blobs == {BLOB.descriptor.digest: BLOB.data}


def test_an_overloaded_registry_is_waited_for(sim: Simulated) -> None:
    answers = [503, 429]

    def overloaded(exchange: Exchange) -> bool:
        if exchange.method != "PUT" or not answers:
            return False
        exchange.reply(answers.pop(0), b"", {"Retry-After": "7"})
        return True

    sim.registry.before = overloaded
    assert sim.target.put_blob(_upload(Counter())) is Uploaded.SENT
    assert sim.clock.slept == [7, 7]


def test_content_that_is_not_its_digest_is_refused_by_the_registry(sim: Simulated) -> None:
    lying = Content(BLOB.data[:-1] + b"x")
    with pytest.raises(ImageError, match="the registry refused it") as caught:
        sim.target.put_blob(BlobUpload(BLOB.descriptor, lying))
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert sim.registry.count("PUT") == 1
    assert sim.stored.blobs == {}


@pytest.mark.parametrize("data", [BLOB.data[:-1], BLOB.data + b"x"])
def test_content_of_another_length_leaves_no_upload(sim: Simulated, data: bytes) -> None:
    with pytest.raises(ImageError, match=f"expected {SIZE} bytes") as caught:
        sim.target.put_blob(BlobUpload(BLOB.descriptor, Content(data)))
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert sim.stored.blobs == {}
    assert sim.stored.uploads == {}


def test_an_error_of_the_source_is_not_hidden_and_not_retried(sim: Simulated) -> None:
    opened = []

    def broken(*, offset: int = 0) -> Iterator[bytes]:
        opened.append(offset)
        yield BLOB.data[:1000]
        raise ImageError(Code.DIGEST_MISMATCH, "the source is damaged")

    with pytest.raises(ImageError, match="the source is damaged"):
        sim.target.put_blob(BlobUpload(BLOB.descriptor, broken))
    assert opened == [0]


def test_no_right_to_push_is_not_retried(sim: Simulated) -> None:
    def denied(exchange: Exchange) -> bool:
        if exchange.method != "POST":
            return False
        exchange.reply(403, b'{"errors":[{"code":"DENIED","message":"write_package"}]}')
        return True

    sim.registry.before = denied
    with pytest.raises(RegistryError, match="write_package") as caught:
        sim.target.put_blob(_upload(Counter()))
    assert caught.value.code is Code.REGISTRY_DENIED
    assert sim.registry.count("POST") == 1


def test_a_blob_is_mounted(sim: Simulated) -> None:
    sim.registry.repository("org/base").blobs[BLOB.descriptor.digest] = BLOB.data
    upload = BLOB.upload(mount_from=("org/none", "org/base"))
    assert sim.target.put_blob(upload) is Uploaded.MOUNTED
    assert sim.registry.count("PUT") == 0
    assert sim.stored.uploads == {}


def test_what_cannot_be_mounted_is_sent_by_the_upload_that_was_begun(sim: Simulated) -> None:
    assert sim.target.put_blob(BLOB.upload(mount_from=("org/none",))) is Uploaded.SENT
    assert sim.registry.count("POST") == 1


def test_a_mount_that_is_denied_does_not_stop_the_upload(sim: Simulated) -> None:
    def denied(exchange: Exchange) -> bool:
        if "mount" not in exchange.query:
            return False
        exchange.reply(403)
        return True

    sim.registry.before = denied
    assert sim.target.put_blob(BLOB.upload(mount_from=("org/secret",))) is Uploaded.SENT


def test_a_begun_upload_without_an_address_is_an_error(sim: Simulated) -> None:
    def nowhere(exchange: Exchange) -> bool:
        if exchange.method != "POST":
            return False
        exchange.reply(202)
        return True

    sim.registry.before = nowhere
    with pytest.raises(RegistryError, match="no Location") as caught:
        sim.target.put_blob(_upload(Counter()))
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_check_push_begins_and_cancels(sim: Simulated) -> None:
    sim.target.check_push()
    assert [one.split()[0] for one in sim.registry.requests] == ["POST", "DELETE"]
    assert sim.stored.uploads == {}


def test_that_an_upload_cannot_be_cancelled_is_no_failure(sim: Simulated) -> None:
    def no_delete(exchange: Exchange) -> bool:
        if exchange.method != "DELETE":
            return False
        exchange.reply(405)
        return True

    sim.registry.before = no_delete
    sim.target.check_push()


def test_a_registry_that_took_all_and_went_silent_is_looked_at_once_more(sim: Simulated) -> None:
    """A commit of a large blob may take longer than anybody waits; that it was stored is all that counts."""

    faults = Faults()
    faults.add(afterwards(ticking(sim.clock, 600)), "PUT", "/blobs/uploads/", times=1)
    faults.add(lose_answer(), "PUT", "/blobs/uploads/", times=1)
    sim.registry.before = faults
    assert sim.target.put_blob(_upload(Counter())) is Uploaded.SENT
    assert sim.registry.count("PUT") == 1


def test_a_registry_that_goes_silent_for_longer_than_the_deadline_is_not_sent_it_again(
    sim: Simulated,
) -> None:
    pause = ticking(sim.clock, 600)

    def say_nothing(exchange: Exchange) -> bool:
        for _ in exchange.chunks():
            pass
        pause()
        exchange.drop()
        return True

    faults = Faults()
    faults.add(say_nothing, "PUT", "/blobs/uploads/")
    sim.registry.before = faults
    with pytest.raises(RegistryError, match=r"connection|too slow") as caught:
        sim.target.put_blob(_upload(Counter()))
    assert caught.value.retryable
    assert sim.registry.count("PUT") == 1
    assert sim.clock.slept == []


def test_a_part_that_is_refused_is_not_sent_again_as_it_was(sim: Simulated) -> None:
    """PATCH is not idempotent: after a failure the registry is asked what it has."""
    sim.registry.quirks.cut_uploads = [SIZE // 2]
    faults = Faults()
    patched = faults.add(refuse(503), "PATCH", times=1)
    asked = faults.add(lambda _: False, "GET", "/blobs/uploads/")
    sim.registry.before = faults
    assert sim.target.put_blob(_upload(Counter())) is Uploaded.SENT
    assert (len(patched.struck), len(asked.struck)) == (1, 2)
    assert sim.stored.blobs[BLOB.descriptor.digest] == BLOB.data
