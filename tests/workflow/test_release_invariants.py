"""The invariants of a release, each attacked: real layouts, a real key, real verification."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.errors import (
    AttestError,
    Code,
    ConfigError,
    Exit,
    RegistryError,
    SbomError,
    ScanError,
)
from shipseal.evidence.artifact import Content
from shipseal.evidence.artifacts import find_artifacts, put_artifact
from shipseal.evidence.referrers_store import ReferrersStore
from shipseal.oci import Digest, RawManifest, digest_of, parse_digest
from shipseal.oci import media_types as mt
from shipseal.oci.closure import closure_of
from shipseal.registry.interface import ReferrerMode, Target
from shipseal.registry.layout_target import LayoutTarget
from shipseal.release.cancel import Cancel
from shipseal.release.context import Mode
from shipseal.release.folders import StateFolder
from shipseal.release.journal import Journal, read_journal
from shipseal.release.known import known, unfinished
from shipseal.release.result import Status
from shipseal.release.session import Setup
from shipseal.release.steps.record import ReleaseRecord
from shipseal.release.steps.stage import Stager
from shipseal.testing.images import SampleImage, build_layout
from tests.support.release_bench import CRITICAL, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


class BrokenTarget(LayoutTarget):
    """A layout of which one method fails like a registry that is down."""

    def __init__(self, folder: Path, method: str, error: Exception) -> None:
        super().__init__(folder)
        self._broken = method
        self._error = error

    def __getattribute__(self, name: str) -> Any:
        if name != "_broken" and name == object.__getattribute__(self, "_broken"):
            return self._fail
        return super().__getattribute__(name)

    def _fail(self, *_: object, **__: object) -> Any:
        raise self._error

    def mend(self) -> None:
        self._broken = ""


class PowerCutError(BaseException):
    """The process is gone: no handler runs that an exception would run."""


class CuttingJournal(Journal):
    """Ends the process before or after its n-th line."""

    cut_at = -1
    before = False
    lines = 0

    def append(self, kind: str, **data: Any) -> Any:
        number = CuttingJournal.lines
        CuttingJournal.lines += 1
        if number == self.cut_at and self.before:
            raise PowerCutError
        event = super().append(kind, **data)
        if number == self.cut_at:
            raise PowerCutError
        return event


@pytest.fixture
def cutting(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[CuttingJournal]]:
    monkeypatch.setattr("shipseal.release.session.Journal", CuttingJournal)
    CuttingJournal.cut_at, CuttingJournal.lines = -1, 0
    yield CuttingJournal
    CuttingJournal.cut_at = -1


OUTAGE = RegistryError(Code.SERVICE_OUTAGE, "503 from the registry", retryable=True)
DENIED = RegistryError(Code.REGISTRY_DENIED, "403 denied")


def bundles(bench: Bench) -> Counter[Digest]:
    """Count the bundles at the first target, over all subjects."""
    store = ReferrersStore(bench.targets[0], created=bench.clock.now())
    subjects = [bench.sample.digest, *(raw.digest for raw in bench.sample.manifests.values())]
    return Counter(found.digest for subject in subjects for found in store.find(subject))


def expect_nothing_public(bench: Bench) -> None:
    assert [bench.tags_at(0), bench.tags_at(1)] == [{}, {}]


def expect_public(bench: Bench) -> None:
    wanted = {"1.0.0": bench.sample.digest, "latest": bench.sample.digest}
    assert [bench.tags_at(0), bench.tags_at(1)] == [wanted, wanted]


def test_a_release_ends_with_every_tag_on_one_digest_and_all_evidence_verified(
    bench: Bench,
) -> None:
    result = bench.run()
    assert (result.status, result.code, result.exit) == (Status.DONE, None, Exit.OK)
    assert result.attested
    expect_public(bench)
    families = Counter((one.family, bool(one.platform)) for one in result.evidence)
    assert families == {
        ("provenance", False): 1,
        ("sbom", True): 2,
        ("sbom", False): 1,
        ("scan", True): 2,
        ("scan", False): 1,
        ("seal", False): 1,
    }
    assert {store for one in result.evidence for store in one.stores} == {
        target.name for target in bench.targets
    }


def test_every_target_has_identical_bytes(bench: Bench) -> None:
    bench.run()
    for digest in (bench.sample.digest, *(raw.digest for raw in bench.sample.manifests.values())):
        raws = {target.read_manifest(digest).raw for target in bench.targets}
        assert len(raws) == 1


def test_a_second_run_signs_nothing_and_changes_nothing(bench: Bench) -> None:
    bench.run()
    before, signed = bundles(bench), list(bench.signer.signed)
    files = sorted(bench.folder.glob("[ab]/**/*"))
    bench.clock.elapsed += 3600
    result = bench.run()
    assert result.status == Status.DONE
    assert bundles(bench) == before
    assert sorted(bench.folder.glob("[ab]/**/*")) == files
    assert bench.signer.signed == signed
    assert bench.cataloguer.runs == bench.scanner.runs == 0


FAILURES = [
    ("catalogue", SbomError(Code.CATALOG_FAILED, "failed to catalog"), Status.FAILED, Exit.OUTSIDE),
    ("scan", ScanError(Code.DB_STALE, "data of last year"), Status.REFUSED, Exit.UNDECIDED),
    (
        "sign",
        AttestError(Code.SERVICE_OUTAGE, "no answer", retryable=True),
        Status.PENDING,
        Exit.OUTSIDE,
    ),
]


@pytest.mark.parametrize(
    ("step", "error", "status", "exit_"), FAILURES, ids=[one[0] for one in FAILURES]
)
def test_no_tag_moves_when_a_step_fails(
    bench: Bench, step: str, error: Exception, status: str, exit_: Exit
) -> None:
    def break_it(setup: Setup) -> Setup:
        if step == "catalogue":
            bench.cataloguer.fail = error
        elif step == "scan":
            bench.scanner.fail = error
        else:
            bench.signer.fail = error
        return setup

    bench.adjust = break_it
    result = bench.run()
    assert (result.status, result.exit) == (status, exit_)
    expect_nothing_public(bench)
    assert not bundles(bench)
    bench.adjust = None
    bench.signer.fail = None
    assert bench.run().status == Status.DONE
    expect_public(bench)


@pytest.mark.parametrize(
    "method", ["check_push", "put_blob", "put_manifest", "put_referrer", "list_tags"]
)
@pytest.mark.parametrize(("error", "status"), [(OUTAGE, Status.PENDING), (DENIED, Status.FAILED)])
def test_no_tag_moves_anywhere_when_one_target_fails(
    bench: Bench, method: str, error: RegistryError, status: str
) -> None:
    broken = BrokenTarget(bench.folder / "b", method, error)
    bench.targets = (bench.targets[0], broken)
    result = bench.run()
    assert (result.status, result.code, result.exit) == (status, str(error.code), error.exit)
    broken.mend()
    expect_nothing_public(bench)
    assert bench.run().status == Status.DONE
    expect_public(bench)
    assert len(set(bench.signer.signed)) == len(bench.signer.signed) == 8


def test_a_critical_finding_refuses_and_nothing_is_signed(bench: Bench) -> None:
    bench.findings = (CRITICAL,)
    result = bench.run()
    assert (result.status, result.code, result.exit) == (
        Status.REFUSED, "scan.gate-failed", Exit.REFUSED,
    )  # fmt: skip
    assert "CVE-2099-0001" in result.message
    expect_nothing_public(bench)
    assert bench.signer.signed == []
    assert not bundles(bench)


def test_the_same_command_finishes_when_the_finding_is_gone(bench: Bench) -> None:
    bench.findings = (CRITICAL,)
    bench.run()
    bench.findings = ()
    bench.sample = build_layout(bench.folder / "mended", config={"Env": ["MENDED=1"]})
    assert bench.run().status == Status.DONE
    expect_public(bench)


def test_a_catalogue_that_may_not_be_whole_is_undecided_unless_accepted_by_name(
    bench: Bench,
) -> None:
    bench.incomplete = ("/app: an ELF binary that belongs to no package",)
    result = bench.run()
    assert (result.code, result.exit) == ("sbom.incomplete", Exit.UNDECIDED)
    assert "sbom.accept_incomplete: [/app]" in result.hint
    assert bench.signer.signed == []
    bench.accept = frozenset({"/app"})
    assert bench.run().status == Status.DONE


def test_a_public_version_with_another_digest_is_refused_before_the_long_work(bench: Bench) -> None:
    bench.run()
    bench.sample = build_layout(bench.folder / "other", config={"Env": ["OTHER=1"]})
    result = bench.run()
    assert (result.code, result.exit) == ("image.tag-exists", Exit.REFUSED)
    assert bench.cataloguer.runs == 0


class ForgetfulTarget(LayoutTarget):
    """Answers that it stored a referrer, and loses it."""

    def put_referrer(self, manifest: RawManifest) -> ReferrerMode:
        return ReferrerMode.API


def test_evidence_is_read_back_from_every_target_before_a_tag_moves(bench: Bench) -> None:
    bench.targets = (bench.targets[0], ForgetfulTarget(bench.folder / "b"))
    result = bench.run()
    assert (result.code, result.exit) == ("attest.missing", Exit.EVIDENCE)
    assert "missing" in result.message
    expect_nothing_public(bench)


class RacedTarget(LayoutTarget):
    """Another writer of the list of referrers wins once: the first entry is lost."""

    lost = False

    def put_referrer(self, manifest: RawManifest) -> ReferrerMode:
        if not self.lost:
            self.lost = True
            return ReferrerMode.FALLBACK_TAG
        return super().put_referrer(manifest)


def test_evidence_that_another_writer_lost_is_stored_again_and_not_signed_again(
    bench: Bench,
) -> None:
    bench.targets = (bench.targets[0], RacedTarget(bench.folder / "b"))
    assert bench.run().status == Status.DONE
    expect_public(bench)
    assert len(bench.signer.signed) == 8


class SwappingTarget(LayoutTarget):
    """A second runner moves ``latest`` right after we did."""

    def __init__(self, folder: Path, thief: RawManifest) -> None:
        super().__init__(folder)
        self._thief = thief

    def put_tag(self, tag: str, manifest: RawManifest) -> None:
        super().put_tag(tag, manifest)
        if tag == "latest":
            super().put_tag(tag, self._thief)


def test_a_tag_that_another_runner_moved_meanwhile_is_noticed(bench: Bench) -> None:
    other = build_layout(bench.folder / "b", config={"Env": ["OTHER=1"]}, ref="other")
    bench.targets = (bench.targets[0], SwappingTarget(bench.folder / "b", other.root))
    result = bench.run()
    assert result.status == Status.PARTLY_PROMOTED
    assert "moved by somebody else" in result.message
    assert f"{bench.targets[0].name}:1.0.0" in result.message


def test_a_dry_run_uploads_and_signs_nothing_and_says_what_the_release_would(bench: Bench) -> None:
    bench.mode = Mode(dry_run=True)
    result = bench.run()
    assert (result.status, result.code, result.exit) == (Status.PENDING, None, Exit.OK)
    assert result.dry_run
    expect_nothing_public(bench)
    assert bench.signer.signed == []
    assert bench.targets[0].resolve(bench.sample.digest) is None
    bench.findings = (CRITICAL,)
    assert bench.run().exit == Exit.REFUSED


def test_a_fork_is_built_catalogued_scanned_and_gated_and_nothing_else(bench: Bench) -> None:
    bench.mode = Mode(fork=True)
    # A fork may not even ask whether it may push.
    bench.targets = (bench.targets[0], BrokenTarget(bench.folder / "b", "check_push", DENIED))
    result = bench.run()
    assert (result.code, result.exit, result.attested) == ("fork.no-permissions", Exit.OK, False)
    assert result.status != Status.DONE
    assert bench.scanner.runs == 2
    assert bench.signer.signed == []
    assert bench.targets[0].resolve(bench.sample.digest) is None


def test_a_fork_with_a_critical_finding_is_refused(bench: Bench) -> None:
    bench.mode, bench.findings = Mode(fork=True), (CRITICAL,)
    assert bench.run().exit == Exit.REFUSED


@pytest.mark.timeout(180)
def test_a_crash_at_any_line_of_the_journal_is_resumed_to_the_same_end(
    tmp_path: Path, cutting: type[CuttingJournal]
) -> None:
    whole = Bench(tmp_path / "whole")
    whole.run()
    lines = cutting.lines
    assert lines > 30
    for number in range(1, lines, 8):
        for fresh in (False, True):
            bench = Bench(tmp_path / f"cut-{number}-{fresh}")
            cutting.cut_at, cutting.before, cutting.lines = number, bool(number % 2), 0
            with pytest.raises(PowerCutError):
                bench.run()
            if "latest" not in bench.tags_at(0):
                # Before `latest` moves nothing may be half public without the version's own tag.
                assert set(bench.tags_at(0)) <= {"1.0.0"}
            cutting.cut_at = -1
            if fresh:
                bench.fresh_runner()
            result = bench.run()
            assert result.status == Status.DONE, (number, fresh, result.message)
            expect_public(bench)
            expect_signed_once(bench, number, fresh)


def test_every_run_writes_the_same_account_of_what_happens_to_the_tags(
    bench: Bench, cutting: type[CuttingJournal]
) -> None:
    """Else the parts of one that a kill cut short would lie at the target for nothing."""
    bench.run()
    undisturbed = accounts(bench)
    assert [len(each) for each in undisturbed] == [2, 2]
    journal = StateFolder(bench.folder / bench.state).journal(bench.release)
    kinds = [event.kind for event in read_journal(journal)]
    shutil.rmtree(bench.folder / "a")
    shutil.rmtree(bench.folder / "b")
    bench.fresh_runner()
    cutting.cut_at, cutting.lines = kinds.index("tag.moved"), 0
    with pytest.raises(PowerCutError):
        bench.run()
    cutting.cut_at = -1
    assert bench.run().status == Status.DONE
    assert accounts(bench) == undisturbed


def accounts(bench: Bench) -> list[set[Digest]]:
    """Return the releases' own accounts at each target."""
    root = bench.sample.root.digest
    return [
        {found.content.digest for found in find_artifacts(target, root, mt.RELEASE_RECORD)}
        for target in bench.targets
    ]


