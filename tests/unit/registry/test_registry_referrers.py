"""Referrers where the API is there, is not, says that it is and is not, and where others write too."""

import json

import pytest

from shipseal.errors import Code, ImageError, RegistryError
from shipseal.oci import RawManifest, digest_of
from shipseal.oci import media_types as mt
from shipseal.registry.interface import ReferrerMode
from shipseal.registry.referrer_entry import as_referrer
from shipseal.registry.referrers import fallback_tag
from shipseal.testing.fault_kinds import garbage, meanwhile, refuse
from shipseal.testing.faults import Faults
from shipseal.testing.http_server import Exchange
from tests.support.simulated import Simulated
from tests.support.target_content import ARTIFACT, index, referrer, staged

NO_API = (400, 404, 405, 406)


@pytest.fixture
def root(sim: Simulated) -> RawManifest:
    return staged(sim.target, "subject")


def _listed(sim: Simulated, root: RawManifest) -> set[str]:
    return {entry.digest for entry in sim.target.referrers(root.digest)}


def _in_tag(sim: Simulated, root: RawManifest) -> list[str]:
    digest = sim.stored.tags[fallback_tag(root.digest)]
    children = json.loads(sim.stored.manifests[digest].raw)["manifests"]
    return [child["digest"] for child in children]


def test_the_api_is_used_where_it_is(sim: Simulated, root: RawManifest) -> None:
    one = referrer(sim.target, root, "one")
    assert sim.target.put_referrer(one) is ReferrerMode.API
    assert _listed(sim, root) == {one.digest}
    assert sim.stored.tags == {}


@pytest.mark.parametrize("status", NO_API)
def test_without_the_api_the_tag_is_kept(sim: Simulated, root: RawManifest, status: int) -> None:
    sim.registry.quirks.referrers_api = False
    sim.registry.quirks.no_api_status = status
    first, second = (referrer(sim.target, root, text) for text in ("first", "second"))
    for one in (first, second, first):
        assert sim.target.put_referrer(one) is ReferrerMode.FALLBACK_TAG
    assert _in_tag(sim, root) == [first.digest, second.digest]
    assert _listed(sim, root) == {first.digest, second.digest}


