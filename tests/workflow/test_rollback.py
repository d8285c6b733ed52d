"""A bad release is out: tags go back, everywhere or nowhere, and later runs know of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from shipseal.attest.keys import LocalKey
from shipseal.attest.verify_bundle import KeyTrust
from shipseal.errors import AttestError, Code, ConfigError, Exit, ImageError, ReleaseError
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import find_artifacts, put_artifact
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.oci import media_types as mt
from shipseal.registry.layout_target import LayoutTarget
from shipseal.release.departures import rollback_records
from shipseal.release.known import all_known
from shipseal.release.lock import ReleaseLock
from shipseal.release.result import Status
from shipseal.release.rollback.known import known_rollbacks
from shipseal.release.rollback.plan import plan_rollback
from shipseal.release.rollback.result import NOTHING, PLANNED, summary_of
from shipseal.scan.interface import Finding, Package, Severity
from shipseal.testing.images import build_layout
from tests.support.release_bench import Bench
from tests.support.rollback_bench import WISH, RollbackBench


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> RollbackBench:
    made = RollbackBench(Bench(tmp_path_factory.mktemp("released")))
    made.release("1.4.1", "1.4.2")
    return made


@pytest.fixture
def rolling(released: RollbackBench, tmp_path: Path) -> RollbackBench:
    return released.copied(tmp_path)


def expect_names(rolling: RollbackBench, version: str) -> None:
    assert [rolling.names("1.4"), rolling.names("latest")] == [[version] * 2, [version] * 2]


def expect_version_tags_alone(rolling: RollbackBench) -> None:
    for version in rolling.digests:
        assert rolling.names(version) == [version, version]


def test_tags_go_back_to_the_release_before_at_every_target(rolling: RollbackBench) -> None:
    result = rolling.roll_back()
    assert (result.status, result.exit, result.code) == ("done", Exit.OK, None)
    assert result.to
    assert result.to.version == "1.4.1"
    steps = {(one.target, step.tag): step for one in result.targets for step in one.tags}
    assert len(steps) == 4
    for step in steps.values():
        assert step.action == "move"
        assert step.before
        assert step.after
        assert (step.before.version, step.after.version) == ("1.4.2", "1.4.1")
    assert result.verified > 0
    expect_names(rolling, "1.4.1")
    expect_version_tags_alone(rolling)


def test_a_dry_run_tells_the_same_and_leaves_everything_as_it_was(rolling: RollbackBench) -> None:
    before = sorted(rolling.bench.folder.rglob("*"))
    result = rolling.roll_back(replace(WISH, dry_run=True))
    assert (result.status, result.dry_run) == (PLANNED, True)
    assert result.to
    assert result.to.version == "1.4.1"
    expect_names(rolling, "1.4.2")
    locks = {path for path in rolling.bench.folder.rglob("*") if path.suffix == ".lock"}
    assert set(rolling.bench.folder.rglob("*")) - locks <= set(before)


def test_a_second_call_has_nothing_to_do_and_says_why(rolling: RollbackBench) -> None:
    rolling.roll_back()
    again = rolling.roll_back()
    assert (again.status, again.to, again.exit) == (NOTHING, None, Exit.OK)
    assert "1.4.2 was rolled back to 1.4.1" in again.message
    assert "ann@night: it answers 500" in again.message
    named = rolling.roll_back(replace(WISH, to="1.4.1"))
    assert (named.status, named.message) == (NOTHING, "1.4, latest name 1.4.1 already")
    expect_names(rolling, "1.4.1")


def test_the_second_call_says_why_when_a_tag_of_the_bad_line_stayed_too(
    rolling: RollbackBench,
) -> None:
    rolling.release("1.5.0")
    rolling.roll_back()
    again = rolling.roll_back()
    assert (again.status, again.exit) == (NOTHING, Exit.OK)
    assert again.message.startswith("latest names 1.4.2 already: 1.5.0 was rolled back to 1.4.2 at")
    assert "ann@night: it answers 500" in again.message


def test_a_fresh_machine_finds_the_release_before_by_its_tags_and_its_seal(
    rolling: RollbackBench,
) -> None:
    with rolling.elsewhere():
        assert rolling.roll_back().status == "done"
        expect_names(rolling, "1.4.1")
        assert rolling.roll_back().status == NOTHING
        assert list(all_known(rolling.state)) == []


@pytest.mark.parametrize("by", ["version", "id", "digest"])
def test_where_to_can_be_said_in_three_ways(rolling: RollbackBench, by: str) -> None:
    rolling.release("1.4.3")
    identifier = next(one.identifier for one in all_known(rolling.state))
    to = {"version": "1.4.1", "id": identifier, "digest": rolling.digests["1.4.1"]}[by]
    result = rolling.roll_back(replace(WISH, to=to))
    assert result.to
    assert result.to.version == "1.4.1"
    expect_names(rolling, "1.4.1")


def test_a_digest_that_no_version_tag_names_is_known_by_its_seal(rolling: RollbackBench) -> None:
    for target in rolling.bench.targets:
        target.delete_tag("1.4.1")
    with rolling.elsewhere():
        result = rolling.roll_back(replace(WISH, to=rolling.digests["1.4.1"]))
    assert result.to
    assert result.to.version == "1.4.1"
    assert rolling.names("latest") == ["1.4.1", "1.4.1"]


def test_what_is_no_release_is_refused_with_those_there_are(rolling: RollbackBench) -> None:
    with pytest.raises(ConfigError, match=r"no release '1\.3\.0'.*public: 1\.4\.2, 1\.4\.1"):
        rolling.roll_back(replace(WISH, to="1.3.0"))
    with pytest.raises(ConfigError, match="sha256"):
        rolling.roll_back(replace(WISH, to="sha256:12"))
    with pytest.raises(ImageError, match="is not at") as caught:
        rolling.roll_back(replace(WISH, to="sha256:" + "0" * 64, tags=("latest",)))
    assert caught.value.code is Code.IMAGE_NOT_FOUND
    expect_names(rolling, "1.4.2")


def test_some_tags_only(rolling: RollbackBench) -> None:
    result = rolling.roll_back(replace(WISH, tags=("latest",)))
    assert result.status == "done"
    assert [rolling.names("1.4"), rolling.names("latest")] == [["1.4.2"] * 2, ["1.4.1"] * 2]
    rest = rolling.roll_back()
    assert rest.status == "done"
    expect_names(rolling, "1.4.1")


def test_some_targets_only(rolling: RollbackBench) -> None:
    rolling.targets = rolling.bench.targets[:1]
    assert rolling.roll_back().status == "done"
    assert rolling.names("latest") == ["1.4.1", "1.4.2"]
    rolling.targets = ()
    assert rolling.roll_back().status == "done"
    expect_names(rolling, "1.4.1")


def spoil_seal(rolling: RollbackBench, version: str, number: int = 1) -> None:
    """Take the bundles of a release away at one target."""
    target = rolling.bench.targets[number]
    assert isinstance(target, LayoutTarget)
    found = ReferrersStore(target).find(rolling.digests[version])
    assert found
    for one in found:
        (Path(target.repository) / "blobs" / one.digest.replace(":", "/")).unlink()


def test_a_release_without_its_evidence_is_refused_and_nothing_moves(
    rolling: RollbackBench,
) -> None:
    spoil_seal(rolling, "1.4.1")
    with pytest.raises(AttestError, match="does not verify, so no tag goes there") as caught:
        rolling.roll_back()
    assert caught.value.exit is Exit.EVIDENCE
    assert rolling.bench.targets[1].name in caught.value.message
    expect_names(rolling, "1.4.2")
    assert not list(known_rollbacks(rolling.state))


def test_a_version_tag_that_was_moved_to_another_sealed_image_is_found_out(
    rolling: RollbackBench,
) -> None:
    rolling.release("1.4.3")
    for target in rolling.bench.targets:
        target.put_tag("1.4.2", target.read_manifest(rolling.digests["1.4.1"]))
    with rolling.elsewhere(), pytest.raises(AttestError, match=r"was sealed as 1\.4\.1") as caught:
        rolling.roll_back(replace(WISH, to="1.4.2"))
    assert caught.value.code is Code.WRONG_SUBJECT
    with pytest.raises(ImageError, match="what was released here was") as known:
        rolling.roll_back(replace(WISH, to="1.4.2"))
    assert known.value.code is Code.DIGEST_MISMATCH
    expect_names(rolling, "1.4.3")


def test_a_version_that_differs_between_targets_or_is_not_at_one_is_refused(
    rolling: RollbackBench,
) -> None:
    second = rolling.bench.targets[1]
    second.put_tag("1.4.1", second.read_manifest(rolling.digests["1.4.2"]))
    with pytest.raises(ImageError, match="not the same image at every target") as caught:
        rolling.roll_back(replace(WISH, to="1.4.1"))
    assert caught.value.exit is Exit.EVIDENCE
    second.delete_tag("1.4.1")
    with pytest.raises(ImageError, match=r"1\.4\.1 is not at oci:b") as absent:
        rolling.roll_back()
    assert "--target" in absent.value.hint
    expect_names(rolling, "1.4.2")


def test_an_old_scan_is_undecided_until_it_is_allowed_and_then_said_and_kept(
    rolling: RollbackBench,
) -> None:
    rolling.max_age = timedelta(hours=1, minutes=30)
    with pytest.raises(ReleaseError, match="too old to say") as caught:
        rolling.roll_back()
    assert (caught.value.code, caught.value.exit) == (Code.GATE_UNDECIDED, Exit.UNDECIDED)
    assert "--allow-old-scan" in caught.value.hint
    expect_names(rolling, "1.4.2")
    result = rolling.roll_back(replace(WISH, allow_old_scan=True))
    assert result.status == "done"
    assert result.scan
    assert "it ended at 2026-01-02T03:04:05Z" in result.scan.too_old
    assert result.scan.age_seconds == 7200
    kept = next(known_rollbacks(rolling.state)).start.old_scan
    assert kept == result.scan.too_old


def test_missing_evidence_is_not_excused_by_an_old_scan(rolling: RollbackBench) -> None:
    rolling.max_age = timedelta(hours=1)
    spoil_seal(rolling, "1.4.1")
    with pytest.raises(AttestError) as caught:
        rolling.roll_back(replace(WISH, allow_old_scan=True))
    assert caught.value.exit is Exit.EVIDENCE


def test_findings_of_where_it_goes_are_told(tmp_path: Path) -> None:
    rolling = RollbackBench(Bench(tmp_path))
    package = Package("left", "1.0", "npm", "pkg:npm/left@1.0")
    rolling.bench.findings = (
        Finding("CVE-2099-0002", Severity.HIGH, package),
        Finding("CVE-2099-0003", Severity.LOW, package),
    )
    rolling.release("1.0.0")
    rolling.bench.findings = ()
    rolling.release("1.0.1")
    result = rolling.roll_back()
    assert result.scan
    assert result.scan.counts == {"high": 2, "low": 2}  # in each of two platforms
    assert (result.scan.gate, result.scan.critical) == ("pass", ())


def test_critical_findings_below_the_gate_of_then_are_named(tmp_path: Path) -> None:
    rolling = RollbackBench(Bench(tmp_path))
    package = Package("left", "1.0", "npm", "pkg:npm/left@1.0")
    rolling.bench.findings = (Finding("CVE-2099-0001", Severity.CRITICAL, package),)
    rolling.bench.adjust = lambda setup: replace(
        setup, rules=replace(setup.rules, gate=replace(setup.rules.gate, fail_on=None))
    )
    rolling.release("1.0.0", "1.0.1")
    result = rolling.roll_back(replace(WISH, dry_run=True))
    assert result.scan
    assert result.scan.critical == ("CVE-2099-0001",)


# What comes afterwards.


def test_the_job_of_the_bad_release_does_not_bring_it_back(rolling: RollbackBench) -> None:
    rolling.roll_back()
    rolling.again("1.4.2")
    result = rolling.bench.run()
    assert (result.status, result.exit) == (Status.DONE, Exit.OK)
    expect_names(rolling, "1.4.1")
    assert result.rolled_back
    assert (result.rolled_back.by, result.rolled_back.reason) == ("ann@night", "it answers 500")


def test_nor_does_its_job_on_a_machine_that_knows_nothing(rolling: RollbackBench) -> None:
    rolling.roll_back()
    rolling.again("1.4.2")
    rolling.bench.fresh_runner()
    result = rolling.bench.run()
    assert result.status == Status.DONE
    expect_names(rolling, "1.4.1")
    held = {tag.tag: tag.reason for target in result.targets for tag in target.tags}
    assert "1.4.2 was rolled back to 1.4.1" in held["latest"]
    assert "ann@night: it answers 500" in held["latest"]


def test_the_fixed_release_takes_the_tags_forward_again(rolling: RollbackBench) -> None:
    rolling.roll_back()
    rolling.release("1.4.3")
    expect_names(rolling, "1.4.3")
    # And when that is bad, too, the one that was left before is passed over.
    result = rolling.roll_back()
    assert result.to
    assert result.to.version == "1.4.1"
    assert [one.name for one in result.passed_over] == ["1.4.2"]
    expect_names(rolling, "1.4.1")


def test_a_fix_of_the_older_line_moves_latest_when_the_newer_one_was_left(
    tmp_path: Path,
) -> None:
    rolling = RollbackBench(Bench(tmp_path))
    rolling.release("1.4.1", "2.0.0")
    result = rolling.roll_back()
    assert [one.name for one in result.staying] == ["2.0"]
    assert rolling.names("latest") == ["1.4.1", "1.4.1"]
    assert rolling.names("2.0") == ["2.0.0", "2.0.0"]
    rolling.release("1.4.2")
    expect_names(rolling, "1.4.2")
    # Nothing was left there since: the newest of the other line is what latest is for.
    rolling.release("2.0.1")
    assert rolling.names("latest") == ["2.0.1", "2.0.1"]
    rolling.release("1.4.3")
    assert rolling.names("latest") == ["2.0.1", "2.0.1"]


def test_a_rollback_is_taken_back_by_naming_the_release(rolling: RollbackBench) -> None:
    rolling.roll_back()
    result = rolling.roll_back(replace(WISH, to="1.4.2", reason="it was the database"))
    assert result.status == "done"
    expect_names(rolling, "1.4.2")
    known = {one.state.plan.version: one for one in all_known(rolling.state) if one.state.plan}
    assert known["1.4.2"].result().rolled_back is None
    rolling.again("1.4.2")
    assert rolling.bench.run().status == Status.DONE
    expect_names(rolling, "1.4.2")
    assert rolling.roll_back().status == "done"
    expect_names(rolling, "1.4.1")


def test_the_release_that_was_left_tells_by_whom_when_and_why(rolling: RollbackBench) -> None:
    rolling.roll_back()
    known = {one.state.plan.version: one for one in all_known(rolling.state) if one.state.plan}
    result = known["1.4.2"].result()
    assert result.status == Status.DONE
    gone = result.rolled_back
    assert gone
    assert (gone.by, gone.reason, gone.version) == ("ann@night", "it answers 500", "1.4.1")
    assert gone.at == "2026-01-02T05:04:05Z"
    assert set(gone.tags) == {"1.4", "latest"}
    assert result.tags == ("1.4.2",)
    assert known["1.4.1"].result().rolled_back is None
    [summary] = [summary_of(one) for one in known_rollbacks(rolling.state)]
    assert [one.version for one in summary.left] == ["1.4.2"]
    assert (summary.status, summary.to.version) == ("done", "1.4.1")


def test_the_record_lies_beside_both_images_at_every_target(rolling: RollbackBench) -> None:
    rolling.roll_back()
    for target in rolling.bench.targets:
        good, bad = (rollback_records(target, digest) for digest in rolling.digests.values())
        assert [one.status for one in good] == ["done"]
        assert [one.status for one in bad] == ["began", "done"]
        assert bad[1] == good[0]
        for record in bad:
            assert set(record.tags) == {"1.4", "latest"}
            assert (record.by, record.serial) == ("ann@night", 1)
            # No path of this machine and no other target is told.
            assert str(rolling.bench.folder) not in msgspec.json.encode(record).decode()


def test_what_is_no_record_moves_and_holds_nothing(rolling: RollbackBench) -> None:
    for target in rolling.bench.targets:
        for data in (b"not json", b'{"schema": 99}', b"{}"):
            root = target.read_manifest(rolling.digests["1.4.1"])
            content = Content.of_bytes(data, mt.ROLLBACK_RECORD)
            put_artifact(target, root, content, artifact_type=mt.ROLLBACK_RECORD)
        assert len(find_artifacts(target, rolling.digests["1.4.1"], mt.ROLLBACK_RECORD)) == 3
    assert rolling.roll_back().status == "done"
    expect_names(rolling, "1.4.1")


def test_an_image_that_somebody_pushed_is_replaced_by_the_newest_release(
    rolling: RollbackBench,
) -> None:
    foreign = build_layout(rolling.bench.folder / "foreign", config={"Env": ["BY=hand"]})
    for target in rolling.bench.targets:
        push(foreign.layout.folder, target)
        target.put_tag("latest", foreign.root)
    result = rolling.roll_back(replace(WISH, tags=("latest",)))
    assert result.to
    assert result.to.version == "1.4.2"
    assert rolling.names("latest") == ["1.4.2", "1.4.2"]


def push(folder: Path, target: object) -> None:
    """Copy every blob of a layout into another one."""
    assert isinstance(target, LayoutTarget)
    for blob in (folder / "blobs" / "sha256").iterdir():
        copy = Path(target.repository) / "blobs" / "sha256" / blob.name
        if not copy.exists():
            copy.write_bytes(blob.read_bytes())


@pytest.mark.parametrize(
    "path",
    [
        lambda one: one.state.lock("app", "rollback"),
        lambda one: one.state.lock("app", "1.4.2"),
        lambda one: one.state.lock("app", "1.4.1"),
    ],
    ids=["another rollback", "the bad release", "the good release"],
)
def test_who_works_on_these_releases_now_is_told(
    rolling: RollbackBench, path: Callable[[RollbackBench], Path]
) -> None:
    lock = ReleaseLock(path(rolling))
    lock.acquire("other", rolling.bench.clock)
    try:
        with pytest.raises(ReleaseError, match="release other") as caught:
            rolling.roll_back()
    finally:
        lock.free()
    assert caught.value.code is Code.RELEASE_LOCKED
    expect_names(rolling, "1.4.2")


def test_a_journal_that_cannot_be_read_does_not_stand_in_the_way(rolling: RollbackBench) -> None:
    path = rolling.state.journal("broken-0000000000")
    path.parent.mkdir(parents=True)
    path.write_text('{"v":99,"seq":0,"at":"2026-01-01T00:00:00Z","kind":"x","data":{}}\n')
    assert rolling.roll_back().status == "done"


def test_after_a_change_of_key_it_is_said_how_the_release_before_counts_again(
    rolling: RollbackBench,
) -> None:
    rotated = replace(rolling.setup(), trust=KeyTrust([LocalKey.generate().public]))
    with pytest.raises(AttestError) as caught:
        plan_rollback(rotated, WISH)
    place = f"{rolling.bench.targets[0].name}@{rolling.digests['1.4.1']}"
    assert f"`shipseal verify {place} --config shipseal.yaml --explain` shows" in caught.value.hint
    assert "its public key back under verify.keys, beside the new one" in caught.value.hint