def expect_signed_once(bench: Bench, number: int, fresh: bool) -> None:
    """Check that the targets hold each attestation once: eight of them, on the subjects they are about."""
    found = bundles(bench)
    assert len(found) == 8, (number, fresh, len(found))
    assert sorted(found.values()) == [1, 1, 1, 1, 1, 1, 3, 3], (number, fresh)


GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "org/app",
    "GITHUB_WORKFLOW_REF": "org/app/.github/workflows/release.yml@refs/tags/v1",
    "GITHUB_REF": "refs/tags/v1",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REPOSITORY_ID": "1",
    "GITHUB_REPOSITORY_OWNER_ID": "2",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "GITHUB_RUN_ID": "3",
    "GITHUB_RUN_ATTEMPT": "1",
}


def test_a_second_attempt_in_github_actions_signs_nothing_again(bench: Bench) -> None:
    """GitHub's provenance names no release; the attempt is another one, on another machine."""
    bench.github = GITHUB
    bench.targets = (bench.targets[0], BrokenTarget(bench.folder / "b", "put_tag", OUTAGE))
    assert bench.run().status == Status.PENDING
    bench.targets = (bench.targets[0], LayoutTarget(bench.folder / "b"))
    bench.fresh_runner()
    bench.github = {**GITHUB, "GITHUB_RUN_ATTEMPT": "2"}
    result = bench.run()
    assert result.status == Status.DONE
    assert result.platforms[0].packages is not None
    assert result.platforms[0].findings == {}
    assert len(bench.signer.signed) == 8
    assert len(bundles(bench)) == 8