def test_a_list_without_end_is_refused(
    sim: Simulated, root: RawManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("one", "two", "three"):
        sim.target.put_referrer(referrer(sim.target, root, text))
    monkeypatch.setattr("shipseal.registry.referrers._MOST", 3)
    assert len(_listed(sim, root)) == 3
    monkeypatch.setattr("shipseal.registry.referrers._MOST", 2)
    with pytest.raises(RegistryError, match="more than 2 manifests refer to") as caught:
        sim.target.referrers(root.digest)
    assert caught.value.code is Code.FORMAT_UNSUPPORTED


def test_an_entry_of_the_tag_has_type_and_annotations(sim: Simulated, root: RawManifest) -> None:
    sim.registry.quirks.referrers_api = False
    sim.target.put_referrer(referrer(sim.target, root, "x", annotations={"k": "v"}))
    (entry,) = sim.target.referrers(root.digest)
    assert (entry.artifact_type, entry.annotations) == (ARTIFACT, {"k": "v"})


def test_a_header_is_not_taken_for_the_api(sim: Simulated, root: RawManifest) -> None:
    sim.registry.quirks.referrers_api = False
    sim.registry.quirks.oci_subject = True
    one = referrer(sim.target, root, "as ECR does")
    assert sim.target.put_referrer(one) is ReferrerMode.FALLBACK_TAG
    assert _in_tag(sim, root) == [one.digest]


def test_the_api_without_the_header_is_the_api(sim: Simulated, root: RawManifest) -> None:
    sim.registry.quirks.oci_subject = False
    one = referrer(sim.target, root, "quiet")
    assert sim.target.put_referrer(one) is ReferrerMode.API


def test_an_api_that_takes_a_moment_is_given_it(sim: Simulated, root: RawManifest) -> None:
    one = referrer(sim.target, root, "slow")
    empty = [index().raw]

    def later(exchange: Exchange) -> bool:
        if "/referrers/" not in exchange.path or not empty:
            return False
        exchange.reply(200, empty.pop(), {"Content-Type": mt.OCI_INDEX})
        return True

    sim.registry.before = later
    assert sim.target.put_referrer(one) is ReferrerMode.API


def test_an_api_that_lists_nothing_leaves_the_tag(sim: Simulated, root: RawManifest) -> None:
    def nothing(exchange: Exchange) -> bool:
        if "/referrers/" not in exchange.path:
            return False
        exchange.reply(200, index().raw, {"Content-Type": mt.OCI_INDEX})
        return True

    sim.registry.before = nothing
    one = referrer(sim.target, root, "ignored")
    assert sim.target.put_referrer(one) is ReferrerMode.FALLBACK_TAG
    assert _listed(sim, root) == {one.digest}


def test_an_api_that_leaves_some_out_is_an_error(sim: Simulated, root: RawManifest) -> None:
    old = referrer(sim.target, root, "old")
    sim.target.put_referrer(old)
    entry = as_referrer(old, what="old")
    assert entry is not None
    page = json.dumps(
        {"schemaVersion": 2, "mediaType": mt.OCI_INDEX, "manifests": [entry.entry.to_json()]}
    ).encode()

    def stuck(exchange: Exchange) -> bool:
        if "/referrers/" not in exchange.path:
            return False
        exchange.reply(200, page, {"Content-Type": mt.OCI_INDEX})
        return True

    sim.registry.before = stuck
    with pytest.raises(RegistryError, match="does not list it") as caught:
        sim.target.put_referrer(referrer(sim.target, root, "new"))
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"<html>welcome</html>", "text/html"), (b'{"status":"ok"}', "application/json")],
)
def test_a_page_for_people_is_not_the_api(
    sim: Simulated, root: RawManifest, body: bytes, media_type: str
) -> None:
    def welcome(exchange: Exchange) -> bool:
        if "/referrers/" not in exchange.path:
            return False
        exchange.reply(200, body, {"Content-Type": media_type})
        return True

    sim.registry.before = welcome
    one = referrer(sim.target, root, "behind a page")
    assert sim.target.put_referrer(one) is ReferrerMode.FALLBACK_TAG
    assert _listed(sim, root) == {one.digest}


def test_garbage_from_the_api_is_not_taken_for_an_empty_list(
    sim: Simulated, root: RawManifest
) -> None:
    sim.target.put_referrer(referrer(sim.target, root, "there"))
    faults = Faults()
    faults.add(garbage(), "GET", "/referrers/")
    sim.registry.before = faults
    with pytest.raises(RegistryError, match="not the list that was asked for") as caught:
        sim.target.referrers(root.digest)
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_what_an_outage_says_is_not_taken_for_an_empty_list(
    sim: Simulated, root: RawManifest
) -> None:
    def down(exchange: Exchange) -> bool:
        if "/referrers/" not in exchange.path:
            return False
        exchange.reply(503)
        return True

    sim.registry.before = down
    with pytest.raises(RegistryError, match="503") as caught:
        sim.target.referrers(root.digest)
    assert caught.value.code is Code.SERVICE_OUTAGE


def test_older_referrers_in_the_tag_are_found_beside_an_empty_api(
    sim: Simulated, root: RawManifest
) -> None:
    sim.registry.quirks.referrers_api = False
    one = referrer(sim.target, root, "older")
    sim.target.put_referrer(one)
    del sim.stored.manifests[one.digest]
    sim.registry.quirks.referrers_api = True
    assert _listed(sim, root) == {one.digest}


def test_all_pages_are_read_and_filtered_here_too(sim: Simulated, root: RawManifest) -> None:
    sim.registry.quirks.page_size = 2
    sim.registry.quirks.filters = False
    reports = [referrer(sim.target, root, f"report {number}") for number in range(5)]
    other = referrer(sim.target, root, "other", artifact_type="application/other+json")
    for one in (*reports, other):
        sim.target.put_referrer(one)
    found = sim.target.referrers(root.digest, artifact_type=ARTIFACT)
    assert {entry.digest for entry in found} == {one.digest for one in reports}
    assert len(_listed(sim, root)) == 6


