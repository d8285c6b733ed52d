"""Promotion: all or nothing over several targets, and what is said when nothing is not possible."""

from pathlib import Path

import pytest

from shipseal._internal.progress import SilentReporter
from shipseal.errors import Code, ImageError, RegistryError
from shipseal.oci import Descriptor, Digest, RawManifest
from shipseal.oci.closure import closure_of
from shipseal.registry.interface import TagDeletionUnsupportedError
from shipseal.registry.layout_target import LayoutTarget
from shipseal.release.cancel import Cancel
from shipseal.release.journal import Journal, read_journal
from shipseal.release.ledger import Ledger
from shipseal.release.steps.promote import Promotion
from shipseal.release.steps.stage import Stager, is_staged
from shipseal.release.steps.undo import PartlyPromotedError
from shipseal.release.tags import TagRule, plan_tags
from shipseal.testing.images import SampleImage, build_layout
from tests.support.clocks import StoppedClock


class FragileTarget(LayoutTarget):
    """A real layout, of which some operations fail as a registry's would."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.refuse_tags: set[str] = set()
        self.lose_answer_of: set[str] = set()
        self.can_delete = True
        self.writes: list[str] = []

    def put_tag(self, tag: str, manifest: RawManifest) -> None:
        if tag in self.refuse_tags:
            raise RegistryError(Code.REGISTRY_DENIED, f"{self.name}:{tag}: denied")
        super().put_tag(tag, manifest)
        self.writes.append(f"{tag}={manifest.digest[:15]}")
        if tag in self.lose_answer_of:
            raise RegistryError(
                Code.SERVICE_OUTAGE, f"{self.name}:{tag}: no answer", retryable=True
            )

    def delete_tag(self, tag: str) -> None:
        if not self.can_delete:
            raise TagDeletionUnsupportedError(self.name, tag, "405 UNSUPPORTED")
        super().delete_tag(tag)


class Bench:
    """Two targets with one staged image, and an older one behind ``latest``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.new = build_layout(folder / "new", config={"Env": ["V=2"]})
        self.old = build_layout(folder / "old", config={"Env": ["V=1"]})
        self.targets = (FragileTarget(folder / "a"), FragileTarget(folder / "b"))
        for target in self.targets:
            stage(self.new, target)
        self.journal = folder / "journal.jsonl"

    def promotion(self, version: str = "2.0.0", *templates: str) -> Promotion:
        rules = [TagRule(template) for template in templates or ("{version}", "latest")]
        ledger = Ledger(Journal(self.journal, StoppedClock()))
        tags = plan_tags(rules, version)
        return Promotion(self.new.root, version, tags, self.targets, ledger, SilentReporter())

    def publish_old(self) -> None:
        for target in self.targets:
            stage(self.old, target)
            target.put_tag("1.0.0", self.old.root)
            target.put_tag("latest", self.old.root)
            target.writes.clear()

    def names(self, tag: str) -> list[Digest | None]:
        found: list[Descriptor | None] = [target.resolve(tag) for target in self.targets]
        return [one.digest if one else None for one in found]


def stage(sample: SampleImage, target: LayoutTarget) -> None:
    parts = closure_of(sample.layout, sample.root, what="sample")
    Stager(sample.layout, parts, 2, SilentReporter(), Cancel()).stage(target, [target])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_staging_makes_every_byte_reachable_by_digest_and_by_no_tag(bench: Bench) -> None:
    for target in bench.targets:
        assert target.list_tags() == ()
        assert is_staged(target, closure_of(bench.new.layout, bench.new.root, what="sample"))
        assert target.read_manifest(bench.new.digest).raw == bench.new.root.raw


def test_all_tags_name_one_digest_at_every_target_and_latest_moves_last(bench: Bench) -> None:
    promotion = bench.promotion()
    promotion.run(promotion.plan())
    assert bench.names("2.0.0") == bench.names("latest") == [bench.new.digest] * 2
    assert [write.partition("=")[0] for write in bench.targets[0].writes] == ["2.0.0", "latest"]


def test_a_public_version_with_another_digest_stops_before_any_tag_moves(bench: Bench) -> None:
    stage(bench.old, bench.targets[1])
    bench.targets[1].put_tag("2.0.0", bench.old.root)
    with pytest.raises(
        ImageError, match=rf"{bench.targets[1].name}:2\.0\.0 names sha256:"
    ) as caught:
        bench.promotion().plan()
    assert caught.value.code is Code.TAG_EXISTS
    assert bench.names("latest") == [None, None]


def test_a_failure_on_the_second_target_restores_old_tags_and_deletes_new_ones(
    bench: Bench,
) -> None:
    bench.publish_old()
    bench.targets[1].refuse_tags.add("latest")
    promotion = bench.promotion()
    with pytest.raises(RegistryError, match="denied") as caught:
        promotion.run(promotion.plan())
    assert not isinstance(caught.value, PartlyPromotedError)
    assert bench.names("2.0.0") == [None, None]
    assert bench.names("latest") == [bench.old.digest] * 2


def test_new_tags_that_cannot_be_deleted_are_named_per_target_and_resume_goes_forward(
    bench: Bench,
) -> None:
    bench.publish_old()
    for target in bench.targets:
        target.can_delete = False
    bench.targets[1].refuse_tags.add("latest")
    promotion = bench.promotion()
    with pytest.raises(PartlyPromotedError) as caught:
        promotion.run(promotion.plan())
    assert set(caught.value.stuck) == {f"{target.name}:2.0.0" for target in bench.targets}
    assert bench.names("latest") == [bench.old.digest] * 2
    bench.targets[1].refuse_tags.clear()
    again = bench.promotion()
    again.run(again.plan())
    assert bench.names("2.0.0") == bench.names("latest") == [bench.new.digest] * 2