def test_an_unsigned_record_at_the_targets_moves_no_tag(bench: Bench) -> None:
    """Whoever may write there could choose what this job puts tags back to, if the record were believed."""
    evil = build_layout(bench.folder / "evil", config={"Env": ["EVIL=1"]})
    broken = BrokenTarget(bench.folder / "b", "put_tag", OUTAGE)
    bench.targets = (bench.targets[0], broken)
    assert bench.run().status == Status.PENDING
    forged = ReleaseRecord(
        1, bench.release, "app", "1.0.0", bench.sample.digest, "promoting",
        {target.name: {"latest": evil.digest, "1.0.0": evil.digest} for target in bench.targets}, {},
    )  # fmt: skip
    for target in bench.targets:
        stage_at(target, evil)
        content = Content.of_bytes(msgspec.json.encode(forged), mt.RELEASE_RECORD)
        put_artifact(target, bench.sample.root, content, artifact_type=mt.RELEASE_RECORD)
    bench.targets[0].put_tag("1.0.0", bench.sample.root)
    bench.targets[0].put_tag("latest", bench.sample.root)
    bench.fresh_runner()
    result = bench.run()
    assert result.status == Status.PARTLY_PROMOTED
    assert f"{bench.targets[0].name}:latest" in result.message
    assert set(bench.tags_at(0).values()) == {bench.sample.digest}
    broken.mend()
    assert bench.tags_at(1) == {}