def test_the_filter_of_a_registry_is_used(sim: Simulated, root: RawManifest) -> None:
    one = referrer(sim.target, root, "plus")
    sim.target.put_referrer(one)
    assert [e.digest for e in sim.target.referrers(root.digest, artifact_type=ARTIFACT)] == [
        one.digest
    ]
    assert sim.registry.count("GET", "artifactType=application/vnd.example.report%2Bjson") == 1


def test_a_tag_that_is_an_image_is_not_overwritten(sim: Simulated, root: RawManifest) -> None:
    sim.registry.quirks.referrers_api = False
    child = sim.stored.manifests[json.loads(root.raw)["manifests"][0]["digest"]]
    sim.target.put_tag(fallback_tag(root.digest), child)
    for call in (
        lambda: sim.target.referrers(root.digest),
        lambda: sim.target.put_referrer(referrer(sim.target, root, "new")),
    ):
        with pytest.raises(RegistryError, match="is not a list of referrers") as caught:
            call()
        assert caught.value.code is Code.FORMAT_UNSUPPORTED
    assert sim.stored.tags[fallback_tag(root.digest)] == child.digest


def test_where_the_api_is_such_a_tag_means_nothing(sim: Simulated, root: RawManifest) -> None:
    child = sim.stored.manifests[json.loads(root.raw)["manifests"][0]["digest"]]
    sim.target.put_tag(fallback_tag(root.digest), child)
    assert sim.target.referrers(root.digest) == ()


def test_a_writer_who_came_between_is_noticed_by_the_etag(
    sim: Simulated, root: RawManifest
) -> None:
    sim.registry.quirks.referrers_api = False
    sim.registry.quirks.etags = True
    mine, other = (referrer(sim.target, root, text) for text in ("mine", "other"))
    first = referrer(sim.target, root, "first")
    sim.target.put_referrer(first)
    intruder = _intrude_before_put(sim, root, [first, other])
    assert sim.target.put_referrer(mine) is ReferrerMode.FALLBACK_TAG
    assert intruder == []
    assert set(_in_tag(sim, root)) == {first.digest, other.digest, mine.digest}


def test_a_writer_who_overwrites_is_noticed_by_reading_back(
    sim: Simulated, root: RawManifest
) -> None:
    sim.registry.quirks.referrers_api = False
    mine, other = (referrer(sim.target, root, text) for text in ("mine", "other"))
    overwriting = [_list_of(other)]

    def overwrite(exchange: Exchange) -> bool:
        tag = fallback_tag(root.digest)
        if exchange.method == "GET" and tag in sim.stored.tags and overwriting:
            theirs = overwriting.pop()
            sim.stored.manifests[theirs.digest] = theirs
            sim.stored.tags[tag] = theirs.digest
        return False

    sim.registry.before = overwrite
    sim.target.put_referrer(mine)
    assert set(_in_tag(sim, root)) == {mine.digest, other.digest}


def test_a_list_that_could_not_be_written_is_read_again_before_it_is_written(
    sim: Simulated, root: RawManifest
) -> None:
    """The same list once more would lose what another writer added while the gateway was down."""
    sim.registry.quirks.referrers_api = False
    mine, other = (referrer(sim.target, root, text) for text in ("mine", "other"))
    tag = fallback_tag(root.digest)
    theirs = _list_of(other)

    def intrude() -> None:
        sim.stored.manifests[theirs.digest] = theirs
        sim.stored.tags[tag] = theirs.digest

    faults = Faults()
    written = faults.add(meanwhile(intrude), "PUT", tag, times=1)
    faults.add(refuse(502), "PUT", tag, times=1)
    sim.registry.before = faults
    assert sim.target.put_referrer(mine) is ReferrerMode.FALLBACK_TAG
    assert set(_in_tag(sim, root)) == {mine.digest, other.digest}
    assert len(written.struck) == 1