def test_a_move_whose_answer_was_lost_is_undone_too(bench: Bench) -> None:
    bench.publish_old()
    bench.targets[0].lose_answer_of.add("latest")
    promotion = bench.promotion()
    with pytest.raises(RegistryError, match="no answer"):
        promotion.run(promotion.plan())
    assert bench.names("latest") == [bench.old.digest] * 2


def test_a_crash_in_the_middle_is_undone_from_what_was_noted_before(bench: Bench) -> None:
    """The first run dies after moving one tag; the second fails: the old state comes back, not the half-done one."""
    bench.publish_old()
    first = bench.promotion()
    first.run(first.plan())
    bench.targets[1].put_tag("latest", bench.old.root)
    bench.targets[1].refuse_tags.add("latest")
    again = bench.promotion()
    with pytest.raises(RegistryError, match="denied"):
        again.run(again.plan())
    assert bench.names("latest") == [bench.old.digest] * 2
    assert bench.names("2.0.0") == [None, None]


def test_a_tag_that_somebody_else_moved_on_is_not_ours_to_restore(bench: Bench) -> None:
    bench.publish_old()
    third = build_layout(bench.folder / "third", config={"Env": ["V=3"]})
    stage(third, bench.targets[0])
    promotion = bench.promotion("2.0.0", "latest")
    plan = promotion.plan()
    original = bench.targets[1].put_tag

    def stranger(tag: str, manifest: RawManifest) -> None:
        bench.targets[0].put_tag("latest", third.root)
        raise RegistryError(Code.REGISTRY_DENIED, "denied")

    bench.targets[1].put_tag = stranger  # type: ignore[method-assign]
    with pytest.raises(RegistryError, match="denied"):
        promotion.run(plan)
    bench.targets[1].put_tag = original  # type: ignore[method-assign]
    assert bench.names("latest") == [third.digest, bench.old.digest]


def test_a_second_runner_that_moves_the_tag_afterwards_is_noticed(bench: Bench) -> None:
    stage(bench.old, bench.targets[0])
    promotion = bench.promotion()
    plan = promotion.plan()
    promotion.run(plan)
    bench.targets[0].put_tag("latest", bench.old.root)
    with pytest.raises(
        PartlyPromotedError, match=r"moved by somebody else.*:latest names sha256:"
    ) as caught:
        promotion.check(plan)
    assert caught.value.code is Code.DIGEST_MISMATCH
    assert len(caught.value.stuck) == 3


def test_a_tag_that_moves_between_plan_and_move_is_not_overwritten(bench: Bench) -> None:
    bench.publish_old()
    promotion = bench.promotion("2.0.0", "latest")
    plan = promotion.plan()
    third = build_layout(bench.folder / "third", config={"Env": ["V=3"]})
    stage(third, bench.targets[1])
    bench.targets[1].put_tag("latest", third.root)
    with pytest.raises(ImageError, match="moved by somebody else"):
        promotion.run(plan)
    assert bench.names("latest") == [bench.old.digest, third.digest]


def test_a_second_try_restores_what_was_public_then_and_not_what_an_earlier_try_saw(
    bench: Bench,
) -> None:
    """2.0.0 fails and is undone, 1.5.0 is published, 2.0.0 fails again: ``latest`` is 1.5.0's."""
    bench.publish_old()
    bench.targets[1].refuse_tags.add("latest")
    first = bench.promotion()
    with pytest.raises(RegistryError):
        first.run(first.plan())
    bench.targets[1].refuse_tags.clear()
    between = build_layout(bench.folder / "between", config={"Env": ["V=1.5"]})
    for target in bench.targets:
        stage(between, target)
        target.put_tag("latest", between.root)
    bench.targets[1].refuse_tags.add("latest")
    again = bench.promotion()
    with pytest.raises(RegistryError):
        again.run(again.plan())
    assert bench.names("latest") == [between.digest] * 2


def test_a_lost_answer_at_a_target_that_cannot_delete_leaves_a_named_public_tag(
    bench: Bench,
) -> None:
    bench.targets[0].lose_answer_of.add("2.0.0")
    bench.targets[0].can_delete = False
    promotion = bench.promotion()
    with pytest.raises(PartlyPromotedError) as caught:
        promotion.run(promotion.plan())
    assert caught.value.stuck == (f"{bench.targets[0].name}:2.0.0",)


def test_the_journal_says_what_every_tag_named_before(bench: Bench) -> None:
    bench.publish_old()
    promotion = bench.promotion()
    promotion.run(promotion.plan())
    moved = [event.data for event in read_journal(bench.journal) if event.kind == "tag.moved"]
    assert {(item["tag"], item["before"]) for item in moved} == {
        ("2.0.0", None),
        ("latest", bench.old.digest),
    }


def test_a_held_tag_stays_and_the_reason_is_recorded(bench: Bench) -> None:
    for target in bench.targets:
        stage(bench.old, target)
        target.put_tag("3.0.0", bench.old.root)
        target.put_tag("latest", bench.old.root)
    promotion = bench.promotion("2.9.1")
    promotion.run(promotion.plan())
    assert bench.names("latest") == [bench.old.digest] * 2
    assert bench.names("2.9.1") == [bench.new.digest] * 2
    held = [
        event.data["reason"] for event in read_journal(bench.journal) if event.kind == "tag.held"
    ]
    assert held == ["3.0.0 is public and higher"] * 2