def stage_at(target: Target, sample: SampleImage) -> None:
    parts = closure_of(sample.layout, sample.root, what="sample")
    Stager(sample.layout, parts, 1, SilentReporter(), Cancel()).stage(target, [target])


def test_a_policy_that_changed_during_a_hold_is_asked_again_on_any_runner(bench: Bench) -> None:
    def another_policy(setup: Setup) -> Setup:
        return replace(setup, rules=replace(setup.rules, policy_digest=digest_of(b"stricter")))

    bench.targets = (bench.targets[0], BrokenTarget(bench.folder / "b", "put_tag", OUTAGE))
    assert bench.run().status == Status.PENDING
    bench.targets = (bench.targets[0], LayoutTarget(bench.folder / "b"))
    bench.findings = (CRITICAL,)
    bench.adjust = another_policy
    assert bench.run().exit == Exit.REFUSED
    bench.fresh_runner()
    assert bench.run().exit == Exit.REFUSED
    expect_nothing_public(bench)


def test_another_policy_makes_another_seal_once_and_signs_nothing_else_again(bench: Bench) -> None:
    def another_policy(setup: Setup) -> Setup:
        return replace(setup, rules=replace(setup.rules, policy_digest=digest_of(b"later")))

    bench.targets = (bench.targets[0], BrokenTarget(bench.folder / "b", "put_tag", OUTAGE))
    assert bench.run().status == Status.PENDING
    bench.adjust = another_policy
    for _ in range(2):
        bench.fresh_runner()
        assert bench.run().status == Status.PENDING
        assert len(bench.signer.signed) == 9
    bench.targets = (bench.targets[0], LayoutTarget(bench.folder / "b"))
    bench.fresh_runner()
    assert bench.run().status == Status.DONE
    assert len(bench.signer.signed) == 9
    expect_public(bench)