def test_a_list_that_can_never_be_written_is_an_outage(sim: Simulated, root: RawManifest) -> None:
    sim.registry.quirks.referrers_api = False
    mine = referrer(sim.target, root, "mine")
    faults = Faults()
    down = faults.add(refuse(503), "PUT", fallback_tag(root.digest))
    sim.registry.before = faults
    with pytest.raises(RegistryError, match="503") as caught:
        sim.target.put_referrer(mine)
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)
    assert len(down.struck) == 4


def test_a_writer_who_never_wins_says_so(sim: Simulated, root: RawManifest) -> None:
    sim.registry.quirks.referrers_api = False
    mine, other = (referrer(sim.target, root, text) for text in ("mine", "other"))
    theirs = _list_of(other)
    sim.stored.manifests[theirs.digest] = theirs

    def always(exchange: Exchange) -> bool:
        if exchange.method == "GET":
            sim.stored.tags[fallback_tag(root.digest)] = theirs.digest
        return False

    sim.registry.before = always
    with pytest.raises(RegistryError, match="other writers won") as caught:
        sim.target.put_referrer(mine)
    assert (caught.value.code, caught.value.retryable) == (Code.SERVICE_OUTAGE, True)


def test_a_tag_that_may_not_be_written_is_an_error(sim: Simulated, root: RawManifest) -> None:
    sim.registry.quirks.referrers_api = False
    mine = referrer(sim.target, root, "mine")

    def denied(exchange: Exchange) -> bool:
        if exchange.method != "PUT" or "/manifests/sha256-" not in exchange.path:
            return False
        exchange.reply(403, b'{"errors":[{"code":"DENIED"}]}')
        return True

    sim.registry.before = denied
    with pytest.raises(RegistryError, match="DENIED") as caught:
        sim.target.put_referrer(mine)
    assert caught.value.code is Code.REGISTRY_DENIED


def test_the_tag_of_a_long_digest_is_cut() -> None:
    sha256 = digest_of(b"x")
    assert fallback_tag(sha256) == sha256.replace(":", "-")
    sha512 = type(sha256)("sha512:" + "ab" * 64)
    assert fallback_tag(sha512) == "sha512-" + "ab" * 32


def test_the_type_of_an_image_without_one_is_that_of_its_configuration() -> None:
    raw = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": mt.OCI_MANIFEST,
            "config": {"mediaType": "application/x", "digest": digest_of(b""), "size": 0},
            "layers": [],
            "subject": {"mediaType": mt.OCI_INDEX, "digest": digest_of(b"s"), "size": 1},
        }
    ).encode()
    found = as_referrer(RawManifest.of(raw), what="it")
    assert found is not None
    assert (found.subject, found.entry.artifact_type) == (digest_of(b"s"), "application/x")


def test_what_has_no_subject_is_no_referrer(sim: Simulated, root: RawManifest) -> None:
    assert as_referrer(root, what="root") is None
    with pytest.raises(ImageError, match="has no subject"):
        sim.target.put_referrer(root)


def _list_of(*manifests: RawManifest) -> RawManifest:
    entries = [found.entry for one in manifests if (found := as_referrer(one, what="it"))]
    document = {
        "schemaVersion": 2,
        "mediaType": mt.OCI_INDEX,
        "manifests": [entry.to_json() for entry in entries],
    }
    return RawManifest.of(json.dumps(document).encode())


def _intrude_before_put(
    sim: Simulated, root: RawManifest, manifests: list[RawManifest]
) -> list[RawManifest]:
    """Let somebody else write the tag just before the next write of it; empty once that has happened."""
    waiting = [_list_of(*manifests)]

    def intrude(exchange: Exchange) -> bool:
        tag = fallback_tag(root.digest)
        if exchange.method == "PUT" and exchange.path.endswith(tag) and waiting:
            theirs = waiting.pop()
            sim.stored.manifests[theirs.digest] = theirs
            sim.stored.tags[tag] = theirs.digest
        return False

    sim.registry.before = intrude
    return waiting
