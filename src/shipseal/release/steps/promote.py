"""Promote: let the public tags move, last of all (invariants 1 and 7).

Every target is read before the first tag moves, and read back after the last. A failure on one target puts tags that
existed back to their old digest and deletes new ones where the registry can do that; what cannot be undone is named,
and the release is partly promoted: a resume goes forward.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from shipseal._internal.progress import Reporter
from shipseal.errors import Code, ImageError, RegistryError, ShipsealError
from shipseal.oci import Digest, RawManifest
from shipseal.registry.interface import Target
from shipseal.release.ledger import Ledger
from shipseal.release.records import PromotionRecord, TagRecord
from shipseal.release.steps.held import Departures, with_departures
from shipseal.release.steps.undo import MovedTag, PartlyPromotedError, Undo
from shipseal.release.tags import (
    Action,
    Move,
    PlannedTag,
    TagDecision,
    TagRule,
    decide,
    version_tags,
)

Decisions = Mapping[str, Sequence[TagDecision]]


def writes_any(decisions: Decisions) -> bool:
    """Return whether any tag at any target is to be written."""
    return any(decision.writes for each in decisions.values() for decision in each)


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
        what: what the tags are moved by, for messages.
    """

    root: RawManifest
    version: str
    tags: tuple[PlannedTag, ...]
    targets: tuple[Target, ...]
    ledger: Ledger
    reporter: Reporter
    what: str = "promotion"

    def plan(self) -> Decisions:
        """Read every target and decide about every tag, by target name.

        Raises:
            ImageError: ``image.tag-exists`` when an immutable tag names another digest anywhere.
            ShipsealError: a target could not be read, or its list of tags lacks one that is there.
        """
        listed = {target.name: target.list_tags() for target in self.targets}
        names = [name for each in listed.values() for name in each]
        rules = [TagRule(tag.template, tag.move) for tag in self.tags]
        versions = version_tags(rules, names)
        decisions = {target.name: self._decide_all(target, versions) for target in self.targets}
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
        for name, each in decisions.items():
            _check_list(name, listed[name], each)
        return decisions

    def run(self, decisions: Decisions) -> None:
        """Move the tags as decided, target by target for each tag, ``latest`` last; undo all when one fails.

        Raises:
            PartlyPromotedError: it failed, and not everything could be undone.
            ShipsealError: it failed, and everything is as it was.
        """
        self._begin(decisions)
        undo = Undo(self.root.digest, self.ledger, self.reporter, what=self.what)
        for number in range(len(self.tags)):
            for target in self.targets:
                decision = decisions[target.name][number]
                ours = self._is_ours(target, decision)
                try:
                    self._move(target, decision)
                except ShipsealError as error:
                    # An answer that was lost on its way may have moved the tag all the same.
                    failed = self._moved(target, decision) if ours else None
                    undo.all(error, failed=failed, public=self._kept(decisions))
                if ours:
                    undo.remember(self._moved(target, decision))
        self.check(decisions)

    def check(self, decisions: Decisions) -> None:
        """Read every tag back.

        Raises:
            PartlyPromotedError: one does not name the release (a second runner, a person); all others do.
        """
        right, wrong = [], []
        for target in self.targets:
            for decision in decisions[target.name]:
                if decision.action is Action.HOLD:
                    continue
                place = f"{target.name}:{decision.tag.name}"
                found = target.resolve(decision.tag.name)
                if found is not None and found.digest == self.root.digest:
                    right.append(place)
                else:
                    wrong.append(f"{place} names {found.digest if found else 'nothing'}")
        if wrong:
            raise PartlyPromotedError(self._moved_meanwhile(wrong, self.root.digest), right)

    def _decide_all(self, target: Target, versions: Mapping[str, str]) -> list[TagDecision]:
        """Decide about every tag at one target, by its version first and then by what was rolled back there."""
        published = [version for version in versions if version != self.version]
        departures = Departures(target, versions)
        plain = [self._decide(target, tag, published) for tag in self.tags]
        own = [one.action is Action.KEEP for one in plain if one.tag.immutable]
        return [
            with_departures(
                one,
                version=self.version,
                digest=self.root.digest,
                public_already=any(own) or not own,
                departures=departures,
                published=published,
                redecide=partial(self._decide_from, one.tag, one.before),
            )
            for one in plain
        ]

    def _decide(self, target: Target, tag: PlannedTag, published: Iterable[str]) -> TagDecision:
        found = target.resolve(tag.name)
        return self._decide_from(tag, found.digest if found else None, published)

    def _decide_from(
        self, tag: PlannedTag, before: Digest | None, published: Iterable[str]
    ) -> TagDecision:
        return decide(
            tag,
            version=self.version,
            digest=self.root.digest,
            before=before,
            published=published,
        )

    def _begin(self, decisions: Decisions) -> None:
        """Note what the tags name before they move.

        A tag that names the release already was moved by a run that was cut short: what it named then stands in the
        journal, and must not be taken for the old state. Every other tag has its old state now, whatever an earlier try
        of this release noted.
        """
        known = self.ledger.state.before or {}
        before = {
            name: {one.tag.name: self._old(one, known.get(name, {})) for one in each}
            for name, each in decisions.items()
        }
        if before != known:
            self.ledger.record("promotion.began", PromotionRecord(before))

    def _old(self, decision: TagDecision, known: Mapping[str, str | None]) -> str | None:
        if decision.before != self.root.digest:
            return decision.before
        return known.get(decision.tag.name, decision.before)

    def _move(self, target: Target, decision: TagDecision) -> None:
        tag, before = decision.tag.name, self._before(target, decision)
        if decision.action is Action.HOLD:
            held = TagRecord(target.name, tag, decision.before, decision.before, decision.reason)
            self.ledger.record("tag.held", held)
            self.reporter.note(f"{target.name}:{tag} stays: {decision.reason}")
            return
        if decision.writes:
            self._check_unmoved(target, decision)
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

    def _kept(self, decisions: Decisions) -> Sequence[str]:
        """Return the tags that named the release already, and of which nobody can say what they named before.

        A runner whose journal is lost moved them, or they are right since an earlier release of this image. What an
        unsigned record at the targets says of them is not believed: it would let whoever writes there choose what
        this job moves tags to.
        """
        return [
            f"{target.name}:{decision.tag.name}"
            for target in self.targets
            for decision in decisions[target.name]
            if decision.action is Action.KEEP and not self._is_ours(target, decision)
        ]

    def _moved(self, target: Target, decision: TagDecision) -> MovedTag:
        return MovedTag(target, decision.tag.name, self._before(target, decision))

    def _check_unmoved(self, target: Target, decision: TagDecision) -> None:
        """Look at the tag once more right before it moves: a local lock does not bind another runner."""
        found = target.resolve(decision.tag.name)
        now = found.digest if found else None
        if now not in (decision.before, self.root.digest):
            named = f"{target.name}:{decision.tag.name} names {now or 'nothing'}"
            raise self._moved_meanwhile([named], decision.before or "no such tag")

    def _moved_meanwhile(self, wrong: Sequence[str], expected: str) -> ImageError:
        return ImageError(
            Code.DIGEST_MISMATCH,
            f"tags were moved by somebody else during the {self.what}: expected {expected}, got {'; '.join(wrong)}",
            hint="find out who else releases to these targets, then resume the release",
            context={"expected": expected, "got": "; ".join(wrong)},
        )


def _check_list(target: str, listed: Iterable[str], decisions: Iterable[TagDecision]) -> None:
    """Refuse to move a tag up its line by a list in which it does not stand: higher versions may lack there, too."""
    moving = {
        one.tag.name
        for one in decisions
        if one.action is Action.MOVE and one.tag.move is Move.HIGHER
    }
    if lacking := sorted(moving.difference(listed)):
        raise RegistryError(
            Code.SERVICE_OUTAGE,
            f"{target}: its list of tags lacks {', '.join(lacking)}, which can be read: "
            "so it does not say which versions are public",
            hint="run the same command again; if it stays so, the registry's list of tags is incomplete",
            context={"target": target},
            retryable=True,
        )