def test_a_hold_that_outlasts_the_age_of_its_scan_is_scanned_again(bench: Bench) -> None:
    def a_day(setup: Setup) -> Setup:
        policy = replace(setup.rules.verify, scan_max_age=timedelta(days=1))
        return replace(setup, rules=replace(setup.rules, verify=policy))

    bench.adjust = a_day
    bench.targets = (bench.targets[0], BrokenTarget(bench.folder / "b", "put_tag", OUTAGE))
    assert bench.run().status == Status.PENDING
    bench.targets = (bench.targets[0], LayoutTarget(bench.folder / "b"))
    bench.clock.elapsed += timedelta(days=3).total_seconds()
    result = bench.run()
    assert result.status == Status.DONE, result.message
    assert bench.scanner.runs == 2
    assert bench.cataloguer.runs == 0


def test_a_crash_while_adopting_adopts_the_rest_later(
    bench: Bench, cutting: type[CuttingJournal]
) -> None:
    bench.targets = (bench.targets[0], BrokenTarget(bench.folder / "b", "put_tag", OUTAGE))
    assert bench.run().status == Status.PENDING
    bench.targets = (bench.targets[0], LayoutTarget(bench.folder / "b"))
    bench.fresh_runner()
    state = StateFolder(bench.folder / bench.state)
    cutting.lines, cutting.cut_at, cutting.before = 0, 14, False
    with pytest.raises(PowerCutError):
        bench.run()
    half = known(state, bench.release)
    assert "adoption.done" not in [event.kind for event in half.events]
    assert half.state.evidence
    cutting.cut_at = -1
    assert bench.run().status == Status.DONE
    assert len(bench.signer.signed) == len(bundles(bench)) == 8


class InterruptedTarget(LayoutTarget):
    """Somebody presses Ctrl-C while ``latest`` is about to move here."""

    def put_tag(self, tag: str, manifest: RawManifest) -> None:
        if tag == "latest":
            raise KeyboardInterrupt
        super().put_tag(tag, manifest)


def test_an_interrupt_during_promotion_names_what_is_public(bench: Bench) -> None:
    bench.targets = (bench.targets[0], InterruptedTarget(bench.folder / "b"))
    result = bench.run()
    assert (result.status, result.exit) == (Status.PARTLY_PROMOTED, Exit.INTERRUPTED)
    assert f"{bench.targets[0].name}:latest" in result.message
    bench.targets = (bench.targets[0], LayoutTarget(bench.folder / "b"))
    assert bench.run().status == Status.DONE
    expect_public(bench)


def test_an_sbom_that_no_store_takes_is_attested_by_reference(bench: Bench) -> None:
    """Fault (g): what is still too big after trimming never only warns."""
    bench.predicate_limit = 100
    result = bench.run()
    assert result.status == Status.DONE
    kinds = {one.predicate_type for one in result.evidence if one.family == "sbom" and one.platform}
    assert kinds == {"https://in-toto.io/attestation/reference/v0.1"}


