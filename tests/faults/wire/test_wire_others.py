"""Somebody else at the registry, and registries that lie: whole releases, and resumes that end well."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.errors import Code
from shipseal.oci import RawManifest
from shipseal.oci import media_types as mt
from shipseal.oci.manifest import build_manifest
from shipseal.registry.referrer_entry import as_referrer
from shipseal.registry.referrers import fallback_tag
from shipseal.release.result import Status
from shipseal.testing import fault_kinds as kinds
from shipseal.testing.http_server import Exchange
from shipseal.testing.registry_simulator import TagDeletion
from tests.faults.rows import Row
from tests.faults.wire_rows import PLACES
from tests.support.simulated import NAME
from tests.support.target_content import referrer, staged
from tests.support.wire_faults import SIGNED, Scene, Step, scene

MOVE, MOVE_VERSION = "/manifests/latest$", "/manifests/1.0.0$"


def _stranger(made: Scene) -> RawManifest:
    return staged(made.bench.targets[1], "a stranger's release")


def _takes(made: Scene, tag: str = "latest") -> Callable[[], None]:
    """Return what lets a stranger move a tag at the second target."""
    manifest = _stranger(made)
    return lambda: made.registry.repository(NAME).tags.update({tag: manifest.digest})


def moved_before(made: Scene) -> None:
    step = Step("promote", "PUT", MOVE_VERSION)
    made.strike(kinds.meanwhile(_takes(made)), step, times=1)


def moved_after(made: Scene) -> None:
    step = Step("promote", "PUT", MOVE)
    made.strike(kinds.afterwards(_takes(made)), step, times=1)


def moved_after_reading_back(made: Scene) -> None:
    take = _takes(made)
    # Read for the plan, right before the move twice, and back after it: then the stranger comes.
    rule = made.strike(kinds.afterwards(take), Step("promote", "HEAD", MOVE), times=1)
    rule.skip = 3


def version_appears(made: Scene) -> None:
    step = Step("promote", "HEAD", MOVE)
    made.strike(kinds.meanwhile(_takes(made, "1.0.0")), step, times=1)


def cannot_be_put_back(made: Scene) -> None:
    made.registry.quirks.tag_deletion = TagDeletion.REFUSE
    made.strike(kinds.refuse(403, "DENIED"), Step("promote", "PUT", MOVE), times=None)


def header_without_api(made: Scene) -> None:
    made.registry.quirks.referrers_api = False
    made.registry.quirks.oci_subject = True


def wrong_type(made: Scene) -> None:
    made.registry.quirks.listed_type = mt.OCI_EMPTY
    made.registry.quirks.filters = False


def filtered_by_wrong_type(made: Scene) -> None:
    made.registry.quirks.listed_type = mt.OCI_EMPTY


def claims_filter(made: Scene) -> None:
    made.registry.quirks.filters = False
    made.registry.quirks.claims_filter = True


def lists_nothing(made: Scene) -> None:
    empty = build_manifest({"schemaVersion": 2, "mediaType": mt.OCI_INDEX, "manifests": []})

    def fault(exchange: Exchange) -> bool:
        exchange.reply(200, empty.raw, {"Content-Type": mt.OCI_INDEX})
        return True

    made.faults.add(fault, "GET", "/referrers/")


def _intruder(made: Scene) -> Callable[[], None]:
    """Return what lets a stranger overwrite the list of the root's referrers with one that has only its own."""
    root = made.bench.sample.root
    theirs = referrer(made.bench.targets[1], root, "a stranger's")
    entry = as_referrer(theirs, what="a stranger's")
    assert entry is not None
    document = {"schemaVersion": 2, "mediaType": mt.OCI_INDEX, "manifests": [entry.entry.to_json()]}
    listed = build_manifest(document)

    def intrude() -> None:
        stored = made.registry.repository(NAME)
        stored.manifests |= {theirs.digest: theirs, listed.digest: listed}
        stored.tags[fallback_tag(root.digest)] = listed.digest

    return intrude


