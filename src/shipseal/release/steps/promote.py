"""Promote: let the public tags move, last of all (invariants 1 and 7).

Every target is read before the first tag moves, and read back after the last. A failure on one target puts tags that
existed back to their old digest and deletes new ones where the registry can do that; what cannot be undone is named,
and the release is partly promoted: a resume goes forward.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shipseal._internal.progress import Reporter
from shipseal.errors import Code, ImageError, ReleaseError, ShipsealError
from shipseal.oci import RawManifest, parse_digest
from shipseal.registry.interface import Target
from shipseal.release.ledger import Ledger
from shipseal.release.records import PromotionRecord, TagRecord
from shipseal.release.tags import Action, PlannedTag, TagDecision, decide, published_versions

Decisions = Mapping[str, Sequence[TagDecision]]


def writes_any(decisions: Decisions) -> bool:
    """Return whether any tag at any target is to be written."""
    return any(decision.writes for each in decisions.values() for decision in each)


class PartlyPromotedError(ReleaseError):
    """Some tags moved and could not be moved back.

    Attributes:
        cause: what stopped the promotion.
        stuck: ``target:tag`` of each tag that names the new image although the release is not done.
    """

    def __init__(self, cause: ShipsealError, stuck: Sequence[str]) -> None:
        super().__init__(
            cause.code,
            f"promotion stopped: {cause.message}; already moved and not to be undone: {', '.join(stuck)}",
            hint="shipseal release resume moves the rest forward",
            context={**cause.context, "stuck": ", ".join(stuck)},
            retryable=True,
        )
        self.cause = cause
        self.stuck = tuple(stuck)


@dataclass(frozen=True, slots=True)
class Promotion:
    """Moves the tags of one release.

    Attributes:
        root: what the tags will name.
        version: of the release.
        tags: in the order in which they are written.
        targets: all of them.
        ledger: is told of each tag.
        reporter: is told, too.
    """

    root: RawManifest
    version: str
    tags: tuple[PlannedTag, ...]
    targets: tuple[Target, ...]
    ledger: Ledger
    reporter: Reporter

    def plan(self) -> Decisions:
        """Read every target and decide about every tag, by target name.

        Raises:
            ImageError: ``image.tag-exists`` when an immutable tag names another digest anywhere.
            ShipsealError: a target could not be read.
        """
        published = self._published()
        decisions = {
            target.name: [self._decide(target, tag, published) for tag in self.tags]
            for target in self.targets
        }
        refused = [
            f"{name}:{one.tag.name} names {one.before}"
            for name, each in decisions.items()
            for one in each
            if one.action is Action.REFUSE
        ]
        if refused:
            raise ImageError(
                Code.TAG_EXISTS,
                f"immutable tags are public with another digest than {self.root.digest}: {'; '.join(refused)}",
                hint="release this image under a new version; a published version is never replaced",
                context={"expected": self.root.digest, "got": "; ".join(refused)},
            )
        return decisions

    def run(self, decisions: Decisions) -> None:
        """Move the tags as decided, target by target for each tag, ``latest`` last; undo all when one fails.

        Raises:
            PartlyPromotedError: it failed, and not everything could be undone.
            ShipsealError: it failed, and everything is as it was.
        """
        self._begin(decisions)
        moved: list[tuple[Target, TagDecision]] = []
        for number in range(len(self.tags)):
            for target in self.targets:
                decision = decisions[target.name][number]
                try:
                    self._move(target, decision)
                except ShipsealError as error:
                    self._undo_failed(target, decision)
                    self._undo(moved, error)
                if self._is_ours(target, decision):
                    moved.append((target, decision))
        self.check(decisions)

    def check(self, decisions: Decisions) -> None:
        """Read every tag back.

        Raises:
            ImageError: ``image.digest-mismatch`` when one does not name the release (a second runner, a person).
        """
        for target in self.targets:
            for decision in decisions[target.name]:
                if decision.action is Action.HOLD:
                    continue
                found = target.resolve(decision.tag.name)
                if found is None or found.digest != self.root.digest:
                    raise ImageError(
                        Code.DIGEST_MISMATCH,
                        f"{target.name}:{decision.tag.name}: expected {self.root.digest} after promotion, "
                        f"got {found.digest if found else 'no such tag'}",
                        hint="somebody else moved this tag at the same time: find out who, then resume the release",
                    )

    def _published(self) -> tuple[str, ...]:
        names = [name for target in self.targets for name in target.list_tags()]
        own = {self.version}
        return tuple(
            version
            for version in published_versions((tag.template for tag in self.tags), names)
            if version not in own
        )

    def _decide(self, target: Target, tag: PlannedTag, published: Iterable[str]) -> TagDecision:
        found = target.resolve(tag.name)
        return decide(
            tag,
            version=self.version,
            digest=self.root.digest,
            before=found.digest if found else None,
            published=published,
        )

    def _begin(self, decisions: Decisions) -> None:
        """Note what the tags named, once: a resume must not take its own half-done work for the old state."""
        if self.ledger.state.before is None:
            before: dict[str, dict[str, str | None]] = {
                name: {one.tag.name: one.before for one in each} for name, each in decisions.items()
            }
            self.ledger.record("promotion.began", PromotionRecord(before))

    def _move(self, target: Target, decision: TagDecision) -> None:
        tag, before = decision.tag.name, self._before(target, decision)
        if decision.action is Action.HOLD:
            held = TagRecord(target.name, tag, decision.before, decision.before, decision.reason)
            self.ledger.record("tag.held", held)
            self.reporter.note(f"{target.name}:{tag} stays: {decision.reason}")
            return
        if decision.writes:
            target.put_tag(tag, self.root)
        kind = "tag.moved" if decision.writes else "tag.kept"
        record = TagRecord(target.name, tag, self.root.digest, before, decision.reason)
        self.ledger.record(kind, record)
        if decision.writes:
            self.reporter.note(f"{target.name}:{tag} -> {self.root.digest}")

    def _before(self, target: Target, decision: TagDecision) -> str | None:
        known = (self.ledger.state.before or {}).get(target.name, {})
        return known.get(decision.tag.name, decision.before)

    def _is_ours(self, target: Target, decision: TagDecision) -> bool:
        """Return whether this release moved the tag, in this run or in one that was cut short."""
        return (
            decision.action is not Action.HOLD
            and self._before(target, decision) != self.root.digest
        )

    def _undo_failed(self, target: Target, decision: TagDecision) -> None:
        """Put back the tag whose move failed: an answer that was lost on its way may have moved it all the same."""
        if self._is_ours(target, decision) and (stuck := self._restore(target, decision)):
            self.reporter.note(f"{stuck}: could not be read or put back after its move failed")

    def _undo(self, moved: list[tuple[Target, TagDecision]], cause: ShipsealError) -> None:
        stuck = [
            place
            for target, decision in reversed(moved)
            if (place := self._restore(target, decision))
        ]
        if stuck:
            raise PartlyPromotedError(cause, stuck) from cause
        raise cause

    def _restore(self, target: Target, decision: TagDecision) -> str:
        """Put one tag back; return its place when that cannot be done."""
        tag, before = decision.tag.name, self._before(target, decision)
        try:
            found = target.resolve(tag)
            if found is None or found.digest != self.root.digest:
                return ""  # It never moved, or somebody else has moved it on: not ours to touch.
            if before is None:
                target.delete_tag(tag)
            else:
                target.put_tag(tag, target.read_manifest(parse_digest(before)))
        except ShipsealError as error:
            record = TagRecord(target.name, tag, self.root.digest, before, error.message)
            self.ledger.record("tag.stuck", record)
            return f"{target.name}:{tag}"
        self.ledger.record(
            "tag.restored", TagRecord(target.name, tag, before, before, "promotion failed")
        )
        return ""