def test_a_dry_run_is_nothing_to_resume_and_leaves_no_release(bench: Bench) -> None:
    bench.mode = Mode(dry_run=True)
    bench.run()
    with pytest.raises(ConfigError, match="no releases can be resumed"):
        unfinished(StateFolder(bench.folder / bench.state), None)


def test_a_dry_run_or_a_refused_second_run_leaves_the_account_of_what_is_public(
    bench: Bench,
) -> None:
    bench.run()
    state = StateFolder(bench.folder / bench.state)
    public = bench.sample.digest
    bench.mode = Mode(dry_run=True)
    bench.run()
    bench.mode = Mode()
    bench.sample = build_layout(bench.folder / "other", config={"Env": ["OTHER=1"]})
    assert bench.run().code == "image.tag-exists"
    told = known(state, bench.release).result()
    assert (told.status, told.digest, told.tags) == (Status.DONE, public, ("1.0.0", "latest"))


def test_a_critical_finding_in_a_catalogue_that_may_not_be_whole_tells_both(bench: Bench) -> None:
    bench.findings = (CRITICAL,)
    bench.incomplete = ("/app: an ELF binary that belongs to no package",)
    result = bench.run()
    assert result.exit == Exit.UNDECIDED
    assert "CVE-2099-0001" in result.message
    assert "/app" in result.message


def test_the_seal_names_the_full_sbom_of_each_platform(bench: Bench) -> None:
    bench.run()
    blobs = StateFolder(bench.folder / bench.state).blobs
    state = known(StateFolder(bench.folder / bench.state), bench.release).state
    seal = blobs.read(parse_digest(state.statements["seal"].statement)).decode()
    assert all(record.spdx in seal for record in state.catalogues.values())
    assert str(bench.folder) not in seal


def test_the_journal_of_a_failed_release_is_readable_and_says_why(bench: Bench) -> None:
    bench.findings = (CRITICAL,)
    bench.run()
    events = read_journal(bench.folder / "state" / "releases" / bench.release / "journal.jsonl")
    closed = events[-1]
    assert closed.kind == "release.closed"
    assert closed.data["code"] == "scan.gate-failed"
    assert [event.data["state"] for event in events if event.data.get("step") == "gate"] == [
        "running",
        "done",
    ]


class CollectingTarget(LayoutTarget):
    """A registry that collects what no tag names, between two runs."""

    def collect_garbage(self) -> None:
        for blob in (Path(self.repository) / "blobs" / "sha256").iterdir():
            blob.unlink()
        (Path(self.repository) / "index.json").unlink()


def test_what_a_registry_collected_during_a_hold_is_uploaded_again(bench: Bench) -> None:
    collecting = CollectingTarget(bench.folder / "b")
    bench.targets = (BrokenTarget(bench.folder / "a", "put_tag", OUTAGE), collecting)
    assert bench.run().status == Status.PENDING
    collecting.collect_garbage()
    bench.targets = (LayoutTarget(bench.folder / "a"), CollectingTarget(bench.folder / "b"))
    assert bench.run().status == Status.DONE
    expect_public(bench)


def test_a_resume_takes_the_image_that_was_built_and_does_not_build_again(bench: Bench) -> None:
    bench.targets = (BrokenTarget(bench.folder / "a", "put_tag", OUTAGE), bench.targets[1])
    assert bench.run().status == Status.PENDING
    bench.targets = (LayoutTarget(bench.folder / "a"), bench.targets[1])
    built = bench.sample
    # A builder that is not reproducible would give another image now.
    bench.sample = build_layout(bench.folder / "again", config={"Env": ["AGAIN=1"]})
    bench.mode = Mode(resumed=True)
    assert bench.run().status == Status.DONE
    bench.sample = built
    expect_public(bench)


def test_a_resume_whose_image_is_gone_builds_it_again(bench: Bench) -> None:
    bench.targets = (BrokenTarget(bench.folder / "a", "put_tag", OUTAGE), bench.targets[1])
    bench.run()
    bench.targets = (LayoutTarget(bench.folder / "a"), bench.targets[1])
    bench.sample.layout.folder.rename(bench.folder / "moved")
    bench.sample = build_layout(bench.folder / "again", attestations=True)
    bench.mode = Mode(resumed=True)
    assert bench.run().status == Status.DONE
    expect_public(bench)