def fallback_overwritten(made: Scene) -> None:
    header_without_api(made)
    step = Step("store evidence", "PUT", fallback_tag(made.bench.sample.digest))
    made.strike(kinds.afterwards(_intruder(made)), step, times=1)


def fallback_raced_in_an_outage(made: Scene) -> None:
    header_without_api(made)
    step = Step("store evidence", "PUT", fallback_tag(made.bench.sample.digest))
    intrude = _intruder(made)
    fails = kinds.refuse(502)

    def fault(exchange: Exchange) -> bool:
        intrude()
        return fails(exchange)

    made.strike(fault, step, times=1)


def forgets(made: Scene) -> None:
    """Take every bundle, list it while the release looks, and lose it right after."""

    def forget(exchange: Exchange) -> bool:
        stored = made.registry.repository(NAME)
        for digest, manifest in list(stored.manifests.items()):
            found = as_referrer(manifest, what="stored")
            if found and found.entry.artifact_type == mt.SIGSTORE_BUNDLE:
                del stored.manifests[digest]
        return False

    made.strike(forget, Step("verify", "GET", "/referrers/"), times=None)


CASES: dict[str, Callable[[Scene], None]] = {
    "somebody else moves the tag right before us": moved_before,
    "somebody else moves the tag right after us": moved_after,
    "somebody else moves the tag after it was read back": moved_after_reading_back,
    "the version's tag appears meanwhile": version_appears,
    "the tag cannot be put back": cannot_be_put_back,
    "the referrers header without the API": header_without_api,
    "the referrers API lists under a wrong type": wrong_type,
    "the referrers API filters by a wrong type": filtered_by_wrong_type,
    "the referrers API says that it has filtered, and has not": claims_filter,
    "the referrers API lists nothing": lists_nothing,
    "somebody else overwrites the fallback tag": fallback_overwritten,
    "somebody else writes the fallback tag while the gateway fails": fallback_raced_in_an_outage,
    "the registry takes evidence and forgets it": forgets,
}
ROWS = [row for row in PLACES if row.step != "everywhere"]
_FALLBACK = {fallback_overwritten, fallback_raced_in_an_outage}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as found:
        found.open()
        found.report(SilentReporter())
        yield found


def test_every_case_is_in_the_table() -> None:
    assert {row.fault for row in ROWS} == CASES.keys()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_release_that_meets_others(made: Scene, row: Row) -> None:
    case = CASES[row.fault]
    case(made)
    before = made.tags()
    result = made.bench.run()
    told = (result.status, result.code, result.exit)
    assert told == (row.outcome, row.code and str(row.code), int(row.exit)), result.message
    if row.outcome == Status.PARTLY_PROMOTED:
        assert made.moved()
        assert all(place in result.message for place in made.moved())
        assert "shipseal release resume" in result.hint
    elif row.code is not None:
        assert made.moved() == []
        # The first target is as it was; what a stranger did at the second is left alone.
        assert made.tags()[0] == before[0]
    if case is version_appears:
        assert made.resume().code == Code.TAG_EXISTS
        assert made.moved() == []
        return
    if row.code is not None:
        assert made.resume().status == Status.DONE
    made.expect_finished()
    if case in _FALLBACK:
        found = made.bench.targets[1].referrers(made.bench.sample.digest)
        assert any("text" in "".join(entry.annotations) for entry in found)


@pytest.mark.parametrize(
    "lie", [wrong_type, filtered_by_wrong_type, claims_filter, header_without_api]
)
def test_a_fresh_runner_finds_all_evidence_behind_a_lie(
    made: Scene, lie: Callable[[Scene], None]
) -> None:
    """Also without the layout, whose list does not lie: the registry is the only target."""
    lie(made)
    made.bench.targets = made.bench.targets[1:]
    assert made.bench.run().status == Status.DONE
    made.bench.fresh_runner()
    assert made.bench.run().status == Status.DONE
    assert made.bench.cataloguer.runs == 0
    assert len(made.bench.signer.signed) == SIGNED
